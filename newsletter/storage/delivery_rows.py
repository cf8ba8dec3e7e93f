"""The ledger's rows in SQL, each within a transaction of the caller's; a group of messages costs a handful of
statements. Every write after a lease compares owner, attempt and state with what the lease was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic_core import from_json
from sqlalchemy import BindParameter, Connection, bindparam, select, update

from newsletter.model import DIGEST, Delivery, DeliveryState, Subscriber
from newsletter.storage import delivery_sql as sql
from newsletter.storage.bare import Bare
from newsletter.storage.engine import in_chunks
from newsletter.storage.ledger import (
    SENDING,
    GivenUp,
    NewDelivery,
    Reader,
    Settlement,
    Wanted,
    before,
    obstacle,
    shown_as_text,
)
from newsletter.storage.schema import IS_IN_HAND, deliveries
from newsletter.storage.subscriber_rows import subscriber_from
from newsletter.storage.times import UtcDateTime
from newsletter.text import one_line

MAX_ERROR_CHARACTERS = 500
ROWS_AT_ONCE = 50
"""Rows of one statement: what a statement costs by itself is spread over them."""
SUPPRESSED_BEFORE = "the address was suppressed before the digest was made"
LOST = "its sender ended before the provider's answer was recorded"


class NotOurs(Exception):
    """A row is not in the state, or not of the lease, that the caller took it for."""


def _settle_from(origins: Collection[DeliveryState]) -> str:
    return sql.SETTLE + "(" + ", ".join(f"'{origin.value}'" for origin in sorted(origins)) + ")"


_SETTLE = {state: _settle_from(before(state) & SENDING) for state in DeliveryState}
"""By the state that a sender's word leads to: not from all of them it may."""

_COLUMNS = deliveries.c
_AT = bindparam("at", type_=UtcDateTime)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_IN_HAND = (
    select(_COLUMNS.id, _COLUMNS.kind, _COLUMNS.subscriber, _COLUMNS.lease_until)
    .where(IS_IN_HAND)
    .order_by(_COLUMNS.id)
)
_THESE = update(deliveries).where(_COLUMNS.id.in_(_IDS)).values(updated_at=_AT)
_LOSE = _THESE.values(state=DeliveryState.UNCERTAIN, error=LOST, lease_until=None)
_RETURN = _THESE.values(state=DeliveryState.READY, owner=None, lease_until=None)


# -- planning ------------------------------------------------------------------------------------------------------


def plan_rows(bare: Bare, new: Sequence[NewDelivery]) -> int:
    """Inserts those that are not there yet; how many."""
    return sum(_plan_some(bare, some) for some in in_chunks(new, ROWS_AT_ONCE))


def plan_suppressed_rows(bare: Bare, new: Sequence[NewDelivery], *, at: datetime) -> int:
    """The same, and none of them waits to be sent."""
    planned = plan_rows(bare, new)
    for one in new:
        bare.write(sql.SUPPRESS, [SUPPRESSED_BEFORE, bare.instant(at), one.subscriber, bare.day(one.local_date)])
    return planned


def _plan_some(bare: Bare, new: Sequence[NewDelivery]) -> int:
    ids = _next_ids(bare, len(new))
    row, instant, day = [], bare.instant, bare.day
    for row_id, one in zip(ids, new, strict=True):
        made = instant(one.created_at)
        row += [row_id, one.kind, one.subscriber, day(one.local_date), one.edition]
        row += [instant(one.valid_until), made, made]
    planned = bare.write(sql.PLAN, row, count=len(new))
    inserted = set(ids)
    if planned != len(new):
        inserted = {row_id for (row_id,) in bare.read(sql.PLANNED, ids, count=len(ids))}
    made_of: list[Any] = []
    for row_id, one in zip(ids, new, strict=True):
        if row_id in inserted:
            made_of += [row_id, one.message_id, shown_as_text(one.shown), one.payload]
    if made_of:
        bare.write(sql.INPUTS, made_of, count=planned)
    return planned


def _next_ids(bare: Bare, count: int) -> list[int]:
    """Ids that no delivery ever had."""
    if bare.is_sqlite:
        [[last]] = bare.read(sql.LAST_ID)
        return list(range(last + 1, last + 1 + count))
    return sorted(row_id for (row_id,) in bare.read(sql.NEXT_IDS, [count]))


# -- leasing -------------------------------------------------------------------------------------------------------


def open_rows(bare: Bare, wanted: Wanted) -> tuple[list[Delivery], dict[str, Reader]]:
    """Deliveries that wait, and which no other transaction is about to take, as they are once they are leased; with
    their readers as they stand now. Due retries go first, then by age."""
    rows = _waiting(bare, sql.DUE, [bare.instant(wanted.at)], wanted, limit=wanted.limit)
    if len(rows) < wanted.limit:
        rows += _waiting(bare, sql.READY, [], wanted, limit=wanted.limit - len(rows))
    return [_leased(bare, row, wanted) for row in rows], _readers(bare, rows)


def _waiting(bare: Bare, which: str, values: list[Any], wanted: Wanted, *, limit: int) -> list[tuple[Any, ...]]:
    query = sql.WAITING + which + sql.LETTERS * wanted.letters_only
    if wanted.only is None:
        return bare.read(query + sql.OLDEST_FIRST, [*values, limit])
    theirs = list(wanted.only)
    return bare.read(query + sql.THEIRS + sql.OLDEST_FIRST, [*values, *theirs, limit], count=len(theirs))


def _leased(bare: Bare, row: tuple[Any, ...], wanted: Wanted) -> Delivery:
    return Delivery(
        id=row[0],
        kind=row[1],
        subscriber=row[2],
        local_date=bare.read_day(row[3]),
        edition=row[4],
        state=DeliveryState.LEASED,
        attempt=row[5] + 1,
        owner=wanted.owner,
        lease_until=wanted.until,
        retry_at=None,
        valid_until=bare.read_instant(row[6]),
        message_id=row[11],
        provider=row[7],
        provider_id=row[8],
        error=row[9],
        created_at=bare.read_instant(row[10]),
        updated_at=wanted.at,
        sent_at=None,
        shown=tuple(from_json(row[12])),
        payload=row[13],
    )


def _readers(bare: Bare, rows: Iterable[tuple[Any, ...]]) -> dict[str, Reader]:
    """Id -> the reader and, where the address is suppressed, why."""
    found = {}
    for row in rows:
        if row[15] is not None:
            found[row[2]] = Reader(_subscriber(bare, row[15:]), row[14])
    return found


def _subscriber(bare: Bare, values: tuple[Any, ...]) -> Subscriber:
    return subscriber_from(values, read_instant=bare.read_instant, read_day=bare.read_day)


def lease_rows(bare: Bare, taken: Sequence[Delivery], wanted: Wanted) -> None:
    """Takes deliveries that ``open_rows`` has found."""
    for chunk in in_chunks(taken):
        values = [wanted.owner, bare.instant(wanted.until), bare.instant(wanted.at), *(one.id for one in chunk)]
        bare.write(sql.LEASE, values, count=len(chunk))


def bar_rows(bare: Bare, barred: Iterable[Settlement], *, at: datetime) -> None:
    """Ends deliveries that ``open_rows`` has found and that may not be sent."""
    by_end: dict[tuple[DeliveryState, str | None], list[int]] = defaultdict(list)
    for one in barred:
        by_end[one.state, one.error].append(one.delivery.id)
    for (state, error), ids in by_end.items():
        bare.write(sql.BARRED, [state.value, error, bare.instant(at), *ids], count=len(ids))


# -- handing over and recording ------------------------------------------------------------------------------------


def still_ours(bare: Bare, leased: Sequence[Delivery], *, owner: str) -> dict[int, DeliveryState]:
    """Id -> state of those whose row has this owner and this attempt; the rows stay locked."""
    attempts = {delivery.id: delivery.attempt for delivery in leased}
    return {
        row_id: DeliveryState(state)
        for chunk in in_chunks(attempts)
        for row_id, attempt, state in bare.read(sql.OURS, [*chunk, owner], count=len(chunk))
        if attempt == attempts[row_id]
    }


def hand_rows(bare: Bare, leased: Sequence[Delivery], *, owner: str, until: datetime | None, at: datetime) -> None:
    """Marks leased deliveries as handed over, with a longer lease where one is given; NotOurs where one is not."""
    by_attempt: dict[int, list[int]] = defaultdict(list)
    for delivery in leased:
        by_attempt[delivery.attempt].append(delivery.id)
    for attempt, ids in by_attempt.items():
        values = [bare.instant(at), bare.instant(until), owner, attempt, *ids]
        if bare.write(sql.HAND, values, count=len(ids)) != len(ids):
            raise NotOurs


def find_barred(bare: Bare, leased: Sequence[Delivery]) -> set[int]:
    """Those that may not be sent any more, for a reader, an address or an edition has changed since the lease."""
    rows = bare.read(sql.NEWS, [delivery.id for delivery in leased], count=len(leased))
    news = {row[0]: row for row in rows}
    return {one.id for one in leased if one.id in news and _is_barred(bare, one, news[one.id])}


def _is_barred(bare: Bare, delivery: Delivery, row: tuple[Any, ...]) -> bool:
    reader = None if row[3] is None else Reader(_subscriber(bare, row[3:]), row[2])
    return bool(row[1]) or obstacle(delivery, reader) is not None


def note_shown(bare: Bare, shown: Mapping[int, Sequence[str]]) -> None:
    """Writes down which entries are on the cards, where that is not what was planned."""
    for row_id, ids in shown.items():
        bare.write(sql.SHOW, [shown_as_text(ids), row_id])


def settle_rows(bare: Bare, settlements: Iterable[Settlement], *, owner: str, at: datetime) -> None:
    """Moves rows of this owner's leases; who waits again, or is done with, belongs to nobody; NotOurs as above."""
    alike: dict[Hashable, list[Settlement]] = defaultdict(list)
    for one in settlements:
        word = one.state, one.spends_attempt, one.delivery.attempt, one.retry_at, one.provider, one.error
        alike[word].append(one)
    for group in alike.values():
        for some in in_chunks(group, ROWS_AT_ONCE):
            if _settle(bare, some, owner=owner, at=at) != len(some):
                raise NotOurs


def _settle(bare: Bare, alike: Sequence[Settlement], *, owner: str, at: datetime) -> int:
    """Writes the same word of them all; only the provider's ids are their own."""
    first, now = alike[0], bare.instant(at)
    state = first.state
    values: list[Any] = [
        state.value,
        int(state is DeliveryState.READY or not first.spends_attempt),
        owner if state in SENDING else None,
        now if state is DeliveryState.SENT else None,
        now,
        bare.instant(first.retry_at),
        first.provider,
        _short(first.error),
    ]
    for one in alike:
        values += (one.delivery.id, _short(one.provider_id))
    values += (owner, first.delivery.attempt)
    values += [one.delivery.id for one in alike]
    return bare.write(_SETTLE[state], values, count=len(alike))


def give_up_rows(connection: Connection, *, at: datetime, expired_only: bool) -> GivenUp:
    """Takes what is leased or handed from its sender: all, or that of which the lease is over."""

    # Where others are at work, a row that one of them has locked is in living hands, and not to be waited for.
    these = _IN_HAND.with_for_update(skip_locked=expired_only)

    def in_hand(state: DeliveryState) -> list[Any]:
        rows = connection.execute(these.where(_COLUMNS.state == state))
        return [row for row in rows if not expired_only or row.lease_until <= at]

    leased, handed = in_hand(DeliveryState.LEASED), in_hand(DeliveryState.HANDED)
    for statement, rows in ((_RETURN, leased), (_LOSE, handed)):
        for chunk in in_chunks(rows):
            connection.execute(statement, {"ids": [row.id for row in chunk], "at": at})
    return GivenUp(ready=len(leased), uncertain=tuple(row.subscriber for row in handed if row.kind == DIGEST))


def _short(said: str | None) -> str | None:
    """What a provider said, fit for a column whatever bytes it sent."""
    if said is None or (said.isprintable() and "  " not in said and len(said) < MAX_ERROR_CHARACTERS):
        return said
    return one_line(said)[:MAX_ERROR_CHARACTERS]
