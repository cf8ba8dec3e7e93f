"""The steps of a run in their order, from what was left to what is sent."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event

from newsletter.config.settings import Settings
from newsletter.errors import InboxError, NothingToRead, Stopped
from newsletter.model import DeliveryState, Digest, Edition, Subscriber
from newsletter.outbox import Planned, plan_digests, plan_suppressed, send_ready, take_up_doubts
from newsletter.pipeline.digests import compose_digests
from newsletter.pipeline.due import DueReader, find_due
from newsletter.pipeline.editions import keep_edition, pool_of, snapshot
from newsletter.pipeline.fetching import OnFetched, fetch
from newsletter.pipeline.helping import Crew
from newsletter.pipeline.holding import find_hold, part, tell
from newsletter.pipeline.incoming import read_inbox
from newsletter.pipeline.messages import LedgerMessages, Letterhead
from newsletter.pipeline.providers import make_provider, make_sending, place_of
from newsletter.pipeline.report import Counts, RunReport, nothing_to_read
from newsletter.pipeline.sentences import SentenceMaker
from newsletter.pipeline.waiting import tell_waiting
from newsletter.pipeline.warnings import warnings_for
from newsletter.storage import RunLock, Storage
from newsletter.subscriptions import is_address, readers
from newsletter.text.numbers import counted

CREW_SECONDS = 0.5
"""How often a run that has nothing more to send looks whether the workers are done."""
LOST_LOCK = "the lock of the run was lost with its connection to the database; the next run resumes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What a person looking on is told while a run goes on."""

    fetched: OnFetched | None = None
    planned: Callable[[int], None] | None = None
    """How many deliveries are to be handed over."""
    delivered: Callable[[DeliveryState], None] | None = None


NOBODY_WATCHES = Watch()


class Steps:
    """One run's steps, and what they have come to so far."""

    def __init__(
        self,
        settings: Settings,
        storage: Storage,
        letterhead: Letterhead,
        sentences: SentenceMaker,
        lock: RunLock,
        *,
        crew: Crew,
        now: datetime,
        watch: Watch,
        stop: Event,
        dry_run: bool,
    ) -> None:
        self.settings, self.storage, self.letterhead, self.sentences = settings, storage, letterhead, sentences
        self.lock, self.crew = lock, crew
        self.now, self.watch, self.stop, self.dry_run = now, watch, stop, dry_run
        self.report = RunReport(run_id=_run_id(now), date=now.astimezone(settings.timezone).date(), dry_run=dry_run)
        self.nothing_read: NothingToRead | None = None
        self.lost: frozenset[str] = frozenset()
        """Readers whose message became uncertain because its sender died."""

    def go(self, *, everyone: bool, only: str | None) -> None:
        """The steps in their order."""
        if not self.dry_run:
            self.settle_dead()
            self.hear()
        self.fetch()
        self.require_leave()
        wanted = self.find_readers(only)
        due = self.find_due(wanted, everyone=everyone)
        waiting = self.leave_out(self.set_aside(due))
        if not everyone:
            waiting = self.hold(waiting)
        self.require_something(waiting)
        if self.dry_run:
            self.add(Counts(due=sum(1 for _ in self.plans(waiting, self.make_edition(waiting))) if waiting else 0))
        else:
            self.plan(waiting)
            self.require_leave()
            self.send(None if only is None else frozenset(reader.id for reader in wanted))

    def settle_dead(self) -> None:
        """Whoever holds the lock knows that no sender lives: what one had is settled, and what is too late fails.

        Workers need no lock: while there are any, what is leased is theirs until the lease is over.
        """
        settled = self.storage.deliveries.settle_dead(at=datetime.now(UTC), expired_only=self.crew.is_at_work())
        again = take_up_doubts(
            self.storage,
            place_of(self.settings.provider),
            owner=self.report.run_id,
            idempotency_seconds=make_provider(self.settings).idempotency_seconds,
            now=self.now,
        )
        expired = self.storage.deliveries.expire(now=self.now)
        self.lost = frozenset(settled.uncertain) - again
        self.add(Counts.of(uncertain=len(self.lost), failed=expired))

    def hear(self) -> None:
        """Reads what came back since the last run; a folder that cannot be read is a warning."""
        try:
            read_inbox(self.settings, self.storage, now=self.now)
        except InboxError as error:
            self.warn(f"bounces: {error}")
        self.storage.events.settle_waiting()

    def fetch(self) -> None:
        """Asks the sources."""
        fetched = fetch(self.settings, self.storage, now=self.now, on_fetched=self.watch.fetched, politely=True)
        candidates = len(self.storage.entries.first_seen_since(self.now - self.settings.window))
        self.report = replace(self.report, sources=fetched.sources, candidates=candidates)
        self.nothing_read = nothing_to_read(fetched) if fetched.all_failed else None

    def require_leave(self) -> None:
        """Stops between two steps where we were told to, or where the lock is gone and another run may have begun."""
        if self.stop.is_set():
            raise Stopped("told to stop before anything was sent; the next run resumes")
        if not self.lock.is_held():
            raise Stopped(LOST_LOCK)

    def require_something(self, waiting: Sequence[DueReader]) -> None:
        """With nothing read, nothing within anyone's reach and nothing left to hand over, there is nothing to do."""
        if self.nothing_read is None or self.report.candidates or self.storage.deliveries.count_waiting(now=self.now):
            return
        if self.storage.deliveries.is_anything_ready(at=datetime.now(UTC), letters_only=True):
            return
        if not any(self.storage.entries.first_seen_since(reader.reach_from) for reader in waiting):
            raise self.nothing_read

    def find_readers(self, only: str | None) -> list[Subscriber]:
        """Everyone, or the one that was asked for; readers of subscribers.yaml get their ids here."""
        if not self.dry_run:
            self.storage.subscribers.sync_file(self.settings.readers, now=self.now)
        everybody = readers(self.settings, self.storage)
        return [reader for reader in everybody if only is None or is_address(reader.email, only)]

    def find_due(self, wanted: Sequence[Subscriber], *, everyone: bool) -> list[DueReader]:
        """The readers whose slot is open, and a word on those whose slot no run can reach."""
        self.warn(*warnings_for(self.settings, self.storage, wanted, now=self.now))
        return find_due(wanted, now=self.now, window=self.settings.window, everyone=everyone)

    def set_aside(self, due: Sequence[DueReader]) -> list[DueReader]:
        """Those without a delivery for their date; the others had theirs, or it waits in the ledger."""
        states = self.storage.deliveries.states({reader.subscriber.id: reader.slot.local_date for reader in due})
        had = {DeliveryState.SENT, DeliveryState.UNCERTAIN}
        already = sum(1 for reader, state in states.items() if state in had and reader not in self.lost)
        self.add(Counts.of(already_sent=already))
        return [reader for reader in due if reader.subscriber.id not in states]

    def leave_out(self, due: Sequence[DueReader]) -> list[DueReader]:
        """Those who may be mailed; that the others were not is written down once a date."""
        suppressed = self.storage.suppressions.readers()
        barred = [reader for reader in due if reader.subscriber.id in suppressed]
        if barred and not self.dry_run:
            empty = [
                Planned(
                    subscriber=reader.subscriber,
                    digest=Digest(edition="", local_date=reader.slot.local_date),
                    valid_until=reader.slot.closes_at,
                )
                for reader in barred
            ]
            plan_suppressed(self.storage, empty, sender=self.settings.sender, now=self.now)
            self.add(Counts.of(suppressed=len(barred)))
        return [reader for reader in due if reader.subscriber.id not in suppressed]

    def hold(self, waiting: Sequence[DueReader]) -> list[DueReader]:
        """Those who do not have to wait for a source that is expected; the others stay due for a later run."""
        hold = find_hold(self.settings, self.storage.sources.memories(), now=self.now)
        now, later = part(waiting, hold)
        if hold and later:
            self.report = replace(self.report, held=len(later))
            self.warn(tell(hold, later, self.settings))
        return now

    def make_edition(self, waiting: Sequence[DueReader]) -> Edition:
        """What these readers' digests are drawn from, not stored."""
        reach_from = min(reader.reach_from for reader in waiting)
        edition = snapshot(self.storage, now=self.now, reach_from=reach_from, sources=self.report.sources)
        self.report = replace(self.report, candidates=len(edition.entries))
        return edition

    def plans(self, waiting: Sequence[DueReader], edition: Edition) -> Iterator[Planned]:
        """A digest for each reader who has any papers to get, or wants word when there are none."""
        digests = compose_digests(
            self.settings,
            self.storage,
            edition=edition,
            pool=pool_of(self.storage, edition, self.sentences),
            sentences=self.sentences,
            due=waiting,
        )
        for reader, digest in digests:
            if digest.items or reader.subscriber.when_empty == "send":
                yield Planned(subscriber=reader.subscriber, digest=digest, valid_until=reader.slot.closes_at)

    def plan(self, waiting: Sequence[DueReader]) -> None:
        """Freezes the edition and every digest of it before the first message is sent."""
        if not waiting:
            return
        snapshot_now = self.make_edition(waiting)
        if not snapshot_now.entries and not any(reader.subscriber.when_empty == "send" for reader in waiting):
            return
        edition = keep_edition(self.storage, snapshot_now)
        plan_digests(self.storage, self.plans(waiting, edition), sender=self.settings.sender, now=self.now)
        self.report = replace(self.report, edition=edition.id)

    def send(self, only: frozenset[str] | None) -> None:
        """Hands over what is ready, of this run and of one that broke off."""
        ledger = self.storage.deliveries
        if self.watch.planned:
            self.watch.planned(ledger.count_waiting(now=self.now, only=only))
        render = LedgerMessages(self.storage, self.letterhead).render
        sending = make_sending(
            self.settings, self.report.run_id, render=render, now=self.now, stop=self.stop, lock=self.lock, only=only
        )
        shared = self.share_out() if only is None else None
        tally = send_ready(self.storage, sending, self.watch.delivered)
        states = tally.states if shared is None else self.await_crew(shared)
        self.storage.events.settle_waiting()
        self.warn(*tally.notes)
        self.add(Counts.of(**{_COUNTS[state]: count for state, count in states.items() if state in _COUNTS}))
        in_hand = 0 if shared is None else states[DeliveryState.LEASED] + states[DeliveryState.HANDED]
        self.add(Counts.of(retrying=in_hand + ledger.count_waiting(now=self.now, only=only)))
        self.warn(*tell_waiting(self.storage, now=self.now, only=only))
        if tally.error:
            raise tally.error
        if not self.lock.is_held():
            raise Stopped(LOST_LOCK)
        if self.stop.is_set() and self.report.counts.retrying:
            waiting = self.report.counts.retrying
            raise Stopped(f"told to stop; {counted(waiting, 'message waits', 'messages wait')} for the next run")

    def share_out(self) -> Sequence[int] | None:
        """Calls the workers, if there are any; the deliveries that they and we shall have sent."""
        if not self.crew.is_at_work():
            return None
        shared = self.storage.waiting.digests(after=self.now)
        self.crew.call()
        return shared

    def await_crew(self, shared: Sequence[int]) -> Counter[DeliveryState]:
        """Where these deliveries stand when no worker has any in hand, or none that lives."""
        while True:
            states = self.storage.waiting.states_of(shared)
            in_hand = states[DeliveryState.LEASED] + states[DeliveryState.HANDED]
            if not in_hand or self.stop.wait(CREW_SECONDS):
                return states
            self.storage.deliveries.settle_dead(at=datetime.now(UTC), expired_only=True)

    def warn(self, *warnings: str) -> None:
        """Adds to what the operator should hear."""
        self.report = replace(self.report, warnings=(*self.report.warnings, *warnings))

    def add(self, counts: Counts) -> None:
        """Adds to the report's counts."""
        self.report = replace(self.report, counts=self.report.counts.plus(counts))


_COUNTS = {
    DeliveryState.SENT: "sent",
    DeliveryState.UNCERTAIN: "uncertain",
    DeliveryState.FAILED: "failed",
    DeliveryState.SUPPRESSED: "suppressed",
}


def _run_id(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
