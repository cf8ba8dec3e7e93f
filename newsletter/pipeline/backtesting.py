"""What a changed profile would have gained and lost over the editions that are stored; writes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.cadence import Slot, open_slot, slot_on
from newsletter.config.settings import Settings
from newsletter.model import Delivery, Edition, Profile, ProfileSpec, Ranked, Subscriber
from newsletter.outbox import thaw
from newsletter.pipeline.digests import compose
from newsletter.pipeline.due import DueReader, reach
from newsletter.pipeline.editions import HISTORY_ENTRIES, pool_of
from newsletter.pipeline.sentences import SentenceMaker
from newsletter.ranking import Pool
from newsletter.storage import Storage
from newsletter.storage.ledger import NEVER_SHOWN
from newsletter.subscriptions import ResolvedProfile, resolve_profiles

DAYS = 14
MOST_EDITIONS = 10_000
"""Headers looked at: one every quarter of an hour for a hundred days."""
MOST_DELIVERIES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCompared:
    """One local date of the reader's."""

    local_date: date
    edition: str
    before: int
    """How many papers were on cards."""
    after: int
    gained: tuple[Ranked, ...] = ()
    """On no card of the whole time before, on one now; with the reasons for it."""
    lost: tuple[Ranked, ...] = ()
    """The other way round; with the reasons that it was there for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """Two histories of one reader, side by side."""

    days: tuple[DayCompared, ...] = ()
    """Earliest first."""
    against_sent: bool = False
    """Compared is what was sent with what today's profile and version would choose; else two profiles."""
    kept: int = 0
    """Papers that both histories have, on the same day or not."""
    left_out: int = 0
    """How many later days the time did not reach for."""
    missing: tuple[str, ...] = ()
    """Liked and disliked papers of the changed profile that the store does not know."""

    @property
    def gained(self) -> tuple[Ranked, ...]:
        """Over all days."""
        return tuple(item for day in self.days for item in day.gained)

    @property
    def lost(self) -> tuple[Ranked, ...]:
        """Over all days."""
        return tuple(item for day in self.days for item in day.lost)


def backtest(
    settings: Settings,
    storage: Storage,
    subscriber: Subscriber,
    profile: ProfileSpec | None,
    *,
    days: int = DAYS,
    now: datetime,
    history: int = HISTORY_ENTRIES,
    seconds: float | None = None,
    on_day: Callable[[int, int], None] | None = None,
) -> Backtest:
    """The digests of the last ``days`` by the reader's present profile and by ``profile``, paper for paper.

    Without ``profile``, what was sent is compared with what the present one would choose today. ``history`` is how
    many older entries each day's pool is built with: fewer are faster, and a run's own number gives its very order.
    After ``seconds`` no further day is begun. ``on_day`` is told how many days are done, of how many.
    """
    played = _Played(settings, storage, subscriber, against_sent=profile is None)
    changed = subscriber if profile is None else replace(subscriber, profile=profile)
    present, new = resolve_profiles([subscriber, changed], storage, settings)
    sentences = SentenceMaker(settings, storage, now=now)
    mornings = played.mornings(now - timedelta(days=days), now)
    had = played.shown_before(mornings[0].slot.local_date) if mornings else frozenset()
    before, after = _History(set(had)), _History(set(had))
    ends = None if seconds is None else time.monotonic() + seconds
    seen: list[_Morning] = []
    for morning in mornings:
        if ends is not None and time.monotonic() >= ends:
            break
        edition = played.load(morning)
        pool = sentences.add_to(pool_of(storage, edition, sentences, history=history), (present.profile, new.profile))
        if morning.sent is None:
            before.add(played.choose(morning, edition, pool, present, had=before.had))
        else:
            before.add(played.sent(morning))
        after.add(played.choose(morning, edition, pool, new, had=after.had))
        seen.append(morning)
        if on_day:
            on_day(len(seen), len(mornings))
    return _compare(seen, before, after, new=new, against_sent=profile is None, left_out=len(mornings) - len(seen))


@dataclass(frozen=True, slots=True)
class _Morning:
    """A local date, its edition, and the digest that was sent where that is what counts."""

    slot: Slot
    edition: str
    at: datetime
    """When the digest was chosen; an edition in which nothing changed serves the days after it too."""
    sent: Delivery | None = None


class _History:
    """What one of the two readers was shown, day by day."""

    def __init__(self, had: set[str]) -> None:
        self.had = had
        self.days: list[tuple[Ranked, ...]] = []

    def add(self, items: Sequence[Ranked]) -> None:
        """One day's cards."""
        self.days.append(tuple(items))
        self.had.update(item.entry.id for item in items)

    @property
    def shown(self) -> set[str]:
        """Over the days that were played."""
        return {item.entry.id for items in self.days for item in items}


class _Played:
    """The past of one reader, with every paper under the id it goes by today."""

    def __init__(self, settings: Settings, storage: Storage, subscriber: Subscriber, *, against_sent: bool) -> None:
        self._settings, self._storage, self._subscriber = settings, storage, subscriber
        self._against_sent = against_sent
        self._zone = ZoneInfo(subscriber.timezone)
        found = storage.deliveries.find(subscriber=subscriber.id, limit=MOST_DELIVERIES)
        self._digests = {
            one.local_date: one
            for one in found
            if one.kind == "digest" and one.edition and one.state not in NEVER_SHOWN
        }

    def mornings(self, since: datetime, until: datetime) -> list[_Morning]:
        """The reader's local dates, earliest first, each with the edition of its digest or the first of its slot."""
        headers = [one for one in self._storage.editions.list(MOST_EDITIONS) if one.made_at <= until]
        stored = {one.id for one in headers}
        found: dict[date, _Morning] = {}
        for header in sorted((one for one in headers if one.made_at >= since), key=lambda one: one.made_at):
            slot = open_slot(self._subscriber.schedule, self._zone, header.made_at)
            if slot and not self._against_sent:
                found.setdefault(slot.local_date, _Morning(slot, header.id, header.made_at))
        for day, delivery in self._digests.items():
            if delivery.edition in stored and since <= delivery.created_at <= until:
                slot = slot_on(day, self._subscriber.schedule, self._zone)
                found[day] = _Morning(
                    slot, delivery.edition, delivery.created_at, delivery if self._against_sent else None
                )
        return [found[day] for day in sorted(found)]

    def shown_before(self, day: date) -> frozenset[str]:
        """Ids of what the reader had on cards before that date."""
        shown = {entry_id for when, one in self._digests.items() if when < day for entry_id in one.shown}
        return frozenset(self._today(shown).values())

    def load(self, morning: _Morning) -> Edition:
        """The morning's edition."""
        edition = self._storage.editions.load(morning.edition)
        ids = self._today([entry.id for entry in edition.entries])
        return replace(edition, entries=tuple(replace(entry, id=ids[entry.id]) for entry in edition.entries))

    def choose(
        self, morning: _Morning, edition: Edition, pool: Pool, found: ResolvedProfile, *, had: Collection[str]
    ) -> tuple[Ranked, ...]:
        """The cards that this profile would have had; what was voted on later was not known then."""
        votes = tuple(vote for vote in found.profile.votes if vote.at < morning.at)
        profile = replace(found.profile, votes=votes)
        reach_from = reach(self._subscriber, morning.slot, now=morning.at, window=self._settings.window)
        reader = DueReader(subscriber=self._subscriber, slot=morning.slot, reach_from=reach_from)
        return compose(edition, pool, profile, reader=reader, had=had).items

    def sent(self, morning: _Morning) -> tuple[Ranked, ...]:
        """The cards that were sent."""
        if morning.sent is None:
            return ()
        digest = thaw(morning.sent.payload, self._storage.editions.load(morning.edition))
        ids = self._today(morning.sent.shown)
        return tuple(
            replace(item, entry=replace(item.entry, id=ids[item.entry.id]))
            for item in digest.items
            if item.entry.id in ids
        )

    def _today(self, ids: Collection[str]) -> Mapping[str, str]:
        """Id -> the id it goes by now."""
        return dict(zip(ids, ids, strict=True)) | self._storage.entries.aliases(ids)


def _compare(
    mornings: Sequence[_Morning],
    before: _History,
    after: _History,
    *,
    new: ResolvedProfile,
    against_sent: bool,
    left_out: int,
) -> Backtest:
    """A paper that both histories have is neither gained nor lost, nor is one that the reader has named since."""
    named = _named(new.profile)
    compared = [
        DayCompared(
            local_date=morning.slot.local_date,
            edition=morning.edition,
            before=len(old),
            after=len(young),
            gained=tuple(_without(young, before.shown)),
            lost=tuple(_without(old, after.shown | named)),
        )
        for morning, old, young in zip(mornings, before.days, after.days, strict=True)
    ]
    return Backtest(
        days=tuple(compared),
        against_sent=against_sent,
        kept=len(before.shown & after.shown),
        left_out=left_out,
        missing=(*new.missing, *new.unread),
    )


def _named(profile: Profile) -> set[str]:
    """Papers that the reader has named: they know them, and no digest brings them."""
    return {entry.id for entry in (*profile.liked, *profile.disliked)}


def _without(items: Sequence[Ranked], shown: Collection[str]) -> Iterator[Ranked]:
    return (item for item in items if item.entry.id not in shown)
