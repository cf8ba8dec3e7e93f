"""From digests to rows of the ledger, before the first message is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.model import Digest, Mailbox, Subscriber
from newsletter.outbox.frozen import freeze
from newsletter.rendering import message_id
from newsletter.storage import Storage
from newsletter.storage.ledger import NewDelivery

SHARD = 500
"""Deliveries a transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A digest that is to be sent to a reader while its day lasts."""

    subscriber: Subscriber
    digest: Digest
    valid_until: datetime


def plan_digests(storage: Storage, planned: Iterable[Planned], *, sender: Mailbox, now: datetime) -> int:
    """Writes a ready delivery for each digest; how many were new, for a local date has one digest and no more."""
    inserted = 0
    shard: list[NewDelivery] = []
    for one in planned:
        shard.append(new_delivery(one, sender=sender, now=now))
        if len(shard) == SHARD:
            inserted += storage.deliveries.plan(shard)
            shard = []
    return inserted + (storage.deliveries.plan(shard) if shard else 0)


def plan_suppressed(storage: Storage, planned: Iterable[Planned], *, sender: Mailbox, now: datetime) -> int:
    """Writes down that these get nothing, for their address must not be mailed; their digests are empty ones."""
    new = [replace(new_delivery(one, sender=sender, now=now), edition=None) for one in planned]
    return storage.deliveries.plan_suppressed(new)


def new_delivery(planned: Planned, *, sender: Mailbox, now: datetime) -> NewDelivery:
    """The row of one digest: everything its message is made of, and the Message-ID it keeps for every try."""
    digest, reader = planned.digest, planned.subscriber
    return NewDelivery(
        subscriber=reader.id,
        local_date=digest.local_date,
        edition=digest.edition,
        valid_until=planned.valid_until,
        message_id=message_id(sender, digest.edition, reader.id, digest.local_date.isoformat()),
        created_at=now,
        shown=tuple(item.entry.id for item in digest.items),
        payload=freeze(digest),
    )
