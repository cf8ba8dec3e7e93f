"""What needs somebody, what was sent lately, how the sources are, and what runs did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import Response

from newsletter.model import DeliveryState, SourceMemory, SourceState, SubscriberState
from newsletter.pipeline.guarding import STALE
from newsletter.pipeline.restraint import restraint_document, restraints
from newsletter.storage.tallies import Tally
from newsletter.web.desk.entrance import guarded
from newsletter.web.desk.plots import plot
from newsletter.web.desk.showing import PAGE, show, today
from newsletter.web.door import Door

SPAN = timedelta(days=29)
WAITING = "waiting"
"""The state of who has confirmed the address, where the operator says yes to each one."""
FRESH = timedelta(days=1)
"""What failed before yesterday is history."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a decision; the words are ``desk_need``."""

    name: str
    count: int
    path: str
    """Where it is decided, below the desk."""


@guarded
def home(door: Door, request: Request) -> Response:
    """The first page."""
    day = today(door).date()
    tallies = door.storage.tallies.by_day(day - SPAN)
    people = door.storage.subscribers.counts()
    return show(
        door,
        request,
        "overview",
        needs=list(_needs(door, people, tallies, day)),
        restraints=list(_restraints(door)),
        plot=plot(tallies, since=day - SPAN, until=day),
        people={state.value: people[state] for state in SubscriberState if people.get(state)},
        suppressed=door.storage.suppressions.count(),
        run=door.storage.runs.last(),
    )


@guarded
def sources(door: Door, request: Request) -> Response:
    """Each source's health."""
    memories = door.storage.sources.memories()
    rows = [(source, memories.get(source.name, SourceMemory())) for source in door.settings.sources]
    return show(door, request, "sources", rows=rows)


@guarded
def runs(door: Door, request: Request) -> Response:
    """What the last runs did."""
    return show(door, request, "runs", rows=door.storage.runs.list(PAGE))


def _needs(
    door: Door, people: Mapping[SubscriberState, int], tallies: Mapping[date, Tally], day: date
) -> Iterator[Need]:
    memories = door.storage.sources.memories()
    states = [memories.get(one.name, SourceMemory()).state for one in door.settings.sources if not one.disabled]
    lately = [tally for when, tally in tallies.items() if when >= day - FRESH]
    found = (
        Need("approve", sum(count for state, count in people.items() if state == WAITING), "readers?state=waiting"),
        Need("uncertain", door.storage.deliveries.counts().get(DeliveryState.UNCERTAIN, 0), "ledger?state=uncertain"),
        Need("failed", sum(tally.get(DeliveryState.FAILED, 0) for tally in lately), "ledger?state=failed"),
        Need("held", sum(one.count for one in door.storage.waiting.held()), "editions"),
        Need("sources", states.count(SourceState.FAILED), "sources"),
    )
    yield from (need for need in found if need.count)


def _restraints(door: Door) -> Iterator[str]:
    """What holds mail back, as `newsletter status` says it."""
    if door.storage.snapshot_is_stale():
        yield STALE
    yield from restraints(restraint_document(door.settings, door.storage))
