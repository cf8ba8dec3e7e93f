"""What waits in the ledger although a sender came by, and why."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from newsletter.model import DIGEST, DeliveryState
from newsletter.storage.engine import Database, in_chunks
from newsletter.storage.known_deliveries import WAITS
from newsletter.storage.schema import IS_AT_REST, IS_IN_HAND, deliveries, editions


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """Deliveries that wait for another try; the first of them says when and why."""

    count: int
    next_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """How many deliveries wait because their edition is paused."""

    edition: str
    count: int


class Waiting:
    """A view of the ledger; ``after`` leaves out what may not be sent any more at that instant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def retries(self, *, after: datetime, only: Collection[str] | None = None) -> Retries | None:
        """Those of editions that are not paused, of all readers or of these alone; ``None`` where there are none."""
        going = or_(editions.c.paused.is_(None), editions.c.paused.is_(False))
        conditions = (IS_AT_REST, deliveries.c.state == DeliveryState.RETRY, going)
        counted = _narrow(select(func.count()), conditions, after=after, only=only)
        columns = select(deliveries.c.retry_at, deliveries.c.error)
        first = _narrow(columns, conditions, after=after, only=only).order_by(deliveries.c.retry_at, deliveries.c.id)
        with self._database.reading() as connection:
            row = connection.execute(first.limit(1)).one_or_none()
            if row is None:
                return None
            return Retries(count=connection.scalar(counted) or 0, next_at=row.retry_at, reason=row.error or "")

    def is_left_behind(self, *, at: datetime) -> bool:
        """Whether there is anything whose sender has let its lease run out."""
        query = select(deliveries.c.id).where(IS_IN_HAND, deliveries.c.lease_until <= at).limit(1)
        with self._database.reading() as connection:
            return connection.scalar(query) is not None

    def digests(self, *, after: datetime) -> array[int]:
        """Ids of all digests that may still be sent: eight bytes each, for there may be a million."""
        found = array("q")
        for which in WAITS:
            query = select(deliveries.c.id).where(*which, deliveries.c.kind == DIGEST, deliveries.c.valid_until > after)
            with self._database.reading() as connection:
                found.extend(connection.scalars(query))
        return found

    def states_of(self, ids: Iterable[int]) -> Counter[DeliveryState]:
        """How many of these deliveries are in each state."""
        found: Counter[DeliveryState] = Counter()
        with self._database.reading() as connection:
            for chunk in in_chunks(ids):
                query = select(deliveries.c.state, func.count()).where(deliveries.c.id.in_(chunk))
                rows = connection.execute(query.group_by(deliveries.c.state)).all()
                found.update({DeliveryState(state): count for state, count in rows})
        return found

    def held(self, *, after: datetime | None = None, only: Collection[str] | None = None) -> Sequence[Held]:
        """Those of paused editions, by edition."""
        found: dict[str, int] = {}
        for which in WAITS:
            query = select(deliveries.c.edition, func.count())
            query = _narrow(query, (*which, editions.c.paused.is_(True)), after=after, only=only)
            with self._database.reading() as connection:
                for edition, count in connection.execute(query.group_by(deliveries.c.edition)):
                    found[edition] = found.get(edition, 0) + count
        return [Held(edition, count) for edition, count in sorted(found.items())]


def _narrow(
    query: Select[Any],
    conditions: Collection[Any],
    *,
    after: datetime | None,
    only: Collection[str] | None,
) -> Select[Any]:
    query = query.select_from(deliveries).outerjoin(editions, editions.c.id == deliveries.c.edition).where(*conditions)
    wanted: list[ColumnElement[bool]] = []
    if after is not None:
        wanted.append(deliveries.c.valid_until > after)
    if only is not None:
        wanted.append(deliveries.c.subscriber.in_(list(only)))
    return query.where(*wanted)
