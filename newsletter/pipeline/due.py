"""Which readers are due now, for which local date, and how far back their papers reach."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.cadence import Slot, open_slot, previous_slot, today_slot
from newsletter.model import Subscriber
from newsletter.subscriptions import gets_mail


@dataclass(frozen=True, slots=True, kw_only=True)
class DueReader:
    """A reader whose slot is open."""

    subscriber: Subscriber
    slot: Slot
    reach_from: datetime
    """Papers first seen at or after this instant are candidates."""


def find_due(readers: Iterable[Subscriber], *, now: datetime, window: timedelta, everyone: bool) -> list[DueReader]:
    """The readers whose day and hour it is (all who get mail with ``everyone``), sent to already or not."""
    found = []
    for reader in readers:
        zone = ZoneInfo(reader.timezone)
        slot = today_slot(reader.schedule, zone, now) if everyone else open_slot(reader.schedule, zone, now)
        if slot and gets_mail(reader, slot.local_date):
            reach_from = reach(reader, slot, now=now, window=window)
            found.append(DueReader(subscriber=reader, slot=slot, reach_from=reach_from))
    return found


def as_if_due(reader: Subscriber, *, now: datetime, window: timedelta) -> DueReader:
    """The reader with today's slot, open or not: for looking without sending."""
    slot = today_slot(reader.schedule, ZoneInfo(reader.timezone), now)
    reach_from = reach(reader, slot, now=now, window=window)
    return DueReader(subscriber=reader, slot=slot, reach_from=reach_from)


def reach(reader: Subscriber, slot: Slot, *, now: datetime, window: timedelta) -> datetime:
    """The start of the window or the reader's previous scheduled slot, whichever reaches further back.

    Who came to us after that slot is new, and gets the window.
    """
    before = previous_slot(reader.schedule, ZoneInfo(reader.timezone), slot.local_date)
    was_here = before is not None and reader.created_at is not None and reader.created_at < before.closes_at
    return min(now - window, before.opens_at) if before and was_here else now - window
