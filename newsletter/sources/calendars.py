"""The days and hours of those sources that keep a calendar: when their day begins, and on which days nothing comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
_MONDAY, _THURSDAY, _FRIDAY = 0, 3, 4
_WEEKEND = frozenset({5, 6})

# https://info.arxiv.org/help/availability.html ("On Deferred Mailings"), as it stood in July 2026.
_HOLIDAYS = {
    2025: ("01-01", "01-20", "06-19", "07-06", "09-01", "11-27", "12-25", "12-30"),
    2026: ("01-01", "01-19", "06-19", "07-03", "09-07", "11-26", "12-25", "12-29", "12-31"),
}
"""Days on whose evening arXiv announces nothing; on a Friday it is the Sunday after that may be left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """How a source counts its days."""

    zone: tzinfo = UTC
    begins: timedelta = timedelta(0)
    """How long before midnight its day begins."""
    weekdays_off: frozenset[int] = frozenset()
    """Monday is 0; empty where nothing is known."""
    is_holiday: Callable[[date], bool] = lambda _: False

    def day_of(self, at: datetime) -> date:
        """The source's day in which the instant lies."""
        return self._wall(at).date()

    def hour_of(self, at: datetime) -> timedelta:
        """How far that day had gone."""
        wall = self._wall(at)
        return wall - datetime(wall.year, wall.month, wall.day)  # noqa: DTZ001 by the clock on the source's wall

    def is_off(self, day: date) -> bool:
        """Whether nothing is to be expected on that day."""
        return day.weekday() in self.weekdays_off or self.is_holiday(day)

    def _wall(self, at: datetime) -> datetime:
        return at.astimezone(self.zone).replace(tzinfo=None) + self.begins


def is_arxiv_holiday(day: date) -> bool:
    """Whether arXiv may have announced nothing on the evening before that day.

    >>> is_arxiv_holiday(date(2026, 11, 27)), is_arxiv_holiday(date(2026, 12, 1))
    (True, False)
    """
    before = [day - timedelta(days=days) for days in ((0, 1) if day.weekday() != _MONDAY else (0, 1, 3))]
    return any(one in arxiv_holidays(one.year) for one in before)


def arxiv_holidays(year: int) -> frozenset[date]:
    """The evenings that arXiv leaves out; for years that it has not told yet those that return each year."""
    if year in _HOLIDAYS:
        return frozenset(date.fromisoformat(f"{year}-{day}") for day in _HOLIDAYS[year])
    fixed = [date(year, month, day) for month, day in ((1, 1), (6, 19), (7, 4), (12, 25), (12, 31))]
    return frozenset([*fixed, _nth(year, 1, _MONDAY, 3), _nth(year, 9, _MONDAY, 1), _nth(year, 11, _THURSDAY, 4)])


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


ANY_DAY = Calendar()
CALENDARS = {
    # Announced at 20:00 from Sunday to Thursday, as the list of the day after.
    "arxiv": Calendar(zone=EASTERN, begins=timedelta(hours=4), weekdays_off=_WEEKEND, is_holiday=is_arxiv_holiday),
    "huggingface": Calendar(weekdays_off=_WEEKEND),
}
