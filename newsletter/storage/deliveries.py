"""The ledger: one row a message, written before the provider is touched.

Every write after a lease compares owner, attempt and state with what the lease was: they are the fence that a sender
runs into who was taken for dead.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, update

from newsletter.errors import UsageError
from newsletter.model import Delivery, DeliveryState, joined
from newsletter.storage.clock import ClockMark
from newsletter.storage.codec import compress
from newsletter.storage.counter import HandCounter
from newsletter.storage.delivery_rows import (
    NotOurs,
    give_up_rows,
    plan_rows,
    plan_suppressed_rows,
    settle_rows,
    still_ours,
)
from newsletter.storage.engine import Database
from newsletter.storage.kept import Stale
from newsletter.storage.known_deliveries import WAITS, KnownDeliveries
from newsletter.storage.ledger import (
    NOTHING_TO_HAND,
    GivenUp,
    HandOver,
    Leased,
    NewDelivery,
    Settlement,
    Turn,
    Turned,
    Wanted,
)
from newsletter.storage.parts import Body
from newsletter.storage.schema import IS_IN_HAND, IS_NO_DIGEST, deliveries, doubts, messages
from newsletter.storage.turn import take_turn


class Deliveries(KnownDeliveries):
    """The store of deliveries. ``now`` is the product's clock, ``at`` the machine's."""

    def __init__(self, database: Database, counter: HandCounter, clock: ClockMark) -> None:
        super().__init__(database)
        self._counter = counter
        self._clock = clock

    # -- a delivery's life ---------------------------------------------------------------------------------------

    def plan(self, new: Iterable[NewDelivery]) -> int:
        """Inserts what is not there yet, all or nothing; how many were new (one digest a reader and local date)."""
        with self._database.writing_bare() as bare:
            return plan_rows(bare, list(new))

    def plan_suppressed(self, new: Iterable[NewDelivery]) -> int:
        """The same for digests that are not made, for their readers must not be mailed: suppressed from the start."""
        with self._database.writing_bare() as bare:
            return plan_suppressed_rows(bare, list(new), at=self._database.clock())

    def turn(
        self,
        *,
        owner: str,
        answers: Sequence[Settlement] = (),
        hand: HandOver = NOTHING_TO_HAND,
        lease: Wanted | None = None,
    ) -> Turned:
        """What a sender does between two groups, in one transaction: ``record``, ``hand`` and ``lease``, in that order.

        One commit a group. On PostgreSQL, and where several processes send, it is the same.
        """
        turn = Turn(owner=owner, answers=answers, hand=hand, lease=lease)
        packed = {row_id: compress(joined(body)) for row_id, body in hand.bodies.items() if len(body) == 1}
        while True:
            with suppress(Stale):  # another process has deleted pieces: what this one knew of them is forgotten by now
                return self._turn(turn, packed)

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
        wanted = Wanted(owner=owner, limit=limit, until=until, now=now, at=at, only=only)
        return self.turn(owner=owner, lease=wanted).leased

    def hand(
        self,
        leased: Sequence[Delivery],
        *,
        owner: str,
        bodies: Mapping[int, Body],
        shown: Mapping[int, Sequence[str]] | None = None,
        until: datetime | None = None,
    ) -> frozenset[int]:
        """Records, before the first byte of a body leaves us, that these are being handed over; ids still ours.

        Only those may be given to the provider. What became forbidden to send since the lease is ready again, for the
        next lease to settle. ``bodies`` are kept for ``message``, each in pieces; ``shown`` are the entries on the
        cards of messages that have others than planned; ``until`` renews the lease.
        """
        hand = HandOver(deliveries=leased, bodies=bodies, shown=shown or {}, until=until)
        return self.turn(owner=owner, hand=hand).handed

    def record(self, settlements: Sequence[Settlement], *, owner: str) -> list[Settlement]:
        """Writes what became of a group; those whose word still counted.

        ``ready`` says that nothing left us: the attempt is given back. An answer that comes after the lease was given
        up for lost settles what had become uncertain, and nothing that another sender has taken since.
        """
        return list(self.turn(owner=owner, answers=settlements).recorded)

    def release(self, leased: Sequence[Delivery], *, owner: str) -> int:
        """Makes leased deliveries ready again, their attempt not spent; how many were still ours and not handed."""
        back = [Settlement(delivery=delivery, state=DeliveryState.READY) for delivery in leased]
        with self._database.writing_bare() as bare:
            ours = still_ours(bare, leased, owner=owner)
            mine = [one for one in back if ours.get(one.delivery.id) is DeliveryState.LEASED]
            settle_rows(bare, mine, owner=owner, at=self._database.clock())
        return len(mine)

    def settle_dead(self, *, at: datetime, expired_only: bool = False) -> GivenUp:
        """Gives dead senders' deliveries up: leased becomes ready, handed uncertain.

        For who has just taken the run's lock where one process sends; ``expired_only`` where others may be at work.
        Then nothing is given up while the machine's clock cannot be trusted.
        """
        with self._database.writing() as connection:
            if expired_only and not self._clock.may_reap(connection, at=at):
                return GivenUp(ready=0, uncertain=())
            return give_up_rows(connection, at=at, expired_only=expired_only)

    def expire(self, *, now: datetime) -> int:
        """Fails what waits although its day is over, so that its papers count as not shown; how many digests."""
        why = "its time was over before it could be sent"
        values = {"state": DeliveryState.FAILED, "error": why, "updated_at": self._database.clock()}
        late = update(deliveries).where(deliveries.c.valid_until <= now).values(values)
        with self._database.writing() as connection:
            for which in WAITS:
                connection.execute(late.where(IS_NO_DIGEST, *which))
            return sum(connection.execute(late.where(*which)).rowcount for which in WAITS)

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
        """Stops what was not handed over of an edition; how many deliveries.

        What is leased is taken from its sender. What is handed over may still be sent, and is not tried again.
        """
        theirs = update(deliveries).where(deliveries.c.edition == edition)
        stopped = theirs.values(
            state=DeliveryState.CANCELLED, owner=None, lease_until=None, updated_at=self._database.clock()
        )
        leased = IS_IN_HAND, deliveries.c.state == DeliveryState.LEASED
        handed = IS_IN_HAND, deliveries.c.state == DeliveryState.HANDED
        with self._database.writing() as connection:
            count = sum(connection.execute(stopped.where(*which)).rowcount for which in (*WAITS, leased))
            connection.execute(theirs.where(*handed).values(valid_until=deliveries.c.created_at))
        return count

    def prune(self, now: datetime, *, messages_older_than: timedelta, rows_older_than: timedelta) -> tuple[int, int]:
        """Deletes what is kept no longer; how many messages and how many ledger rows (their messages not counted)."""
        with self._database.writing() as connection:
            old = delete(messages).where(messages.c.kept_at <= now - messages_older_than)
            # By both clocks: the product's may have been set back for a run, and what that run did is new.
            rows = delete(deliveries).where(
                deliveries.c.created_at <= now - rows_older_than, deliveries.c.updated_at <= now - rows_older_than
            )
            gone = connection.execute(old).rowcount, connection.execute(rows).rowcount
        self._kept.prune_pieces()
        return gone

    # -- inside --------------------------------------------------------------------------------------------------

    def _turn(self, turn: Turn, packed: Mapping[int, bytes]) -> Turned:
        """Takes all rows for the sender's own, and looks whose they are only where they are not."""
        try:
            return self._commit(turn, packed, careful=False)
        except NotOurs:
            return self._commit(turn, packed, careful=True)

    def _commit(self, turn: Turn, packed: Mapping[int, bytes], *, careful: bool) -> Turned:
        at, count = self._database.clock(), 0
        with self._database.writing_bare() as bare:
            turned = take_turn(bare, turn, at=at, careful=careful)
            known = self._kept.keep(bare, turn.hand, packed, turned.handed, at=at)
            if turned.handed:
                count = self._counter.bump(bare)
        self._kept.remember(known)
        self._counter.publish(count)
        return turned

    def _decide(self, delivery_id: int, state: DeliveryState, origins: Collection[DeliveryState]) -> bool:
        at = self._database.clock()
        decided = update(deliveries).where(deliveries.c.id == delivery_id, deliveries.c.state.in_(list(origins)))
        values: dict[str, Any] = {"state": state, "owner": None, "retry_at": None, "updated_at": at}
        if state is DeliveryState.SENT:
            values["sent_at"] = at
        with self._database.writing() as connection:
            connection.execute(delete(doubts).where(doubts.c.delivery_id == delivery_id))  # now it is decided
            return connection.execute(decided.values(values)).rowcount > 0
