"""The ledger's rows in SQL, each within a connection of the caller's.

The statements are built once: in groups of twenty, building them would cost more than running them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, func, or_, select, update

from newsletter.model import Delivery, DeliveryState
from newsletter.storage.engine import execute_all, in_chunks
from newsletter.storage.ledger import GivenUp, Reader, Settlement, delivery_of, shown_as_text
from newsletter.storage.schema import deliveries, editions, subscribers, suppressions
from newsletter.storage.subscribers import subscriber_of
from newsletter.storage.times import UtcDateTime
from newsletter.text import one_line

MAX_ERROR_CHARACTERS = 500
LOST = "its sender ended before the provider's answer was recorded"

_COLUMNS = deliveries.c
_NAMES = [column.name for column in deliveries.columns]
_AT = bindparam("at", type_=UtcDateTime)
_UNTIL = bindparam("until", type_=UtcDateTime)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_LIMIT: BindParameter[int] = bindparam("limit")

_WAITING = (
    select(deliveries)
    .outerjoin(editions, editions.c.id == _COLUMNS.edition)
    .where(or_(editions.c.paused.is_(None), editions.c.paused.is_(False)))
    .order_by(_COLUMNS.id)
    .limit(_LIMIT)
    .with_for_update(of=deliveries, skip_locked=True)
)
# Two queries, for one over both states would sort all that is ready at each lease.
_DUE = _WAITING.where(_COLUMNS.state == DeliveryState.RETRY, _COLUMNS.retry_at <= _AT)
_READY = _WAITING.where(_COLUMNS.state == DeliveryState.READY)
_READERS = (
    select(subscribers, suppressions.c.reason)
    .outerjoin(suppressions, suppressions.c.address_hash == subscribers.c.address_hash)
    .where(subscribers.c.id.in_(_IDS))
)
_OURS = (
    select(_COLUMNS.id, _COLUMNS.attempt, _COLUMNS.state)
    .where(_COLUMNS.id.in_(_IDS), _COLUMNS.owner == bindparam("owner"))
    .order_by(_COLUMNS.id)
    .with_for_update()
)
_IN_HAND = select(_COLUMNS.id, _COLUMNS.subscriber, _COLUMNS.lease_until).order_by(_COLUMNS.id).with_for_update()
_THESE = update(deliveries).where(_COLUMNS.id.in_(_IDS)).values(updated_at=_AT)
_LEASE = _THESE.values(
    state=DeliveryState.LEASED,
    attempt=_COLUMNS.attempt + 1,
    owner=bindparam("owner"),
    lease_until=_UNTIL,
    retry_at=None,
)
_HAND = _THESE.values(state=DeliveryState.HANDED, lease_until=func.coalesce(_UNTIL, _COLUMNS.lease_until))
_LOSE = _THESE.values(state=DeliveryState.UNCERTAIN, error=LOST, lease_until=None)
_RETURN = _THESE.values(state=DeliveryState.READY, owner=None, lease_until=None)
_SHOW = update(deliveries).where(_COLUMNS.id == bindparam("row_id")).values(shown=bindparam("ids"))
_SETTLE = (
    update(deliveries)
    .where(_COLUMNS.id == bindparam("row_id"))
    .values({name: bindparam(name) for name in ("state", "attempt", "owner", "retry_at", "sent_at", "updated_at")})
    .values({name: bindparam(name) for name in ("provider", "provider_id", "error")})
    .values(lease_until=None)
)


def read_rows(connection: Connection, query: Select[Any], **parameters: Any) -> list[Delivery]:
    """The deliveries that a SELECT of the whole table's columns finds."""
    return [delivery_of(zip(_NAMES, row, strict=True)) for row in connection.execute(query, parameters)]


def open_rows(connection: Connection, limit: int, *, at: datetime, only: Collection[str] | None) -> list[Delivery]:
    """Deliveries that wait, and which no other transaction is about to take: due retries first, then by age."""
    due, ready = _DUE, _READY
    if only is not None:
        theirs = _COLUMNS.subscriber.in_(list(only))
        due, ready = due.where(theirs), ready.where(theirs)
    found = read_rows(connection, due, at=at, limit=limit)
    if len(found) < limit:
        found += read_rows(connection, ready, limit=limit - len(found))
    return found


def read_readers(connection: Connection, ids: Iterable[str]) -> dict[str, Reader]:
    """Id -> the reader and, where the address is suppressed, why."""
    found = {}
    for chunk in in_chunks(ids):
        for row in connection.execute(_READERS, {"ids": chunk}).mappings():
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


def hand_rows(connection: Connection, ids: Collection[int], *, until: datetime | None, at: datetime) -> None:
    """Marks the deliveries as handed over, with a longer lease where one is given."""
    for chunk in in_chunks(ids):
        connection.execute(_HAND, {"ids": chunk, "until": until, "at": at})


def note_shown(connection: Connection, shown: Mapping[int, Sequence[str]]) -> None:
    """Writes down which entries are on the cards, where that is not what was planned."""
    execute_all(connection, _SHOW, [{"row_id": key, "ids": shown_as_text(ids)} for key, ids in shown.items()])


def settle_rows(connection: Connection, settlements: Sequence[Settlement], *, owner: str | None, at: datetime) -> None:
    """Moves rows that the caller has made sure of; who waits again belongs to nobody."""
    execute_all(connection, _SETTLE, [_settled_row(settlement, owner=owner, at=at) for settlement in settlements])


def give_up_rows(connection: Connection, *, at: datetime, expired_only: bool) -> GivenUp:
    """Takes what is leased or handed from its sender: all, or that of which the lease is over."""

    def in_hand(state: DeliveryState) -> list[Any]:
        rows = connection.execute(_IN_HAND.where(_COLUMNS.state == state))
        return [row for row in rows if not expired_only or row.lease_until <= at]

    leased, handed = in_hand(DeliveryState.LEASED), in_hand(DeliveryState.HANDED)
    for statement, rows in ((_RETURN, leased), (_LOSE, handed)):
        for chunk in in_chunks(rows):
            connection.execute(statement, {"ids": [row.id for row in chunk], "at": at})
    return GivenUp(ready=len(leased), uncertain=tuple(row.subscriber for row in handed))


def still_ours(connection: Connection, leased: Sequence[Delivery], *, owner: str) -> dict[int, DeliveryState]:
    """Id -> state of those whose row has this owner and this attempt; the rows stay locked."""
    attempts = {delivery.id: delivery.attempt for delivery in leased}
    return {
        row_id: DeliveryState(state)
        for chunk in in_chunks(attempts)
        for row_id, attempt, state in connection.execute(_OURS, {"ids": chunk, "owner": owner})
        if attempt == attempts[row_id]
    }


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
