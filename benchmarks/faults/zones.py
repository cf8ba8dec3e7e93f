"""T12: every zone over years: each local date has one slot, and a tick every five minutes finds it open."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from multiprocessing import get_context
from zoneinfo import ZoneInfo, available_timezones

from benchmarks.faults.rows import Row, add_up
from newsletter.cadence import open_slot, slot_on
from newsletter.model import Schedule

FIRST_DAY = date(2025, 11, 23)
TICK = timedelta(minutes=5)
HOURS = (None, time(0, 30), time(1, 30), time(2, 30), time(7, 30), time(23, 30))
SHORTEST = timedelta(hours=2)


def walk_every_zone(*, days: int, every: int = 1) -> Row:
    """``every``: only each so many-th zone. Recipients are slots: of a zone, an hour and a date."""
    zones = sorted(available_timezones() - {"localtime"})[::every]
    with ProcessPoolExecutor(2, mp_context=get_context("forkserver")) as pool:
        rows = list(pool.map(_walk, zones, [days] * len(zones), chunksize=8))
    return add_up("T12 zones", rows, remark=f"{len(zones)} zones x {len(HOURS)} hours x {days} days, in slots")


def _walk(name: str, days: int) -> Row:
    zone, slots, doubled, lost = ZoneInfo(name), 0, 0, 0
    for hour in HOURS:
        schedule, before = Schedule(at=hour), None
        for number in range(days):
            day = FIRST_DAY + timedelta(days=number)
            slot = slot_on(day, schedule, zone)
            slots += 1
            tick = _first_tick(slot.opens_at)
            found = open_slot(schedule, zone, tick)
            # A slot of yesterday that is still open was served by a tick of its own; the next one finds today's.
            while found is not None and found.local_date < day and tick < slot.closes_at:
                tick += TICK
                found = open_slot(schedule, zone, tick)
            lost += found is None or found.local_date != day or slot.closes_at - slot.opens_at < SHORTEST
            doubled += before is not None and slot.opens_at <= before
            before = slot.opens_at
    return Row(scenario=name, recipients=slots, sent=slots - lost, doubled=doubled, lost=lost)


def _first_tick(at: datetime) -> datetime:
    """The first of the ticks of every five minutes that is not before that instant."""
    seconds = at.timestamp()
    return datetime.fromtimestamp(-(-seconds // TICK.seconds) * TICK.seconds, UTC)
