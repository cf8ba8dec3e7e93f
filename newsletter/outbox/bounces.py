"""Addresses that a provider finds to be no good while it is handed a message: the quickest of all bounces."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime

from newsletter.model import Delivery, Event, EventKind, Outcome
from newsletter.storage.brakes import REFUSED


def bounces_among(
    group: Sequence[Delivery],
    outcomes: Sequence[Outcome],
    *,
    provider: str,
    at: datetime,
    doubted: Container[str | None] = (),
) -> list[Event]:
    """A bounce for each delivery of which the answer says that nobody is there: hard, but soft in doubted editions."""
    return [
        Event(
            kind=EventKind.BOUNCED_SOFT if delivery.edition in doubted else EventKind.BOUNCED_HARD,
            at=at,
            provider=provider,
            id=f"{delivery.id}.{delivery.attempt}.{REFUSED}",
            delivery_id=delivery.id,
            detail=outcome.detail,
        )
        for delivery, outcome in zip(group, outcomes, strict=True)
        if outcome.address_is_bad
    ]
