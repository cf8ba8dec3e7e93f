"""Who is due, for which local date: pure functions of a schedule, a zone and the instant.

A slot belongs to a local date. It opens at the reader's hour, the first valid minute after it where the clock jumps
over it, the first of the two where it comes twice; it closes at local midnight, and not before two hours are over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsletter.model import Schedule

SLOT_AT_LEAST = timedelta(hours=2)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Slot:
    """The time in which one local date's digest may be sent."""

    local_date: date
    opens_at: datetime
    closes_at: datetime

    def is_open(self, now: datetime) -> bool:
        """Whether the digest may be sent at that instant."""
        return self.opens_at <= now < self.closes_at


def slot_on(day: date, schedule: Schedule, zone: ZoneInfo) -> Slot:
    """The slot of that local date, whether or not it is one of the schedule's days; instants in UTC."""
    opens_at = instant(day, schedule.at or time(0), zone)
    midnight = instant(day + _DAY, time(0), zone)
    return Slot(day, opens_at, max(midnight, opens_at + SLOT_AT_LEAST))


def open_slot(schedule: Schedule, zone: ZoneInfo, now: datetime) -> Slot | None:
    """The slot that is open now; a late hour's slot reaches into the next date and goes first."""
    today = now.astimezone(zone).date()
    for day in (today - _DAY, today):
        if day.weekday() in schedule.days:
            slot = slot_on(day, schedule, zone)
            if slot.is_open(now):
                return slot
    return None


def today_slot(schedule: Schedule, zone: ZoneInfo, now: datetime) -> Slot:
    """The open slot, or today's where none is: what ``--everyone`` sends in."""
    return open_slot(schedule, zone, now) or slot_on(now.astimezone(zone).date(), Schedule(), zone)


def previous_slot(schedule: Schedule, zone: ZoneInfo, before: date) -> Slot | None:
    """The last slot on one of the schedule's days before that date; ``None`` for a schedule without days."""
    for back in range(1, 8):
        day = before - back * _DAY
        if day.weekday() in schedule.days:
            return slot_on(day, schedule, zone)
    return None


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall time: in a gap the first minute after it, in a fold the first of the two.

    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> instant(date(2026, 3, 29), time(2, 30), berlin).astimezone(berlin).time()
    datetime.time(3, 0)
    """
    local = datetime.combine(day, at, zone)
    utc = local.astimezone(UTC)
    if utc.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return utc
    return _end_of_gap(local, zone)


def _end_of_gap(local: datetime, zone: ZoneInfo) -> datetime:
    """The first minute after the gap in which ``local`` lies (a gap may be a whole day, as in Apia in 2011)."""
    low, high = sorted(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
    return high
