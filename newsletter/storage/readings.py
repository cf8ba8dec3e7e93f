"""Upvotes, comments and stars as a series, so that trending is a velocity and not a total."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsletter.model import Signals

DAY = timedelta(hours=24)
TOLERANCE = timedelta(hours=12)
"""A reading this much younger or older than a day still says what was gained "since yesterday"."""
FIGURES = ("upvotes", "comments", "stars")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Figures that stood unchanged from ``read_at`` to ``until``."""

    entry_id: str
    read_at: datetime
    until: datetime
    upvotes: int | None = None
    comments: int | None = None
    stars: int | None = None

    @property
    def figures(self) -> tuple[int | None, ...]:
        """Upvotes, comments and stars."""
        return self.upvotes, self.comments, self.stars

    def distance(self, instant: datetime) -> timedelta:
        """How far the instant lies outside of the time in which these figures stood."""
        return max(self.read_at - instant, instant - self.until, timedelta(0))


def with_gains(now: Signals, at: datetime, earlier: Iterable[Reading]) -> Signals:
    """The figures of ``at`` with what was gained since the reading that is nearest to a day before.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    >>> day_before = Reading(entry_id="e", read_at=noon - DAY, until=noon - DAY, upvotes=10)
    >>> with_gains(Signals(upvotes=15), noon, [day_before]).upvotes_gained
    5
    """
    day_before = at - DAY
    near = [reading for reading in earlier if reading.distance(day_before) <= TOLERANCE]
    near.sort(key=lambda reading: (reading.distance(day_before), -reading.until.timestamp()))
    return replace(
        now,
        upvotes_gained=_gain(now.upvotes, [reading.upvotes for reading in near]),
        comments_gained=_gain(now.comments, [reading.comments for reading in near]),
        stars_gained=_gain(now.stars, [reading.stars for reading in near]),
    )


def continued(entry_id: str, now: Signals, *, at: datetime, earlier: Sequence[Reading]) -> Reading | None:
    """The row to write: the last one drawn out to ``at`` where nothing changed, else a new one.

    ``None`` where no source says a figure, and where the series is already past ``at``: it only ever goes forward.
    """
    new = Reading(entry_id=entry_id, read_at=at, until=at, upvotes=now.upvotes, comments=now.comments, stars=now.stars)
    last = max(earlier, key=lambda reading: reading.until, default=None)
    if new.figures == (None, None, None) or (last and last.until > at):
        return None
    if last and last.figures == new.figures:
        return replace(last, entry_id=entry_id, until=at)
    return new


def _gain(current: int | None, before: Iterable[int | None]) -> int | None:
    """The difference to the first of ``before`` that is known."""
    known = next((figure for figure in before if figure is not None), None)
    return None if current is None or known is None else current - known
