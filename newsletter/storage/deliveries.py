"""The ledger: one row a message, written before the provider is touched.

Every write after a lease looks again, in its own transaction, whether the row is still that lease's: owner and attempt
are the fence that a sender runs into who was taken for dead.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, select, update

from newsletter.errors import UsageError
from newsletter.model import Delivery, DeliveryState
from newsletter.storage.codec import compress, decompress
from newsletter.storage.counter import HandCounter
from newsletter.storage.delivery_rows import (
    give_up_rows,
    hand_rows,
    lease_rows,
    note_shown,
    open_rows,
    read_readers,
    read_rows,
    settle_rows,
    still_ours,
)
from newsletter.storage.engine import Database, execute_all, in_chunks
from newsletter.storage.entries import aliases_of
from newsletter.storage.ledger import (
    NEVER_SHOWN,
    SENDING,
    WAITING,
    GivenUp,
    Leased,
    NewDelivery,
    Settlement,
    bar,
    before,
    row_of,
)
from newsletter.storage.schema import IS_DIGEST, deliveries, messages


class Deliveries:
    """The store of deliveries. ``now`` is the product's clock, ``at`` the machine's."""

    def __init__(self, database: Database, counter: HandCounter) -> None:
        self._database = database
        self._counter = counter
        self._insert = database.insert(deliveries).on_conflict_do_nothing()
        self._keep = database.upsert(messages)

    # -- a delivery's life ---------------------------------------------------------------------------------------

    def plan(self, new: Iterable[NewDelivery]) -> int:
        """Inserts what is not there yet, all or nothing; how many were new (one digest a reader and local date)."""
        with self._database.writing() as connection:
            return execute_all(connection, self._insert, [row_of(delivery) for delivery in new])

    def lease(
        self,
        *,
        owner: str,
        limit: int,
        until: datetime,
        now: datetime,
        at: datetime,
        only: Collection[str] | None = None,
    ) -> Leased:
        """Takes at most ``limit`` deliveries that are ready or due for a retry, oldest first.

        Suppressions and readers' states are looked up in the same transaction: what forbids to send, and was committed
        before, is heeded. Deliveries that may not be sent any more are settled here. ``only``: these readers' alone.
        """
        with self._database.writing() as connection:
            found = open_rows(connection, limit, at=at, only=only)
            readers = read_readers(connection, {delivery.subscriber for delivery in found})
            barred = bar(found, readers, now=now)
            settle_rows(connection, barred, owner=None, at=at)
            ids = {settlement.delivery.id for settlement in barred}
            taken = lease_rows(connection, [d for d in found if d.id not in ids], owner=owner, until=until, at=at)
        return Leased(
            deliveries=tuple(taken),
            subscribers={name: known.subscriber for name, known in readers.items()},
            settled=tuple(settlement.state for settlement in barred),
        )

    def hand(
        self,
        leased: Sequence[Delivery],
        *,
        owner: str,
        bodies: Mapping[int, bytes],
        shown: Mapping[int, Sequence[str]] | None = None,
        until: datetime | None = None,
    ) -> set[int]:
        """Records, before the first byte of a body leaves us, that these are being handed over; ids still ours.

        Only those may be given to the provider. ``bodies`` are kept for ``message``; ``shown`` are the entries on the
        cards of messages that have others than planned; ``until`` renews the lease.
        """
        at = self._database.clock()
        packed = {delivery_id: compress(body) for delivery_id, body in bodies.items()}
        with self._database.writing() as connection:
            ours = {
                delivery_id
                for delivery_id, state in still_ours(connection, leased, owner=owner).items()
                if state is DeliveryState.LEASED
            }
            hand_rows(connection, ours, until=until, at=at)
            note_shown(connection, {key: ids for key, ids in (shown or {}).items() if key in ours})
            kept = [(delivery_id, packed[delivery_id]) for delivery_id in ours & packed.keys()]
            rows = [{"delivery_id": key, "kept_at": at, "encoding": "zlib", "body": body} for key, body in kept]
            execute_all(connection, self._keep, rows)
            count = self._counter.bump(connection) if ours else 0
        self._counter.publish(count)
        return ours

    def record(self, settlements: Sequence[Settlement], *, owner: str) -> list[Settlement]:
        """Writes what became of a group; those whose word still counted.

        ``ready`` says that nothing left us: the attempt is given back. An answer that comes after the lease was given
        up for lost settles what had become uncertain, and nothing that another sender has taken since.
        """
        return self._settle(settlements, owner, SENDING)

    def release(self, leased: Sequence[Delivery], *, owner: str) -> int:
        """Makes leased deliveries ready again, their attempt not spent; how many were still ours and not handed."""
        back = [Settlement(delivery=delivery, state=DeliveryState.READY) for delivery in leased]
        return len(self._settle(back, owner, {DeliveryState.LEASED}))

    def settle_dead(self, *, at: datetime, expired_only: bool = False) -> GivenUp:
        """Gives dead senders' deliveries up: leased becomes ready, handed uncertain.

        For who has just taken the run's lock where one process sends; ``expired_only`` where others may be at work.
        """
        with self._database.writing() as connection:
            return give_up_rows(connection, at=at, expired_only=expired_only)

    def expire(self, *, now: datetime) -> int:
        """Fails what waits although its day is over, so that its papers count as not shown; how many."""
        late = update(deliveries).where(
            deliveries.c.state.in_([DeliveryState.READY, DeliveryState.RETRY]), deliveries.c.valid_until <= now
        )
        why = "its time was over before it could be sent"
        with self._database.writing() as connection:
            values = {"state": DeliveryState.FAILED, "error": why, "updated_at": self._database.clock()}
            return connection.execute(late.values(values)).rowcount

    # -- what an operator decides --------------------------------------------------------------------------------

    def settle(self, delivery_id: int, state: DeliveryState) -> bool:
        """An uncertain delivery was sent after all, or was not (failed); false where it is not uncertain."""
        if state not in {DeliveryState.SENT, DeliveryState.FAILED}:
            raise UsageError(f"an uncertain delivery can be settled as sent or as failed, not as {state}")
        return self._decide(delivery_id, state, {DeliveryState.UNCERTAIN})

    def retry(self, delivery_id: int) -> bool:
        """Makes a failed or uncertain delivery ready again: the reader may get it twice; false where it is neither.

        The next run sends it if it is still valid then, and fails it again if not.
        """
        return self._decide(delivery_id, DeliveryState.READY, {DeliveryState.FAILED, DeliveryState.UNCERTAIN})

    def cancel(self, edition: str) -> int:
        """Stops what was not handed over of an edition, from the next lease on; how many deliveries."""
        stopped = update(deliveries).where(deliveries.c.edition == edition, deliveries.c.state.in_(WAITING))
        with self._database.writing() as connection:
            values = {"state": DeliveryState.CANCELLED, "updated_at": self._database.clock()}
            return connection.execute(stopped.values(values)).rowcount

    # -- what is known -------------------------------------------------------------------------------------------

    def is_anything_ready(self, *, at: datetime, only: Collection[str] | None = None) -> bool:
        """Whether a lease would find something to do."""
        with self._database.reading() as connection:
            return bool(open_rows(connection, 1, at=at, only=only))

    def count_waiting(self, *, now: datetime, only: Collection[str] | None = None) -> int:
        """How many deliveries a run may still send, now or when their retry is due."""
        query = select(func.count()).where(deliveries.c.state.in_(WAITING), deliveries.c.valid_until > now)
        if only is not None:
            query = query.where(deliveries.c.subscriber.in_(list(only)))
        with self._database.reading() as connection:
            return connection.scalar(query) or 0

    def states(self, dates: Mapping[str, date]) -> dict[str, DeliveryState]:
        """Reader -> what became of their digest for that local date; those without one are left out."""
        query = select(deliveries.c.subscriber, deliveries.c.local_date, deliveries.c.state).where(
            IS_DIGEST, deliveries.c.local_date.in_(set(dates.values()))
        )
        rows = self._of_readers(query, dates)
        return {reader: DeliveryState(state) for reader, day, state in rows if dates[reader] == day}

    def known_subscribers(self) -> set[str]:
        """Ids of the readers for whom a digest was ever planned."""
        with self._database.reading() as connection:
            return set(connection.scalars(select(deliveries.c.subscriber).distinct().where(IS_DIGEST)))

    def shown_since(self, readers: Iterable[str], at: datetime) -> dict[str, set[str]]:
        """Reader -> ids, as they are now, of the entries on their cards in digests made at or after that instant.

        What failed, was suppressed or cancelled was not shown. Readers who were shown nothing are left out.
        """
        query = select(deliveries.c.subscriber, deliveries.c.shown).where(
            IS_DIGEST, deliveries.c.created_at >= at, deliveries.c.state.not_in(NEVER_SHOWN)
        )
        shown: dict[str, set[str]] = {}
        for reader, ids in self._of_readers(query, readers):
            shown.setdefault(reader, set()).update(json.loads(ids))
        with self._database.reading() as connection:
            current = aliases_of(connection, set().union(*shown.values()))
        return {reader: {current.get(entry_id, entry_id) for entry_id in ids} for reader, ids in shown.items()}

    def counts(self) -> dict[DeliveryState, int]:
        """How many deliveries are in each state; states of none are left out."""
        query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
        with self._database.reading() as connection:
            return {DeliveryState(state): count for state, count in connection.execute(query)}

    def find(
        self,
        *,
        states: Collection[DeliveryState] | None = None,
        subscriber: str | None = None,
        edition: str | None = None,
        local_date: date | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        """The latest deliveries that fit, latest first."""
        query = select(deliveries).order_by(deliveries.c.id.desc()).limit(limit)
        if states is not None:
            query = query.where(deliveries.c.state.in_(list(states)))
        for column, wanted in (("subscriber", subscriber), ("edition", edition), ("local_date", local_date)):
            if wanted is not None:
                query = query.where(deliveries.c[column] == wanted)
        with self._database.reading() as connection:
            return read_rows(connection, query)

    def by_id(self, delivery_id: int) -> Delivery | None:
        """The delivery of that id."""
        with self._database.reading() as connection:
            return next(iter(read_rows(connection, select(deliveries).where(deliveries.c.id == delivery_id))), None)

    def message(self, subscriber: str, local_date: date) -> bytes | None:
        """The bytes of the digest that was handed over for that date; ``None`` where there are none, or no longer."""
        left_us = {DeliveryState.HANDED, DeliveryState.SENT, DeliveryState.UNCERTAIN}
        query = (
            select(messages.c.body)
            .join(deliveries)
            .where(
                IS_DIGEST,
                deliveries.c.subscriber == subscriber,
                deliveries.c.local_date == local_date,
                deliveries.c.state.in_(left_us),
            )
        )
        with self._database.reading() as connection:
            body = connection.scalar(query)
        return None if body is None else decompress(body)

    def prune(self, now: datetime, *, messages_older_than: timedelta, rows_older_than: timedelta) -> tuple[int, int]:
        """Deletes what is kept no longer; how many messages and how many ledger rows (their messages not counted)."""
        with self._database.writing() as connection:
            old = delete(messages).where(messages.c.kept_at <= now - messages_older_than)
            rows = delete(deliveries).where(deliveries.c.created_at <= now - rows_older_than)
            return connection.execute(old).rowcount, connection.execute(rows).rowcount

    # -- inside --------------------------------------------------------------------------------------------------

    def _settle(
        self, settlements: Sequence[Settlement], owner: str, states: Collection[DeliveryState]
    ) -> list[Settlement]:
        with self._database.writing() as connection:
            ours = still_ours(connection, [settlement.delivery for settlement in settlements], owner=owner)
            counted = [
                settlement
                for settlement in settlements
                if (state := ours.get(settlement.delivery.id)) in states and state in before(settlement.state)
            ]
            settle_rows(connection, counted, owner=owner, at=self._database.clock())
        return counted

    def _of_readers(self, query: Select[Any], readers: Iterable[str]) -> Iterator[Any]:
        with self._database.reading() as connection:
            for chunk in in_chunks(set(readers)):
                yield from connection.execute(query.where(deliveries.c.subscriber.in_(chunk)))

    def _decide(self, delivery_id: int, state: DeliveryState, origins: Collection[DeliveryState]) -> bool:
        at = self._database.clock()
        decided = update(deliveries).where(deliveries.c.id == delivery_id, deliveries.c.state.in_(list(origins)))
        values: dict[str, Any] = {"state": state, "owner": None, "retry_at": None, "updated_at": at}
        if state is DeliveryState.SENT:
            values["sent_at"] = at
        with self._database.writing() as connection:
            return connection.execute(decided.values(values)).rowcount > 0
