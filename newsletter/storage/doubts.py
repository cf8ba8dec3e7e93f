"""Hand-overs without a clear answer, to a provider that knows a message again: they may be repeated for a while."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, func, select, update

from newsletter.model import DIGEST, DeliveryState
from newsletter.storage.engine import Database, in_chunks
from newsletter.storage.kept import Kept
from newsletter.storage.schema import IS_AT_REST, deliveries, doubts, messages, senders


class Doubts:
    """The store of doubts. ``now`` is the product's clock, all else the machine's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept = Kept(database)

    def introduce(self, owner: str, provider: str, *, at: datetime) -> None:
        """Notes, before anything is handed over, that this sender's provider knows a message again."""
        with self._database.writing() as connection:
            row = {"owner": owner, "provider": provider, "at": at}
            connection.execute(self._database.upsert(senders), row)

    def take_up(self, provider: str, *, since: datetime, now: datetime) -> frozenset[str]:
        """Makes ready what was handed to this provider after ``since`` and got no clear answer; the readers of digests.

        Only of what was kept can be told whether it is the same when it is sent again. The first hand-over counts.
        """
        first = func.coalesce(doubts.c.since, messages.c.kept_at)
        query = (
            select(deliveries.c.id, deliveries.c.kind, deliveries.c.subscriber, messages.c.kept_at, doubts.c.since)
            .join(messages, messages.c.delivery_id == deliveries.c.id)
            .join(senders, senders.c.owner == deliveries.c.owner)
            .outerjoin(doubts, doubts.c.delivery_id == deliveries.c.id)
            .where(IS_AT_REST, deliveries.c.state == DeliveryState.UNCERTAIN, senders.c.provider == provider)
            .where(first > since, deliveries.c.valid_until > now)
        )
        with self._database.writing() as connection:
            rows = connection.execute(query).all()
            new = [{"delivery_id": row.id, "since": row.kept_at} for row in rows if row.since is None]
            if new:
                connection.execute(self._database.insert(doubts).on_conflict_do_nothing(), new)
            for chunk in in_chunks([row.id for row in rows]):
                ready = update(deliveries).where(
                    deliveries.c.id.in_(chunk), deliveries.c.state == DeliveryState.UNCERTAIN
                )
                values = {"state": DeliveryState.READY, "owner": None, "updated_at": self._database.clock()}
                connection.execute(ready.values(values))
        return frozenset(row.subscriber for row in rows if row.kind == DIGEST)

    def give_up(self, provider: str, *, since: datetime, now: datetime) -> int:
        """Makes uncertain again what waits and may be repeated no longer, or not by this provider; how many.

        What waits was taken up for the provider that was introduced last.
        """
        last = select(senders.c.provider).order_by(senders.c.at.desc()).limit(1)
        waits = deliveries.c.state.in_([DeliveryState.READY, DeliveryState.RETRY])
        over = (
            select(doubts.c.delivery_id)
            .join(deliveries)
            .where(
                waits,
                (doubts.c.since <= since) | (deliveries.c.valid_until <= now),
            )
        )
        values = {"state": DeliveryState.UNCERTAIN, "updated_at": self._database.clock(), "retry_at": None}
        with self._database.writing() as connection:
            if connection.scalar(last) not in (None, provider):
                over = select(doubts.c.delivery_id).join(deliveries).where(waits)
            return connection.execute(update(deliveries).where(deliveries.c.id.in_(over)).values(values)).rowcount

    def among(self, ids: Collection[int]) -> frozenset[int]:
        """Those of the deliveries that were handed over before without a clear answer."""
        with self._database.reading() as connection:
            return frozenset(
                connection.scalars(select(doubts.c.delivery_id).where(doubts.c.delivery_id.in_(list(ids))))
            )

    def message(self, delivery_id: int) -> bytes | None:
        """The bytes that were handed over; ``None`` where they are kept no longer."""
        query = select(messages.c.encoding, messages.c.body).where(messages.c.delivery_id == delivery_id)
        with self._database.reading() as connection:
            kept = connection.execute(query).one_or_none()
            return None if kept is None else self._kept.read(connection, kept.encoding, kept.body)

    def forget_senders(self, *, before: datetime) -> None:
        """Deletes the notes on senders of long ago."""
        with self._database.writing() as connection:
            connection.execute(delete(senders).where(senders.c.at < before))
