"""What a deployment's monitoring watches: figures out of the database, as Prometheus reads them. No reader is in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from newsletter import __version__
from newsletter.config.settings import Settings
from newsletter.model import DeliveryState, EventKind, SourceMemory, SourceState, SubscriberState
from newsletter.storage import RunRecord, Storage
from newsletter.subscriptions import count_readers
from newsletter.text.exposition import Gauge, Sample, write_exposition

OUTCOMES = ("due", "sent", "uncertain", "retrying", "failed", "suppressed", "already_sent", "held")
"""Of a run's account."""
PAUSED_LOOKED_AT = 100


def collect_metrics(settings: Settings, storage: Storage) -> str:
    """The page for Prometheus, or for the textfile collector of its node exporter."""
    return write_exposition(gauges(settings, storage))


def gauges(settings: Settings, storage: Storage) -> list[Gauge]:
    """The same figures as they are."""
    return [*_of_us(storage), *_of_sources(settings, storage), *_of_mail(settings, storage)]


def _of_us(storage: Storage) -> Iterator[Gauge]:
    version = {"version": __version__, "schema": storage.version}
    yield Gauge("newsletter_build_info", "The version at work, and that of its schema.", [(version, 1)])
    yield from _of_run(storage.runs.last())


def _of_run(run: RunRecord | None) -> Iterator[Gauge]:
    said = run.report if run else {}
    finished = _instant(run.finished_at) if run else None
    yield Gauge("newsletter_last_run_timestamp_seconds", "When the last run ended.", [({}, finished)])
    yield Gauge("newsletter_last_run_duration_seconds", "How long it took.", [({}, said.get("seconds"))])
    yield Gauge("newsletter_last_run_exit_code", "Its exit code; 0 is well.", [({}, said.get("exit_code"))])
    outcomes: list[Sample] = [({"outcome": outcome}, said.get(outcome)) for outcome in OUTCOMES]
    yield Gauge("newsletter_last_run_deliveries", "Readers due in it, and what became of their digests.", outcomes)


def _of_sources(settings: Settings, storage: Storage) -> Iterator[Gauge]:
    memories = storage.sources.memories()
    known = [
        ({"source": source.name, "kind": source.kind}, memories.get(source.name, SourceMemory()))
        for source in settings.sources
        if not source.disabled
    ]
    yield Gauge(
        "newsletter_source_state",
        "1 for the state that a source is in.",
        [({**labels, "state": state}, memory.state is state) for labels, memory in known for state in SourceState],
    )
    failures: list[Sample] = [(labels, memory.failures) for labels, memory in known]
    yield Gauge("newsletter_source_failures_in_a_row", "Failed fetches since the last good one.", failures)
    succeeded: list[Sample] = [(labels, _instant(memory.succeeded_at)) for labels, memory in known]
    yield Gauge("newsletter_source_last_success_timestamp_seconds", "When it was last read.", succeeded)
    new: list[Sample] = [(labels, _instant(memory.new_at)) for labels, memory in known]
    yield Gauge("newsletter_source_last_new_timestamp_seconds", "When it last listed something new.", new)


def _of_mail(settings: Settings, storage: Storage) -> Iterator[Gauge]:
    ledger, people = storage.deliveries.counts(), count_readers(settings, storage)
    paused = sum(edition.paused for edition in storage.editions.list(PAUSED_LOOKED_AT))
    deliveries: list[Sample] = [({"state": state}, ledger.get(state, 0)) for state in DeliveryState]
    yield Gauge("newsletter_deliveries", "Rows of the ledger by state; uncertain ones wait for a decision.", deliveries)
    subscribers: list[Sample] = [({"state": state}, people[state]) for state in SubscriberState]
    yield Gauge("newsletter_subscribers", "Readers by state.", subscribers)
    yield Gauge(
        "newsletter_suppressed_addresses", "Addresses that are never mailed.", [({}, storage.suppressions.count())]
    )
    told = storage.events.counts()
    events: list[Sample] = [({"kind": kind}, told.get(kind, 0)) for kind in EventKind]
    yield Gauge("newsletter_events", "What was told of deliveries within the last year.", events)
    yield Gauge("newsletter_paused_editions", "Editions whose mail is held back.", [({}, paused)])


def _instant(at: datetime | None) -> float | None:
    return at.timestamp() if at else None
