"""Pauses an edition that is refused for its content or for too many addresses, or that too many readers call spam."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Lock

from newsletter.model import Delivery, Outcome, Trouble, Verdict
from newsletter.storage import Storage
from newsletter.storage.brakes import Brake, Share

CONTENT_STOP, CONTENT_SAMPLE = 0.01, 200
ADDRESSES_STOP, ADDRESSES_LEAST = 0.05, 5
"""More than that share of the answers, and so many at least, say that nobody is there: the server is wrong."""
COMPLAINTS_WARN, COMPLAINTS_STOP, COMPLAINTS_SAMPLE = 0.001, 0.003, 1000
RECENT = timedelta(days=7)
"""How far back mails are counted where one edition has too few."""
LOOK_EVERY_SECONDS = 60.0

_ANSWERS = frozenset({Verdict.SENT, Verdict.REFUSED})


class Brakes:
    """The brakes of one sending; its lanes share them."""

    def __init__(self, storage: Storage, *, now: Callable[[], datetime], clock: Callable[[], datetime]) -> None:
        """``now`` is the product's clock, ``clock`` the machine's."""
        self._store = storage.brakes
        self._now = now
        self._clock = clock
        self._refusals: dict[str, Share] = {}
        """Edition -> what came of it; of those alone of which something was refused for its content."""
        self._absent: dict[str, Share] = {}
        """The same of addresses at which nobody is said to be."""
        self.doubted: set[str] = set()
        """Editions of which that is not believed."""
        self._looked_at: float | None = None
        self._pulled: set[tuple[str, str]] = set()
        self._lock = Lock()
        self.notes: dict[str, str] = {}
        """What an operator should hear, by what it is about."""

    def note(self, group: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        """Takes down what a group came to, before it is recorded."""
        self._note_addresses(group, outcomes)
        if not (self._refusals or any(outcome.trouble is Trouble.CONTENT for outcome in outcomes)):
            return
        with self._lock:
            for delivery, outcome in zip(group, outcomes, strict=False):
                if delivery.edition and outcome.trouble is Trouble.CONTENT and delivery.edition not in self._refusals:
                    self._refusals[delivery.edition] = self._store.content_refusals(delivery.edition)
            for delivery, outcome in zip(group, outcomes, strict=False):
                if delivery.edition in self._refusals and outcome.verdict in _ANSWERS:
                    self._count(delivery.edition, outcome)

    def _count(self, edition: str, outcome: Outcome) -> None:
        before = self._refusals[edition]
        share = self._refusals[edition] = Share(before.some + (outcome.trouble is Trouble.CONTENT), before.many + 1)
        if share.many >= CONTENT_SAMPLE and share.some > share.many * CONTENT_STOP:
            self._pull(edition, "content", f"{share.some} of {share.many} mails were refused for their content")

    def _note_addresses(self, group: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        if not (self._absent or any(outcome.address_is_bad for outcome in outcomes)):
            return
        with self._lock:
            for delivery, outcome in zip(group, outcomes, strict=False):
                if delivery.edition and outcome.address_is_bad and delivery.edition not in self._absent:
                    self._absent[delivery.edition] = self._store.address_refusals(delivery.edition)
            for delivery, outcome in zip(group, outcomes, strict=False):
                if delivery.edition in self._absent and outcome.verdict in _ANSWERS:
                    before = self._absent[delivery.edition]
                    self._absent[delivery.edition] = Share(before.some + outcome.address_is_bad, before.many + 1)
            for edition in {one.edition for one in group if one.edition in self._absent} - self.doubted:
                self._doubt(edition, self._absent[edition])

    def _doubt(self, edition: str, absent: Share) -> None:
        is_much = absent.some >= ADDRESSES_LEAST and absent.some > absent.many * ADDRESSES_STOP
        if is_much and not self._store.is_decided(edition, "addresses"):
            self.doubted.add(edition)
            said = f"of {absent.some} of {absent.many} addresses the mail server says that nobody is there"
            self._pull(edition, "addresses", f"{said}; more likely it is the wrong server, so they stay on the list")

    def look(self) -> None:
        """Looks at complaints, once a minute at most."""
        with self._lock:
            if self._looked_at is not None and time.monotonic() < self._looked_at + LOOK_EVERY_SECONDS:
                return
            self._looked_at = time.monotonic()
        recent = self._store.complaints(since=self._now() - RECENT)
        if not recent.some:
            return
        self._warn(recent)
        for edition, made_at in self._store.waiting_editions():
            own = self._store.complaints(since=made_at, edition=edition)
            share = own if own.many >= COMPLAINTS_SAMPLE else recent
            if exceeds(share, COMPLAINTS_STOP):
                self._pull(edition, "complaints", told(share))

    def _warn(self, recent: Share) -> None:
        if exceeds(recent, COMPLAINTS_WARN):
            self.notes["complaints"] = f"{told(recent)} within a week; mail is paused at {COMPLAINTS_STOP:.2%}"

    def _pull(self, edition: str, kind: str, reason: str) -> None:
        if (edition, kind) in self._pulled:
            return
        self._pulled.add((edition, kind))
        if self._store.pull(Brake(edition=edition, kind=kind, pulled_at=self._clock(), reason=reason)):
            advice = f"look into it, then `newsletter editions resume {edition}`"
            self.notes[f"{kind} {edition}"] = f"edition {edition} is paused: {reason}; {advice}"


def exceeds(complaints: Share, limit: float) -> bool:
    """Whether there are that many, of a number that says something."""
    return complaints.many >= COMPLAINTS_SAMPLE and complaints.some >= complaints.many * limit


def told(complaints: Share) -> str:
    """The figures in words."""
    return f"{complaints.some} of {complaints.many} mails were called spam ({complaints.some / complaints.many:.2%})"
