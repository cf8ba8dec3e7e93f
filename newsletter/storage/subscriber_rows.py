"""A subscriber as a row of the database: written and read."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import RowMapping

from newsletter.addresses import normal_form
from newsletter.model import Owner, ProfileSpec, Schedule, Subscriber, SubscriberState
from newsletter.storage.codec import PROFILE, SCHEDULE

SUBSCRIBER_COLUMNS = (
    *("id", "email", "name", "timezone", "schedule", "profile", "state", "paused_until", "owner", "created_at"),
    "when_empty",
)
"""What a reader's record is made of."""


def new_id() -> str:
    """An id that says nothing of its bearer and cannot be guessed."""
    return secrets.token_hex(8)


def row_of(person: Subscriber, *, address_hash: str) -> dict[str, Any]:
    """What a row of the table ``subscribers`` says of somebody."""
    return {
        "id": person.id,
        "email": person.email,
        "address": normal_form(person.email),
        "address_hash": address_hash,
        "name": person.name,
        "timezone": person.timezone,
        "schedule": SCHEDULE.encode(person.schedule),
        "profile": PROFILE.encode(person.profile),
        "state": person.state,
        "paused_until": person.paused_until,
        "owner": person.owner,
        "created_at": person.created_at,
        "when_empty": person.when_empty,
    }


def subscriber_of(row: RowMapping) -> Subscriber:
    """The record of a row of the table ``subscribers``."""
    return subscriber_from([row[name] for name in SUBSCRIBER_COLUMNS])


def subscriber_from(
    values: Sequence[Any],
    *,
    read_instant: Callable[[Any], datetime] = lambda instant: instant,
    read_day: Callable[[Any], date] = lambda day: day,
) -> Subscriber:
    """The record out of the values of ``SUBSCRIBER_COLUMNS``; instants and days may be as the driver has them."""
    return Subscriber(
        id=values[0],
        email=values[1],
        name=values[2],
        timezone=values[3],
        schedule=_schedule(values[4]),
        profile=_profile(values[5]),
        state=_STATES[values[6]],
        paused_until=None if values[7] is None else read_day(values[7]),
        owner=_OWNERS[values[8]],
        created_at=None if values[9] is None else read_instant(values[9]),
        when_empty=values[10],
    )


_STATES = {state.value: state for state in SubscriberState}
_OWNERS = {owner.value: owner for owner in Owner}


@lru_cache(maxsize=1024)
def _schedule(stored: str) -> Schedule:
    return SCHEDULE.decode(stored)


@lru_cache(maxsize=1024)
def _profile(stored: str) -> ProfileSpec:
    return PROFILE.decode(stored)
