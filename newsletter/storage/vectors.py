"""Sentence vectors of entries, kept so that each is made once; they may be lost without harm."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Select, select

from newsletter.storage.engine import Database, execute_all, in_chunks
from newsletter.storage.schema import entries, vectors


class Vectors:
    """The cache of vectors, a set for each encoder; those of an entry go with it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, ids: Collection[str], encoder: str) -> dict[str, bytes]:
        """Entry id -> its vector of that encoder; entries without one are left out."""
        query = select(vectors.c.entry_id, vectors.c.vector).where(vectors.c.encoder == encoder)
        found: dict[str, bytes] = {}
        with self._database.reading() as connection:
            for chunk in in_chunks(set(ids)):
                rows = connection.execute(query.where(vectors.c.entry_id.in_(chunk)))
                found |= {entry_id: bytes(vector) for entry_id, vector in rows}
        return found

    def save(self, encoder: str, made: Mapping[str, bytes]) -> None:
        """Keeps the vectors in place of those before; of ids that are no entry's any more nothing is kept."""
        with self._database.writing() as connection:
            for chunk in in_chunks(made):
                stored = set(connection.scalars(_ids_among(chunk)))
                rows = [
                    {"entry_id": entry_id, "encoder": encoder, "vector": made[entry_id]}
                    for entry_id in chunk
                    if entry_id in stored
                ]
                execute_all(connection, self._database.upsert(vectors), rows)


def _ids_among(ids: Collection[str]) -> Select[str]:
    return select(entries.c.id).where(entries.c.id.in_(ids))
