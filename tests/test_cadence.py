from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.cadence import instant, open_slot, previous_slot, slot_on, today_slot
from newsletter.model import Schedule

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = sorted(available_timezones() - {"localtime"})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_slot_opens_at_the_readers_hour_and_closes_at_local_midnight():
    slot = slot_on(date(2026, 11, 22), Schedule(at=time(7, 30)), BERLIN)
    assert (slot.opens_at, slot.closes_at) == (at("2026-11-22T06:30"), at("2026-11-22T23:00"))


def test_a_late_hour_keeps_its_slot_open_for_two_hours_past_midnight():
    late = Schedule(at=time(23, 30))
    assert open_slot(late, BERLIN, at("2026-11-22T22:29")) is None
    after_midnight = open_slot(late, BERLIN, at("2026-11-23T00:15"))
    assert after_midnight is not None
    assert after_midnight.local_date == date(2026, 11, 22)
    assert open_slot(late, BERLIN, at("2026-11-23T00:30")) is None


@pytest.mark.parametrize(
    ("days", "now", "due"),
    [
        (frozenset({0, 2, 4}), "2026-11-23T08:00", True),  # a Monday
        (frozenset({0, 2, 4}), "2026-11-24T08:00", False),
        (frozenset(range(5)), "2026-11-22T08:00", False),  # a Sunday
        (frozenset(), "2026-11-23T08:00", False),
    ],
)
def test_only_the_schedules_days_have_slots(days, now, due):
    assert (open_slot(Schedule(days=days, at=time(7)), BERLIN, at(now)) is not None) is due


def test_the_day_is_the_readers_own():
    tokyo = ZoneInfo("Asia/Tokyo")
    slot = open_slot(Schedule(days=frozenset({0})), tokyo, at("2026-11-22T15:30"))
    assert slot is not None
    assert slot.local_date == date(2026, 11, 23)


def test_an_hour_that_the_clock_jumps_over_becomes_the_first_minute_after_it():
    assert instant(date(2026, 3, 29), time(2, 30), BERLIN) == at("2026-03-29T01:00")


def test_an_hour_that_comes_twice_is_taken_the_first_time():
    assert instant(date(2026, 10, 25), time(2, 30), BERLIN) == at("2026-10-25T00:30")


def test_a_zone_whose_midnight_is_in_a_gap_still_starts_its_day():
    havana = ZoneInfo("America/Havana")
    slot = slot_on(date(2026, 3, 8), Schedule(at=time(0, 30)), havana)
    assert slot.opens_at.astimezone(havana).date() == date(2026, 3, 8)


def test_the_previous_slot_keeps_to_the_days():
    weekly = Schedule(days=frozenset({0}), at=time(8))
    before = previous_slot(weekly, BERLIN, date(2026, 11, 23))
    assert before is not None
    assert before.local_date == date(2026, 11, 16)
    nobody = Schedule(days=frozenset())
    assert previous_slot(nobody, BERLIN, date(2026, 11, 23)) is None


def test_everyone_gets_todays_slot_on_any_day_and_hour():
    monday_evening = Schedule(days=frozenset({0}), at=time(20))
    slot = today_slot(monday_evening, BERLIN, at("2026-11-22T05:00"))
    assert slot.local_date == date(2026, 11, 22)
    assert slot.is_open(at("2026-11-22T05:00"))


@settings(max_examples=300)
@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2025, 11, 1), date(2027, 11, 30)),
    at=st.one_of(st.none(), st.times().map(lambda t: t.replace(second=0, microsecond=0))),
)
def test_a_five_minute_tick_finds_each_local_date_open_exactly_once(zone, day, at):
    """Whatever the zone, the hour and the clock changes: a slot of two hours at least, and no second one that day."""
    schedule, info = Schedule(at=at), ZoneInfo(zone)
    slot = slot_on(day, schedule, info)
    assert slot.closes_at - slot.opens_at >= timedelta(hours=2)
    tick = slot.opens_at.replace(minute=slot.opens_at.minute // 5 * 5, second=0) + timedelta(minutes=5)
    found = open_slot(schedule, info, tick)
    assert found is not None
    assert found.local_date in {day, day - timedelta(days=1)}
    assert slot_on(day + timedelta(days=1), schedule, info).opens_at > slot.opens_at
