"""What was sent or could have been, to be read again: a reader's own digests, and what was trending for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from newsletter.errors import UsageError
from newsletter.model import Delivery, Digest, Edition, Profile, Ranked
from newsletter.outbox import Thaw
from newsletter.pipeline.once import Once
from newsletter.ranking.crowd import rank_by_crowd
from newsletter.ranking.selection import select
from newsletter.storage import Storage
from newsletter.storage.editions import EditionHeader

PUBLIC_PAPERS = 20
LOOKED_AT = 200
"""Papers in the crowd's order that those are taken from: of near-duplicates all but the first are left out."""
DAYS_A_PAGE = 14
EDITIONS_LOOKED_THROUGH = 2_000
"""For a page: several editions a day are one line."""
EDITIONS_KEPT = 12
PUBLIC_KEPT = 500
ALL_WAIT = 1_000
"""Whoever wants an edition waits for it: that is a matter of moments."""


@dataclass(frozen=True, slots=True)
class PublicDigest:
    """What was trending in an edition."""

    edition: str
    made_at: datetime
    candidates: int
    items: tuple[Ranked, ...]


@dataclass(frozen=True, slots=True)
class PublicPage:
    """A page of days: the last edition of each, latest day first."""

    editions: tuple[tuple[date, EditionHeader], ...]
    before: date | None
    """Where the next page begins: days before this one; ``None`` where there are no more."""


class Shelf:
    """Reads digests again; editions never change, so what was made of one is kept at hand."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._thaws: Once[Thaw] = Once(EDITIONS_KEPT, ALL_WAIT)
        self._public: Once[PublicDigest] = Once(PUBLIC_KEPT, ALL_WAIT)

    def sent(self, subscriber: str, day: date) -> Digest | None:
        """The digest that this reader was sent for that date, as long as its mail is kept."""
        delivery = self._storage.deliveries.kept_digest(subscriber, day)
        return self.thaw(delivery) if delivery else None

    def thaw(self, delivery: Delivery) -> Digest | None:
        """The digest as it was shown; ``None`` where its edition is gone."""
        edition = delivery.edition
        if not edition:
            return None
        try:
            thaw = self._thaws.get(edition, lambda: Thaw(self._storage.editions.load(edition)))
        except UsageError:
            return None
        digest = thaw.digest(delivery.payload)
        shown = set(delivery.shown)
        return replace(digest, items=tuple(item for item in digest.items if item.entry.id in shown))

    def public(self, edition: str) -> PublicDigest | None:
        """What was trending in that edition; ``None`` where there is none of that name."""
        try:
            return self._public.get(edition, lambda: digest_for_everybody(self._storage.editions.load(edition)))
        except UsageError:
            return None

    def days(self, zone: ZoneInfo, *, before: date | None = None) -> PublicPage:
        """The last editions of the latest days, or of the latest before that one; days are those of the zone."""
        until = datetime.combine(before, time(), zone) if before else None
        headers = self._storage.editions.list(EDITIONS_LOOKED_THROUGH, before=until)
        last: dict[date, EditionHeader] = {}
        for header in headers:
            if header.entries:
                last.setdefault(header.made_at.astimezone(zone).date(), header)
        shown = list(last.items())[:DAYS_A_PAGE]
        has_more = len(last) > len(shown) or len(headers) == EDITIONS_LOOKED_THROUGH
        return PublicPage(tuple(shown), shown[-1][0] if shown and has_more else None)


def digest_for_everybody(edition: Edition) -> PublicDigest:
    """The edition's papers as somebody would get them who told us nothing, and had none before."""
    ranked: Sequence[Ranked] = rank_by_crowd(edition.entries, now=edition.made_at, limit=LOOKED_AT)
    chosen = select(ranked, Profile(max_papers=PUBLIC_PAPERS))
    return PublicDigest(edition.id, edition.made_at, len(edition.entries), chosen.items)
