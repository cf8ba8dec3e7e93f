"""How many messages have left, and who asked to be left alone: shared by all processes, and kept over restarts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import delete, select, update

from newsletter.storage.engine import Database
from newsletter.storage.schema import holds, rates

EVERYBODY = ""
"""In place of a recipient's domain: all mail of the provider."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What is left to send, at once and today."""

    tokens: float
    """Messages that may leave at once."""
    filled_at: datetime
    day: date
    sent: int = 0
    """On that day."""
    days: int = 0
    """On which anything was sent, before that day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A provider, or a recipients' domain, that asked for a pause."""

    until: datetime
    times: int
    """How often in a row."""
    reason: str


class Rates:
    """The store of buckets and holds; ``domain`` is one of recipients', or ``EVERYBODY``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def change(self, provider: str, domain: str, fresh: Bucket, changed: Callable[[Bucket], tuple[Bucket, T]]) -> T:
        """Puts in place of the bucket, or of a fresh one, what ``changed`` makes of it, in one transaction."""
        which = {"provider": provider, "domain": domain}
        here = (rates.c.provider == provider, rates.c.domain == domain)
        with self._database.writing() as connection:
            connection.execute(self._database.insert(rates).on_conflict_do_nothing(), which | asdict(fresh))
            row = connection.execute(select(*_BUCKET).where(*here).with_for_update()).mappings().one()
            bucket, answer = changed(Bucket(**row))
            connection.execute(update(rates).where(*here).values(asdict(bucket)))
        return answer

    def buckets(self) -> Mapping[tuple[str, str], Bucket]:
        """Provider and domain -> the bucket."""
        with self._database.reading() as connection:
            rows = connection.execute(select(rates)).mappings().all()
        return {(row["provider"], row["domain"]): Bucket(**{c.name: row[c.name] for c in _BUCKET}) for row in rows}

    def hold(self, provider: str, domain: str, hold: Hold) -> None:
        """Notes that nothing is to be sent there before a time."""
        row = {"provider": provider, "domain": domain, **asdict(hold)}
        with self._database.writing() as connection:
            connection.execute(self._database.upsert(holds), row)

    def holds(self, provider: str) -> Mapping[str, Hold]:
        """Domain -> the hold, also one that is over."""
        with self._database.reading() as connection:
            rows = connection.execute(select(holds).where(holds.c.provider == provider)).all()
        return {row.domain: Hold(until=row.until, times=row.times, reason=row.reason) for row in rows}

    def lift(self, provider: str, domain: str) -> None:
        """Forgets a hold."""
        with self._database.writing() as connection:
            connection.execute(delete(holds).where(holds.c.provider == provider, holds.c.domain == domain))


_BUCKET = [column for column in rates.columns if column.name not in {"provider", "domain"}]
