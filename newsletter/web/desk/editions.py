"""Editions: what became of their mail, and holding it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from newsletter.model import DeliveryState
from newsletter.storage.editions import EditionHeader
from newsletter.storage.tallies import Tally
from newsletter.web.desk.entrance import guarded
from newsletter.web.desk.plots import GROUPS
from newsletter.web.desk.showing import done, note, show
from newsletter.web.door import Door
from newsletter.web.forms import Form

LISTED = 30
WAITING = (DeliveryState.READY, DeliveryState.RETRY, DeliveryState.LEASED)


@guarded
def show_all(door: Door, request: Request) -> Response:
    """The latest ones."""
    found = door.storage.editions.list(LISTED)
    tallies = _tallies(door, found)
    rows = [(one, _groups(tallies.get(one.id, {}))) for one in found]
    brakes = {brake.edition: brake.reason for brake in door.storage.brakes.list(LISTED, in_force=True)}
    return show(door, request, "editions", rows=rows, brakes=brakes)


@guarded
def show_one(door: Door, request: Request) -> Response:
    """One of them, with what can be done about its mail."""
    edition = next((one for one in door.storage.editions.list(LISTED) if one.id == _id(request)), None)
    if edition is None:
        return door.lost(request)
    tally = _tallies(door, [edition]).get(edition.id, {})
    brakes = [brake for brake in door.storage.brakes.list(LISTED) if brake.edition == edition.id]
    waiting = sum(tally.get(state, 0) for state in WAITING)
    return show(door, request, "edition", edition=edition, tally=tally, brakes=brakes, waiting=waiting)


@guarded
def pause(door: Door, request: Request, _form: Form) -> Response:
    """Holds its mail back."""
    if not door.storage.editions.pause(_id(request)):
        return door.lost(request)
    note("edition %s paused", _id(request))
    return done(door, f"editions/{_id(request)}", "paused")


@guarded
def resume(door: Door, request: Request, _form: Form) -> Response:
    """Lets its mail go on."""
    if not door.storage.editions.resume(_id(request)):
        return door.lost(request)
    note("edition %s resumed", _id(request))
    return done(door, f"editions/{_id(request)}", "resumed")


@guarded
def cancel(door: Door, request: Request, _form: Form) -> Response:
    """Gives up what was not handed over of it."""
    if not door.storage.editions.has(_id(request)):
        return door.lost(request)
    stopped = door.storage.deliveries.cancel(_id(request))
    note("edition %s cancelled, %d deliveries", _id(request), stopped)
    return done(door, f"editions/{_id(request)}", "cancelled")


def _id(request: Request) -> str:
    return str(request.path_params["edition"])


def _tallies(door: Door, found: Sequence[EditionHeader]) -> dict[str, Tally]:
    since = min((one.made_at for one in found), default=datetime.now(UTC))
    return door.storage.tallies.by_edition([one.id for one in found], since=since)


def _groups(tally: Tally) -> dict[str, int]:
    return {group: sum(tally.get(state, 0) for state in states) for group, states in GROUPS.items()}
