"""Providers that had to be left alone: until when, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import delete, select, update

from newsletter.storage.engine import Database
from newsletter.storage.schema import circuits


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitState:
    """What is known of a provider's health; as it begins, nothing speaks against it."""

    recent: str = ""
    """The last answers, latest last: ``.`` for a good one, ``x`` for a failure."""
    openings: int = 0
    """How often in a row it had to be opened."""
    open_until: datetime | None = None
    """``None``: closed. In the past: one message may be tried."""
    is_refused: bool = False
    """Our credentials or our sender were refused: it takes an operator to mend that."""
    credentials: str = ""
    """What tells those that were refused from others."""
    reason: str = ""


class Circuits:
    """The store of circuits, one a provider that had any failures of late."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, provider: str) -> CircuitState:
        """The provider's."""
        query = select(*_STATE).where(circuits.c.provider == provider)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return CircuitState(**row) if row else CircuitState()

    def save(self, provider: str, state: CircuitState) -> None:
        """Keeps it; one as it begins is forgotten."""
        with self._database.writing() as connection:
            if state == CircuitState():
                connection.execute(delete(circuits).where(circuits.c.provider == provider))
            else:
                connection.execute(self._database.upsert(circuits), {"provider": provider, **asdict(state)})

    def claim_probe(self, provider: str, *, at: datetime, until: datetime) -> bool:
        """Whether the caller is the one who may try a message now; to all others it stays open until then."""
        free = (circuits.c.provider == provider, circuits.c.open_until <= at)
        with self._database.writing() as connection:
            return connection.execute(update(circuits).where(*free).values(open_until=until)).rowcount > 0

    def half_open(self, provider: str, *, at: datetime) -> None:
        """Lets a message be tried at once, where the circuit is open."""
        state = self.load(provider)
        if state.open_until is not None and state.open_until > at:
            self.save(provider, replace(state, open_until=at))


_STATE = [column for column in circuits.columns if column.name != "provider"]
