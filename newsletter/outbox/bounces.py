"""Addresses that a provider finds to be no good while it is handed a message: the quickest of all bounces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from newsletter.model import Delivery, Event, EventKind, Outcome


def bounces_among(
    group: Sequence[Delivery], outcomes: Sequence[Outcome], *, provider: str, at: datetime
) -> list[Event]:
    """A hard bounce for each delivery of which the answer says that nobody is there."""
    return [
        Event(
            kind=EventKind.BOUNCED_HARD,
            at=at,
            provider=provider,
            id=f"{delivery.id}.{delivery.attempt}.refused",
            delivery_id=delivery.id,
            detail=outcome.detail,
        )
        for delivery, outcome in zip(group, outcomes, strict=True)
        if outcome.address_is_bad
    ]
