"""What is remembered of each source between two fetches."""

from __future__ import annotations

from sqlalchemy import select

from newsletter.model import SourceMemory
from newsletter.storage.codec import MEMORY
from newsletter.storage.engine import Database
from newsletter.storage.schema import sources


class Sources:
    """The memories of sources, by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def memories(self) -> dict[str, SourceMemory]:
        """Name -> memory, also of sources that left the configuration."""
        with self._database.reading() as connection:
            rows = connection.execute(select(sources.c.name, sources.c.memory).order_by(sources.c.name))
            return {name: MEMORY.decode(memory) for name, memory in rows}

    def save(self, name: str, kind: str, memory: SourceMemory) -> None:
        """Replaces what is remembered; call it after the entries are saved, or a crash between loses them."""
        row = {"name": name, "kind": kind, "memory": MEMORY.encode(memory)}
        with self._database.writing() as connection:
            connection.execute(self._database.upsert(sources), row)
