"""What waits in the ledger although a sender came by, and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from newsletter.model import DeliveryState
from newsletter.storage.engine import Database
from newsletter.storage.schema import IS_AT_REST, IS_READY, deliveries, editions


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

    def held(self, *, after: datetime | None = None, only: Collection[str] | None = None) -> Sequence[Held]:
        """Those of paused editions, by edition."""
        found: dict[str, int] = {}
        for which in ((IS_READY,), (IS_AT_REST, deliveries.c.state == DeliveryState.RETRY)):
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
