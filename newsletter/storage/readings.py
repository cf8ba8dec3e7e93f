"""Upvotes, comments and stars as a series, so that trending is a velocity and not a total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsletter.model import Signals

DAY = timedelta(hours=24)
HALF_DAY = timedelta(hours=12)
"""A first reading must be this old before it says anything of a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Figures that were read at an instant, and stood until the entry's next reading."""

    entry_id: str
    read_at: datetime
    upvotes: int | None = None
    comments: int | None = None
    stars: int | None = None

    def says(self, signals: Signals) -> bool:
        """Whether these are the figures."""
        return (self.upvotes, self.comments, self.stars) == (signals.upvotes, signals.comments, signals.stars)


def next_reading(entry_id: str, signals: Signals, *, at: datetime, last: Reading | None) -> Reading | None:
    """The row to write: one where a figure changed, and never before the last one, for a series only goes forward."""
    new = Reading(
        entry_id=entry_id, read_at=at, upvotes=signals.upvotes, comments=signals.comments, stars=signals.stars
    )
    if last is None:
        return None if new.says(Signals()) else new
    return None if last.says(signals) or last.read_at > at else new


def with_gains(signals: Signals, series: Sequence[Reading], *, at: datetime) -> Signals:
    """The figures with what they gained in the day before ``at``: since the reading that stood then.

    A series that began later tells what was gained since its first reading, if that is at least half a day ago.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    >>> two_days_ago = Reading(entry_id="e", read_at=noon - 2 * DAY, upvotes=10)
    >>> with_gains(Signals(upvotes=15), [two_days_ago], at=noon).upvotes_gained
    5
    """
    old = sorted((one for one in series if one.read_at <= at - HALF_DAY), key=lambda one: one.read_at)
    stood = [one for one in old if one.read_at <= at - DAY]
    then = stood[-1] if stood else old[0] if old else Reading(entry_id="", read_at=at)
    return replace(
        signals,
        upvotes_gained=_gain(signals.upvotes, then.upvotes),
        comments_gained=_gain(signals.comments, then.comments),
        stars_gained=_gain(signals.stars, then.stars),
    )


def without_gains(signals: Signals) -> Signals:
    """The figures alone: what was gained depends on when one looks, and is not stored."""
    return replace(signals, upvotes_gained=None, comments_gained=None, stars_gained=None)


def _gain(now: int | None, then: int | None) -> int | None:
    return None if now is None or then is None else now - then
