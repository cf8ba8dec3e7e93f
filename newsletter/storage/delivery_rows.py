"""The ledger's rows in SQL, each within a connection of the caller's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, func, or_, select, update

from newsletter.model import Delivery, DeliveryState
from newsletter.storage.engine import execute_all, in_chunks
from newsletter.storage.ledger import Reader, Settlement, delivery_of
from newsletter.storage.schema import deliveries, editions, subscribers, suppressions
from newsletter.storage.subscribers import subscriber_of
from newsletter.storage.times import UtcDateTime
from newsletter.text import one_line

MAX_ERROR_CHARACTERS = 500
_NAMES = [column.name for column in deliveries.columns]
_THESE = update(deliveries).where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
_LEASE = _THESE.values(
    state=DeliveryState.LEASED,
    attempt=deliveries.c.attempt + 1,
    owner=bindparam("owner"),
    lease_until=bindparam("until"),
    retry_at=None,
    updated_at=bindparam("at"),
)
_HAND = _THESE.values(
    state=DeliveryState.HANDED,
    lease_until=func.coalesce(bindparam("until", type_=UtcDateTime), deliveries.c.lease_until),
    updated_at=bindparam("at"),
)
_SETTLE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("row_id"))
    .values({name: bindparam(name) for name in ("state", "attempt", "owner", "retry_at", "sent_at", "updated_at")})
    .values({name: bindparam(name) for name in ("provider", "provider_id", "error")})
    .values(lease_until=None)
)


def settle_rows(connection: Connection, settlements: Sequence[Settlement], *, owner: str | None, at: datetime) -> None:
    """Moves rows that the caller has made sure of; who waits again belongs to nobody."""
    execute_all(connection, _SETTLE, [_settled_row(settlement, owner=owner, at=at) for settlement in settlements])


def _settled_row(settlement: Settlement, *, owner: str | None, at: datetime) -> dict[str, Any]:
    delivery, state = settlement.delivery, settlement.state
    waits = state in {DeliveryState.READY, DeliveryState.RETRY}
    return {
        "row_id": delivery.id,
        "state": state,
        "attempt": delivery.attempt - 1 if state is DeliveryState.READY else delivery.attempt,
        "owner": None if waits else owner,
        "retry_at": settlement.retry_at,
        "sent_at": at if state is DeliveryState.SENT else None,
        "updated_at": at,
        "provider": settlement.provider,
        "provider_id": _short(settlement.provider_id),
        "error": _short(settlement.error),
    }


def _short(said: str | None) -> str | None:
    """What a provider said, fit for a column whatever bytes it sent."""
    return None if said is None else one_line(said)[:MAX_ERROR_CHARACTERS]


def open_rows(connection: Connection, limit: int, *, at: datetime, only: Collection[str] | None) -> list[Delivery]:
    """Deliveries that wait, and which no other transaction is about to take: due retries first, then by age.

    Two queries, for one over both states would sort all that is ready at each lease.
    """
    query = (
        select(deliveries)
        .outerjoin(editions, editions.c.id == deliveries.c.edition)
        .where(or_(editions.c.paused.is_(None), editions.c.paused.is_(False)))
        .order_by(deliveries.c.id)
        .with_for_update(of=deliveries, skip_locked=True)
    )
    if only is not None:
        query = query.where(deliveries.c.subscriber.in_(list(only)))
    due = and_(deliveries.c.state == DeliveryState.RETRY, deliveries.c.retry_at <= at)
    found = read_rows(connection, query.where(due).limit(limit))
    if len(found) < limit:
        ready = query.where(deliveries.c.state == DeliveryState.READY)
        found += read_rows(connection, ready.limit(limit - len(found)))
    return found


def read_rows(connection: Connection, query: Select[Any]) -> list[Delivery]:
    """The deliveries that a SELECT of the whole table's columns finds."""
    return [delivery_of(zip(_NAMES, row, strict=True)) for row in connection.execute(query)]


def read_readers(connection: Connection, ids: Iterable[str]) -> dict[str, Reader]:
    """Id -> the reader and, where the address is suppressed, why."""
    query = select(subscribers, suppressions.c.reason).outerjoin(
        suppressions, suppressions.c.address_hash == subscribers.c.address_hash
    )
    found = {}
    for chunk in in_chunks(ids):
        for row in connection.execute(query.where(subscribers.c.id.in_(chunk))).mappings():
            found[row["id"]] = Reader(subscriber_of(row), suppressed_for=row["reason"])
    return found


def lease_rows(
    connection: Connection, waiting: Sequence[Delivery], *, owner: str, until: datetime, at: datetime
) -> list[Delivery]:
    """Takes the deliveries; as they are then."""
    for chunk in in_chunks(waiting):
        connection.execute(_LEASE, {"ids": [d.id for d in chunk], "owner": owner, "until": until, "at": at})
    return [
        replace(
            delivery,
            state=DeliveryState.LEASED,
            attempt=delivery.attempt + 1,
            owner=owner,
            lease_until=until,
            retry_at=None,
            updated_at=at,
        )
        for delivery in waiting
    ]


def hand_rows(connection: Connection, ours: Sequence[Delivery], *, until: datetime | None, at: datetime) -> None:
    """Marks the deliveries as handed over, with a longer lease where one is given."""
    for chunk in in_chunks(ours):
        connection.execute(_HAND, {"ids": [delivery.id for delivery in chunk], "until": until, "at": at})


def still_ours(
    connection: Connection, leased: Sequence[Delivery], owner: str, states: Collection[DeliveryState]
) -> list[Delivery]:
    """Those of the deliveries whose row has this owner and attempt, with the state it is in; the rows stay locked."""
    attempts = {delivery.id: delivery for delivery in leased}
    query = (
        select(deliveries.c.id, deliveries.c.attempt, deliveries.c.state)
        .where(deliveries.c.id.in_(list(attempts)), deliveries.c.owner == owner, deliveries.c.state.in_(list(states)))
        .order_by(deliveries.c.id)
        .with_for_update()
    )
    return [
        replace(attempts[row.id], state=DeliveryState(row.state))
        for row in connection.execute(query)
        if row.attempt == attempts[row.id].attempt
    ]
