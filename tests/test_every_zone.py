"""Every zone of the IANA database over two years: each local date is to have its one slot, at the right instant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from newsletter.cadence import SLOT_AT_LEAST, Slot, open_slot, slot_on
from newsletter.model import Schedule

FIRST, DAYS = date(2025, 12, 1), 731
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
HALF_HOURS = [time(hour, minute) for hour in range(24) for minute in (0, 30)]
LONGEST_GAP = timedelta(hours=2)
"""By which a clock is put forward in these two years, at Troll; in Nuuk one ends at midnight."""

Change = tuple[datetime, timedelta]


def changes_of(zone: ZoneInfo) -> tuple[Change, ...]:
    """The offset at the start, and each instant in the two years at which it becomes another one."""
    start = datetime.combine(FIRST - 2 * DAY, time(0), UTC)
    found = [(start, start.astimezone(zone).utcoffset())]
    for number in range(DAYS + 5):
        low, high = start + number * DAY, start + (number + 1) * DAY
        if high.astimezone(zone).utcoffset() != found[-1][1]:
            while high - low > MINUTE:
                middle = low + ((high - low) / 2 // MINUTE) * MINUTE
                low, high = (middle, high) if middle.astimezone(zone).utcoffset() == found[-1][1] else (low, middle)
            found.append((high, high.astimezone(zone).utcoffset()))
    return tuple(found)


@cache
def zones_by_changes() -> dict[tuple[Change, ...], list[str]]:
    """Zones whose clocks read the same all the time: one of them stands for all."""
    alike = defaultdict(list)
    for name in sorted(available_timezones() - {"localtime"}):
        alike[changes_of(ZoneInfo(name))].append(name)
    return alike


def clock_readings(day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """What a clock on the wall reads minute by minute around that date, and the instants; first come, first listed."""
    start = datetime.combine(day, time(0), UTC) - timedelta(hours=16)
    instants = [start + n * MINUTE for n in range(56 * 60)]
    return [(instant.astimezone(zone).replace(tzinfo=None), instant) for instant in instants]


def first_reading_at_or_after(wanted: datetime, readings: list[tuple[datetime, datetime]]) -> datetime:
    """The first instant at which the wall clock reads that time, or one past it where it never does."""
    exact = [instant for reading, instant in readings if reading == wanted]
    return exact[0] if exact else next(instant for reading, instant in readings if reading > wanted)


def days_of(changes: tuple[Change, ...]) -> Iterator[tuple[date, bool]]:
    """Each date of the two years, and whether the clock changes on it or beside it."""
    near = {(at.date() + n * DAY) for at, _ in changes[1:] for n in (-1, 0, 1)}
    for number in range(DAYS):
        day = FIRST + number * DAY
        yield day, day in near


def check_day(day: date, at: time, zone: ZoneInfo) -> Slot:
    """The slot is long enough, is found while it is open, and the one of the next date does not crowd it out."""
    schedule = Schedule(at=at)
    before, slot = slot_on(day - DAY, schedule, zone), slot_on(day, schedule, zone)
    assert slot.opens_at > before.opens_at
    assert slot.closes_at - max(slot.opens_at, before.closes_at) >= SLOT_AT_LEAST, (zone, day, at)
    asked_at = max(slot.opens_at, before.closes_at)
    assert open_slot(schedule, zone, asked_at) == slot, (zone, day, at)
    assert open_slot(schedule, zone, slot.closes_at - MINUTE) == slot, (zone, day, at)
    past = slot.opens_at.astimezone(zone).replace(tzinfo=None) - datetime.combine(day, at)
    assert timedelta(0) <= past <= LONGEST_GAP, (zone, day, at)
    return slot


def test_there_are_as_many_zones_as_the_world_has() -> None:
    assert sum(map(len, zones_by_changes().values())) > 550
    assert len(zones_by_changes()) > 40


def test_every_local_date_of_every_zone_has_one_slot_at_every_half_hour() -> None:
    """On days near a change all half-hours; on the others one, the next one each day."""
    looked_at = 0
    for changes, names in zones_by_changes().items():
        zone = ZoneInfo(names[0])
        for number, (day, is_near_change) in enumerate(days_of(changes)):
            for at in HALF_HOURS if is_near_change else [HALF_HOURS[number % len(HALF_HOURS)]]:
                slot = check_day(day, at, zone)
                if not is_near_change:
                    offset = slot.opens_at.astimezone(zone).utcoffset()
                    assert slot.opens_at == datetime.combine(day, at, UTC) - offset
                looked_at += 1
    assert looked_at > len(zones_by_changes()) * DAYS


def test_in_gaps_and_folds_a_slot_opens_when_a_clock_on_the_wall_says_so() -> None:
    """The first minute past a gap, the first of two in a fold: held against reading a clock minute by minute."""
    gaps, folds = 0, 0
    for changes, names in zones_by_changes().items():
        zone = ZoneInfo(names[0])
        for (_, old), (at, new) in pairwise(changes):
            gaps, folds = gaps + (new > old), folds + (new < old)
            day = (at + old).date()
            readings = clock_readings(day, zone)
            for wall in HALF_HOURS:
                expected = first_reading_at_or_after(datetime.combine(day, wall), readings)
                assert slot_on(day, Schedule(at=wall), zone).opens_at == expected, (names[0], day, wall)
    assert gaps > 20
    assert folds > 20


@pytest.mark.parametrize("at", [None, time(2, 30), time(23, 30)])
def test_a_tick_every_five_minutes_sends_once_a_date_all_around_each_change(at: time | None) -> None:
    """As the product works: asked every five minutes, with a ledger that holds the dates that were sent."""
    schedule = Schedule(at=at)
    for changes, names in zones_by_changes().items():
        zone = ZoneInfo(names[0])
        for changed_at, _ in changes[1:3]:
            start = changed_at.replace(minute=0) - timedelta(hours=36)
            ticks = [start + n * timedelta(minutes=5) for n in range(12 * 72)]
            found = (open_slot(schedule, zone, tick) for tick in ticks)
            dates = list(dict.fromkeys(slot.local_date for slot in found if slot))
            whole = {ticks[0].astimezone(zone).date() + n * DAY for n in (1, 2)}
            assert whole <= set(dates), (names[0], changed_at)
            assert dates == sorted(dates)
