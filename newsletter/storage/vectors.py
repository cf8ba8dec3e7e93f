"""Vectors of texts, kept so that each is made once; they may be lost without harm."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta

from sqlalchemy import delete, select, update

from newsletter.storage.engine import Database, execute_all, in_chunks
from newsletter.storage.schema import vectors

NOTED_EVERY = timedelta(days=7)
"""That a vector is in use is written down no more often."""


class Vectors:
    """The cache of vectors by what they were made from, a set for each encoder; unused ones are forgotten."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, keys: Collection[str], encoder: str, *, on: date) -> dict[str, bytes]:
        """Key of a text -> its vector of that encoder, of those that are kept; they count as used on that day."""
        query = select(vectors.c.text_key, vectors.c.vector, vectors.c.used_on).where(vectors.c.encoder == encoder)
        found: dict[str, bytes] = {}
        unnoted: list[str] = []
        with self._database.reading() as connection:
            for chunk in in_chunks(set(keys)):
                for key, vector, used_on in connection.execute(query.where(vectors.c.text_key.in_(chunk))):
                    found[key] = bytes(vector)
                    if used_on <= on - NOTED_EVERY:
                        unnoted.append(key)
        if unnoted:
            self._note(unnoted, encoder, on=on)
        return found

    def save(self, encoder: str, made: Mapping[str, bytes], *, on: date) -> None:
        """Keeps the vectors, by the keys of their texts, in place of those before."""
        rows = [{"text_key": key, "encoder": encoder, "vector": made[key], "used_on": on} for key in sorted(made)]
        with self._database.writing() as connection:
            execute_all(connection, self._database.upsert(vectors), rows)

    def prune(self, *, unused_since: date) -> int:
        """Forgets what was not used since that day; how many there were."""
        with self._database.writing() as connection:
            return connection.execute(delete(vectors).where(vectors.c.used_on < unused_since)).rowcount

    def _note(self, keys: Collection[str], encoder: str, *, on: date) -> None:
        mine = update(vectors).where(vectors.c.encoder == encoder).values(used_on=on)
        with self._database.writing() as connection:
            for chunk in in_chunks(keys):
                connection.execute(mine.where(vectors.c.text_key.in_(chunk)))
