"""What the ledger knows: questions that change nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, func, or_, select, text, union_all

from newsletter.model import Delivery, DeliveryState
from newsletter.storage.engine import Database, in_chunks
from newsletter.storage.entries import aliases_of
from newsletter.storage.kept import Kept
from newsletter.storage.ledger import NEVER_SHOWN, delivery_of
from newsletter.storage.schema import (
    AT_REST,
    IS_AT_REST,
    IS_DIGEST,
    IS_NO_DIGEST,
    IS_READY,
    deliveries,
    editions,
    inputs,
    messages,
)

MOVING = frozenset({DeliveryState.READY, DeliveryState.LEASED, DeliveryState.HANDED, DeliveryState.SENT})
"""States that the index of what is at rest leaves out."""
LEFT_US = frozenset({DeliveryState.HANDED, DeliveryState.SENT, DeliveryState.UNCERTAIN})
"""States in which a message may have reached its reader."""
WAITS = ((IS_READY,), (IS_AT_REST, deliveries.c.state == DeliveryState.RETRY))
"""What waits is found by two indexes."""

_WHOLE = select(deliveries, inputs.c.message_id, inputs.c.shown, inputs.c.payload).join(inputs)
"""Deliveries with all that their record says."""
_NAMES = [column.name for column in _WHOLE.selected_columns]
_OF_READER = and_(
    IS_DIGEST,
    deliveries.c.subscriber == bindparam("reader"),
    deliveries.c.state.in_(sorted(LEFT_US)),
)
"""A reader's digests that were handed over."""
_OF_DAY = and_(_OF_READER, deliveries.c.local_date == bindparam("day"))
_MESSAGE = select(messages.c.encoding, messages.c.body).join(deliveries).where(_OF_DAY)
_KEPT = _WHOLE.join(messages, messages.c.delivery_id == deliveries.c.id).where(_OF_DAY)
_KEPT_DATES = select(deliveries.c.local_date).join(messages).where(_OF_READER).order_by(deliveries.c.local_date.desc())
_DIGESTS = _WHOLE.where(_OF_READER).order_by(deliveries.c.local_date.desc())

_COUNTS = text(
    "SELECT 'total' AS state, count(*) FROM deliveries"
    " UNION ALL SELECT 'ready', count(*) FROM deliveries WHERE state = 'ready'"
    " UNION ALL SELECT state, count(*) FROM deliveries WHERE owner IS NOT NULL AND state IN ('leased', 'handed')"
    " GROUP BY state"
    " UNION ALL SELECT state, count(*) FROM deliveries WHERE [at rest] GROUP BY state".replace("[at rest]", AT_REST)
)


class KnownDeliveries:
    """The deliveries and what was handed over, to look at."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept = Kept(database)

    def is_anything_ready(
        self, *, at: datetime, only: Collection[str] | None = None, letters_only: bool = False
    ) -> bool:
        """Whether a lease would find something to do."""
        query = (
            select(deliveries.c.id)
            .outerjoin(editions, editions.c.id == deliveries.c.edition)
            .where(or_(editions.c.paused.is_(None), editions.c.paused.is_(False)))
            .limit(1)
        )
        if only is not None:
            query = query.where(deliveries.c.subscriber.in_(list(only)))
        if letters_only:
            query = query.where(IS_NO_DIGEST)
        due = query.where(IS_AT_REST, deliveries.c.state == DeliveryState.RETRY, deliveries.c.retry_at <= at)
        with self._database.reading() as connection:
            return any(connection.scalar(one) is not None for one in (query.where(IS_READY), due))

    def count_waiting(self, *, now: datetime, only: Collection[str] | None = None) -> int:
        """How many digests a run may still send, now or when their retry is due."""
        query = select(func.count()).where(IS_DIGEST, deliveries.c.valid_until > now)
        if only is not None:
            query = query.where(deliveries.c.subscriber.in_(list(only)))
        with self._database.reading() as connection:
            return sum(connection.scalar(query.where(*which)) or 0 for which in WAITS)

    def states(self, dates: Mapping[str, date]) -> dict[str, DeliveryState]:
        """Reader -> what became of their digest for that local date; those without one are left out."""
        query = select(deliveries.c.subscriber, deliveries.c.local_date, deliveries.c.state).where(
            IS_DIGEST, deliveries.c.local_date.in_(set(dates.values()))
        )
        rows = self._of_readers(query, dates)
        return {reader: DeliveryState(state) for reader, day, state in rows if dates[reader] == day}

    def shown_since(self, readers: Iterable[str], at: datetime, *, before: date | None = None) -> dict[str, set[str]]:
        """Reader -> ids, as they are now, of the entries on their cards in digests made at or after that instant.

        What failed, was suppressed or cancelled was not shown. Readers who were shown nothing are left out. With a date
        only digests of days ``before`` it count.
        """
        query = (
            select(deliveries.c.subscriber, inputs.c.shown)
            .join(inputs)
            .where(IS_DIGEST, deliveries.c.created_at >= at, deliveries.c.state.not_in(NEVER_SHOWN))
        )
        if before is not None:
            query = query.where(deliveries.c.local_date < before)
        shown: dict[str, set[str]] = {}
        for reader, ids in self._of_readers(query, readers):
            shown.setdefault(reader, set()).update(json.loads(ids))
        with self._database.reading() as connection:
            current = aliases_of(connection, set().union(*shown.values()))
        return {reader: {current.get(entry_id, entry_id) for entry_id in ids} for reader, ids in shown.items()}

    def counts(self) -> dict[DeliveryState, int]:
        """How many deliveries are in each state; states of none are left out."""
        with self._database.reading() as connection:
            counted = {state: count for state, count in connection.execute(_COUNTS) if count}
        sent = counted.pop("total", 0) - sum(counted.values())  # what is left of all
        return {DeliveryState(state): count for state, count in ({"sent": sent} | counted).items() if count}

    def find(
        self,
        *,
        states: Collection[DeliveryState] | None = None,
        subscriber: str | None = None,
        edition: str | None = None,
        local_date: date | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        """The latest deliveries that fit, latest first; ``before``: the last id of the page before."""
        query = _WHOLE.order_by(deliveries.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(deliveries.c.id < before)
        if states is not None:
            query = query.where(deliveries.c.state.in_(list(states)))
            if not set(states) & MOVING:
                query = query.where(IS_AT_REST)
        if subscriber is not None:
            mine = select(deliveries.c.id).where(deliveries.c.subscriber == subscriber)
            query = query.where(deliveries.c.id.in_(union_all(mine.where(IS_DIGEST), mine.where(IS_NO_DIGEST))))
        for column, wanted in (("edition", edition), ("local_date", local_date)):
            if wanted is not None:
                query = query.where(deliveries.c[column] == wanted)
        with self._database.reading() as connection:
            return _read(connection, query)

    def by_id(self, delivery_id: int) -> Delivery | None:
        """The delivery of that id."""
        with self._database.reading() as connection:
            return next(iter(_read(connection, _WHOLE.where(deliveries.c.id == delivery_id))), None)

    def message(self, subscriber: str, local_date: date) -> bytes | None:
        """The bytes of the digest that was handed over for that date; ``None`` where there are none, or no longer."""
        with self._database.reading() as connection:
            kept = connection.execute(_MESSAGE, {"reader": subscriber, "day": local_date}).one_or_none()
            return None if kept is None else self._kept.read(connection, kept.encoding, kept.body)

    def kept_digest(self, subscriber: str, local_date: date) -> Delivery | None:
        """The delivery whose bytes ``message`` has."""
        with self._database.reading() as connection:
            return next(iter(_read(connection, _KEPT, {"reader": subscriber, "day": local_date})), None)

    def kept_dates(self, subscriber: str) -> list[date]:
        """The dates for which ``message`` has this reader's digest, latest first."""
        with self._database.reading() as connection:
            return list(connection.scalars(_KEPT_DATES, {"reader": subscriber}))

    def digests(self, subscriber: str, *, limit: int) -> list[Delivery]:
        """The latest digests that were handed over to this reader, latest first."""
        with self._database.reading() as connection:
            return _read(connection, _DIGESTS.limit(limit), {"reader": subscriber})

    def _of_readers(self, query: Select[Any], readers: Iterable[str]) -> Iterator[Any]:
        with self._database.reading() as connection:
            for chunk in in_chunks(set(readers)):
                yield from connection.execute(query.where(deliveries.c.subscriber.in_(chunk)))


def _read(connection: Connection, query: Select[Any], values: Mapping[str, Any] | None = None) -> list[Delivery]:
    """The deliveries that a SELECT of ``_WHOLE`` finds."""
    return [delivery_of(zip(_NAMES, row, strict=True)) for row in connection.execute(query, values)]
