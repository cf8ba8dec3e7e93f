"""Today's digest for a profile that is being changed, at once, beside the one that the reader has; writes nothing.

What belongs to an edition is made ready once and kept: that takes seconds, and ranking it for one reader some
hundredths of one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.cadence import today_slot
from newsletter.config.settings import Settings
from newsletter.model import Digest, Edition, Profile, Ranked, Subscriber
from newsletter.pipeline.digests import compose
from newsletter.pipeline.due import as_if_due
from newsletter.pipeline.editions import HISTORY_ENTRIES, pool_of, snapshot
from newsletter.pipeline.fetching import remembered_sources
from newsletter.pipeline.once import Once
from newsletter.pipeline.sentences import SentenceMaker
from newsletter.ranking import Pool
from newsletter.storage import Storage
from newsletter.subscriptions import resolve_profiles

POOLS_KEPT = 2
"""Each takes some hundred megabytes; readers whose day has begun share one, and those of yesterday another."""
DIGESTS_KEPT = 256
"""Of profiles as they are saved: what each change is held against."""
MOST_COMPOSED = 1_000
"""Threads that may wait for one: each takes some hundredths of a second, unlike a pool."""
STORE_KEPT = timedelta(minutes=10)
"""So long the store as it was serves where no run has made today's edition yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A paper on a card, and where it stands by the profile as it is saved."""

    item: Ranked
    before: int | None
    """Its place on the cards of the saved profile, from 1; ``None``: it has none."""

    @property
    def is_new(self) -> bool:
        """Whether the change brings it."""
        return self.before is None

    @property
    def has_risen(self) -> bool:
        """Whether the change moves it up."""
        return self.before is not None and self.item.rank < self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedOut:
    """What a reader would have got today with another profile."""

    edition: str
    local_date: date
    cards: tuple[Placed, ...] = ()
    gone: tuple[Ranked, ...] = ()
    """On the cards of the saved profile, and on none now."""
    candidates: int = 0
    unknown: tuple[str, ...] = ()
    """Liked and disliked papers, as they were named, that the store does not know (yet)."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """An edition with its pool."""

    edition: Edition
    pool: Pool


class Tuner:
    """Tries profiles out on today's edition. Threads may share it; any method may raise NotReady."""

    def __init__(
        self,
        settings: Settings,
        storage: Storage,
        *,
        history: int = HISTORY_ENTRIES,
        on_made: Callable[[], None] = lambda: None,
    ) -> None:
        """``history`` is how many older entries a pool is made with: a run's own number gives its very order."""
        self._settings, self._storage, self._history, self._on_made = settings, storage, history, on_made
        self._pools: Once[_Ready] = Once(POOLS_KEPT)
        self._digests: Once[Digest] = Once(DIGESTS_KEPT, MOST_COMPOSED)

    def make_ready(self) -> None:
        """Does what the first of ``try_out`` over the latest edition would wait for."""
        for last in self._storage.editions.list(limit=1):
            self._of_edition(last.id)

    def try_out(self, reader: Subscriber, changed: Subscriber, *, now: datetime) -> TriedOut:
        """Today's digest for ``changed``, who is ``reader`` with another profile, and what that changes.

        What the reader was sent before today is left out, and what they were sent today is not: it is the digest that
        they would have had in its place. Nobody is asked about liked papers that the store does not know.
        """
        ready = self._ready(reader, now)
        saved, tried = resolve_profiles([reader, changed], self._storage, self._settings)
        today = as_if_due(reader, now=ready.edition.made_at, window=self._settings.window).slot.local_date
        had = self._storage.deliveries.shown_since([reader.id], ready.edition.reach_from, before=today)
        gone = frozenset(had.get(reader.id, ()))
        about = ready.edition.id, reader, _said(saved.profile), gone
        before = self._digests.get(about, lambda: self._compose(ready, reader, saved.profile, gone))
        after = self._compose(ready, changed, tried.profile, gone)
        places = {item.entry.id: item.rank for item in before.items}
        kept = {item.entry.id for item in after.items}
        return TriedOut(
            edition=after.edition,
            local_date=after.local_date,
            cards=tuple(Placed(item=item, before=places.get(item.entry.id)) for item in after.items),
            gone=tuple(item for item in before.items if item.entry.id not in kept),
            candidates=after.candidates,
            unknown=(*tried.missing, *tried.unread),
        )

    def _compose(self, ready: _Ready, reader: Subscriber, profile: Profile, had: Collection[str]) -> Digest:
        due = as_if_due(reader, now=ready.edition.made_at, window=self._settings.window)
        sentences = SentenceMaker(self._settings, self._storage, now=ready.edition.made_at, keeps=False)
        return compose(ready.edition, sentences.add_to(ready.pool, [profile]), profile, reader=due, had=had)

    def _ready(self, reader: Subscriber, now: datetime) -> _Ready:
        """Today's latest edition, else the store as it is."""
        zone = ZoneInfo(reader.timezone)
        today = today_slot(reader.schedule, zone, now).local_date
        last = next(iter(self._storage.editions.list(limit=1)), None)
        if last and last.made_at.astimezone(zone).date() >= today:
            return self._of_edition(last.id)
        then = datetime.fromtimestamp(now.timestamp() // STORE_KEPT.total_seconds() * STORE_KEPT.total_seconds(), UTC)
        return self._pools.get(then, lambda: self._make(self._snapshot(now)))

    def _of_edition(self, edition: str) -> _Ready:
        return self._pools.get(edition, lambda: self._make(self._storage.editions.load(edition)))

    def _snapshot(self, now: datetime) -> Edition:
        sources = remembered_sources(self._settings, self._storage)
        return snapshot(self._storage, now=now, reach_from=now - self._settings.window, sources=sources)

    def _make(self, edition: Edition) -> _Ready:
        """With every paper under the id it goes by today, as those are that readers had."""
        current = self._storage.entries.aliases([entry.id for entry in edition.entries])
        entries = tuple(replace(entry, id=current.get(entry.id, entry.id)) for entry in edition.entries)
        edition = replace(edition, entries=entries)
        sentences = SentenceMaker(self._settings, self._storage, now=edition.made_at)
        ready = _Ready(edition, pool_of(self._storage, edition, sentences, history=self._history))
        self._on_made()
        return ready


def _said(profile: Profile) -> Hashable:
    """What tells two states of a saved profile apart, beside the record that it is in."""
    return tuple((vote.entry.id, vote.value, vote.at) for vote in profile.votes), len(profile.liked)
