"""What was told about deliveries after they left us, each thing once, and what follows from all of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, update

from newsletter.addresses import normal_form
from newsletter.model import DeliveryState, Event, EventKind, SubscriberState
from newsletter.storage.engine import Database, in_chunks
from newsletter.storage.schema import deliveries, events, inputs, subscribers
from newsletter.storage.suppressions import BOUNCED, UNSUBSCRIBED, Suppressions
from newsletter.storage.told import FAILING, IN_HAND, SCORES, barring, settle_told, worn_out
from newsletter.text import one_line

CHUNK = 500
AT_ONCE = 500
"""Events of a transaction on SQLite. On PostgreSQL it is one: senders lock deliveries too, in an order of their own."""
REPORTED = "reported as"
MAX_DETAIL = 300
MAX_ADDRESSES = 20
"""Of one event that are looked up."""

_OURS = re.compile(r"<[0-9A-Za-z]{1,40}\.[0-9a-f]{24}@[\w.-]+>")
"""The shape of our Message-IDs."""
_ADDRESS = re.compile(r"\S*@\S*")


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a number of events."""

    new: int = 0
    known: int = 0
    """Told before."""
    strange: int = 0
    """Of the new ones: about no delivery and no reader of ours, or without proof of it; nothing follows from them."""
    settled: int = 0
    """Deliveries that stand elsewhere by it."""
    suppressed: int = 0
    """Addresses that are not mailed any more."""

    def plus(self, more: Applied) -> Applied:
        """Both together."""
        return Applied(
            self.new + more.new,
            self.known + more.known,
            self.strange + more.strange,
            self.settled + more.settled,
            self.suppressed + more.suppressed,
        )


class Events:
    """The store of events. Applying the same ones again, or in another order, leads to the same state."""

    def __init__(self, database: Database, suppressions: Suppressions) -> None:
        self._database = database
        self._suppressions = suppressions

    def apply(self, told: Iterable[Event]) -> Applied:
        """Writes the events down that are new, with all that follows from them, a transaction some hundreds."""
        done = Applied()
        for some in in_chunks(told, CHUNK):
            new = self._unknown(some)
            done = done.plus(Applied(known=len(some) - len(new)))
            for few in in_chunks(new, AT_ONCE if self._database.is_sqlite else 1):
                with self._database.writing() as connection:
                    for event in few:
                        done = done.plus(self._apply(connection, event))
        return done

    def settle_waiting(self) -> int:
        """Settles deliveries about which something was told while a sender had them; how many moved.

        For who has just given dead senders' deliveries up, and at the end of a run.
        """
        with self._database.reading() as connection:
            waiting = connection.scalars(select(events.c.delivery_id).where(events.c.waits).distinct()).all()
        moved = 0
        for delivery_id in waiting:
            with self._database.writing() as connection:
                delivery = _delivery(connection, delivery_id)
                if delivery is not None and DeliveryState(delivery.state) in IN_HAND:
                    continue
                mine = update(events).where(events.c.delivery_id == delivery_id)
                connection.execute(mine.values(waits=False))
                moved += delivery is not None and self._settle(connection, delivery)
        return moved

    def count(self, kinds: Collection[EventKind], *, edition: str | None = None, since: datetime | None = None) -> int:
        """How many deliveries any of these was told about: of an edition, and since an instant of ours."""
        query = select(func.count(func.distinct(events.c.delivery_id))).where(events.c.kind.in_(list(kinds)))
        if edition is not None:
            query = query.join(deliveries, deliveries.c.id == events.c.delivery_id)
            query = query.where(deliveries.c.edition == edition)
        if since is not None:
            query = query.where(events.c.received_at >= since)
        with self._database.reading() as connection:
            return connection.scalar(query) or 0

    def of(self, subscriber_id: str) -> list[dict[str, Any]]:
        """What was told about a reader and their deliveries, in that order."""
        theirs = select(deliveries.c.id).where(deliveries.c.subscriber == subscriber_id)
        about = or_(events.c.subscriber == subscriber_id, events.c.delivery_id.in_(theirs))
        columns = events.c.provider, events.c.kind, events.c.reason, events.c.at, events.c.received_at, events.c.detail
        with self._database.reading() as connection:
            rows = connection.execute(select(*columns).where(about).order_by(events.c.at, events.c.id))
            return [dict(row) for row in rows.mappings()]

    def counts(self) -> dict[EventKind, int]:
        """How many events of each kind are known; kinds of none are left out."""
        with self._database.reading() as connection:
            rows = connection.execute(select(events.c.kind, func.count()).group_by(events.c.kind))
            found = {str(row[0]): int(row[1]) for row in rows}
        return {kind: found[kind] for kind in EventKind if kind in found}

    def counts_of_nobody(self) -> dict[EventKind, int]:
        """How many of them are about no delivery and no reader of ours, so that nothing followed."""
        nobody = select(events.c.kind, func.count()).where(
            events.c.delivery_id.is_(None), events.c.subscriber.is_(None)
        )
        with self._database.reading() as connection:
            found = {str(row[0]): int(row[1]) for row in connection.execute(nobody.group_by(events.c.kind))}
        return {kind: found[kind] for kind in EventKind if kind in found}

    def prune(self, now: datetime, *, older_than: timedelta) -> int:
        """Deletes what was told so long ago; how many events."""
        with self._database.writing() as connection:
            return connection.execute(delete(events).where(events.c.received_at <= now - older_than)).rowcount

    # -- inside --------------------------------------------------------------------------------------------------

    def _unknown(self, told: Collection[Event]) -> list[Event]:
        """Those that nobody told before, each once: most of what providers post is a repetition, and costs no lock."""
        query = select(events.c.provider, events.c.id).where(events.c.id.in_({event.id for event in told}))
        with self._database.reading() as connection:
            known = {(row.provider, row.id) for row in connection.execute(query)}
        new = []
        for event in told:
            if (event.provider, event.id) not in known:
                known.add((event.provider, event.id))
                new.append(event)
        return new

    def _apply(self, connection: Connection, event: Event) -> Applied:
        delivery, reader = _find(connection, event)
        row = {
            "provider": event.provider,
            "id": event.id,
            "kind": event.kind,
            "reason": event.reason,
            "delivery_id": delivery.id if delivery else event.delivery_id,
            "attempt": delivery.attempt if delivery else None,
            "subscriber": reader.id if reader else None,
            "at": event.at,
            "received_at": self._database.clock(),
            "detail": one_line(_ADDRESS.sub("…", event.detail))[:MAX_DETAIL],
            "waits": delivery is not None and DeliveryState(delivery.state) in IN_HAND,
        }
        insert = self._database.insert(events).values(row).on_conflict_do_nothing().returning(events.c.id)
        if connection.scalar(insert) is None:
            return Applied(known=1)
        return Applied(
            new=1,
            strange=reader is None and delivery is None,
            settled=delivery is not None and not row["waits"] and self._settle(connection, delivery),
            suppressed=reader is not None and self._judge_address(connection, reader, event),
        )

    def _settle(self, connection: Connection, delivery: Any) -> bool:
        """Moves the delivery to where all that was told of its attempt leads; whether that is elsewhere."""
        query = select(events.c.kind, events.c.detail).order_by(events.c.at, events.c.provider, events.c.id)
        told = connection.execute(
            query.where(events.c.delivery_id == delivery.id, events.c.attempt == delivery.attempt)
        ).all()
        state = DeliveryState(delivery.state)
        settled = settle_told(state, {EventKind(one.kind) for one in told})
        failing = (one for one in told if EventKind(one.kind) in FAILING)
        why = next((f"{REPORTED} {one.kind.replace('_', ' ')}: {one.detail}" for one in failing), None)
        if settled is state and not (state is DeliveryState.FAILED and why):
            return False
        at = self._database.clock()
        values = {
            "state": settled,
            "error": why if settled is DeliveryState.FAILED else None,
            "sent_at": at if settled is DeliveryState.SENT else None,
            "owner": None,
            "lease_until": None,
            "retry_at": None,
            "updated_at": at,
        }
        connection.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(values))
        return settled is not state

    def _judge_address(self, connection: Connection, reader: Any, event: Event) -> bool:
        """Suppresses the reader's address where the event, or all bounces so far, say so; whether it was not before."""
        reason, since = barring(event.kind, event.reason), event.at
        if reason == UNSUBSCRIBED:
            left = update(subscribers).where(subscribers.c.id == reader.id)
            stays = subscribers.c.state != SubscriberState.REMOVED
            connection.execute(left.where(stays).values(state=SubscriberState.LEFT, paused_until=None))
        newly = bool(reason) and self._suppress(connection, reader, str(reason), since)
        if event.kind in SCORES:
            mine = select(events.c.at, events.c.kind).where(events.c.subscriber == reader.id)
            bounces = connection.execute(mine.where(events.c.kind.in_(list(SCORES)))).all()
            too_many = worn_out((one.at, EventKind(one.kind)) for one in bounces)
            if too_many is not None:
                newly |= self._suppress(connection, reader, BOUNCED, too_many)
        return newly

    def _suppress(self, connection: Connection, reader: Any, reason: str, since: datetime) -> bool:
        return self._suppressions.strengthen_within(connection, reader.address_hash, reason, at=since)


_DELIVERIES = select(deliveries.c.id, deliveries.c.subscriber, deliveries.c.state, deliveries.c.attempt)
_READERS = select(subscribers.c.id, subscribers.c.address_hash)


def _find(connection: Connection, event: Event) -> tuple[Any, Any]:
    """The delivery and the reader that an event is about, both locked: what is told of them is read one by one."""
    delivery = None if event.delivery_id is None else _delivery(connection, event.delivery_id)
    reader_id = delivery.subscriber if delivery else _reader_id(connection, event)
    if delivery is None and event.message_id and _OURS.fullmatch(event.message_id):
        delivery = _delivery_of(connection, event.message_id)
        reader_id = delivery.subscriber if delivery else reader_id
    if reader_id is None:
        return delivery, None
    locked = _READERS.where(subscribers.c.id == reader_id).with_for_update()
    return delivery, connection.execute(locked).one_or_none()


def _delivery(connection: Connection, delivery_id: int) -> Any:
    return connection.execute(_DELIVERIES.where(deliveries.c.id == delivery_id).with_for_update()).one_or_none()


def _reader_id(connection: Connection, event: Event) -> str | None:
    """By a link of ours, else by the addresses in the event's order where they were not made up by just anybody."""
    named = event.recipients[:MAX_ADDRESSES] if event.is_vouched_for else ()
    wanted: Sequence[Any] = [subscribers.c.address == normal_form(one) for one in named if one.isprintable()]
    if event.subscriber:
        wanted = [subscribers.c.id == event.subscriber, *wanted]
    found = (connection.scalar(select(subscribers.c.id).where(one)) for one in wanted)
    return next((one for one in found if one is not None), None)


def _delivery_of(connection: Connection, message_id: str) -> Any:
    """The delivery of that Message-ID, which nobody knows but us and who got it."""
    found = connection.scalar(select(inputs.c.delivery_id).where(inputs.c.message_id == message_id).limit(1))
    return None if found is None else _delivery(connection, found)
