"""The vectors of readers' papers, made once: many readers like the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from newsletter.model import Entry
from newsletter.ranking.candidates import weigh_fields
from newsletter.ranking.space import Space, Vectors

KEPT = 1 << 13


class Embedding:
    """Entries as rows of a space; the last ones asked for are kept. Threads may share it."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._rows: dict[Entry, Vectors] = {}

    def embed(self, entries: Sequence[Entry]) -> Vectors:
        """The entries in their order."""
        rows = self._find(entries)
        return Vectors.stack([rows[entry] for entry in entries])

    def prepare(self, entries: Iterable[Entry]) -> None:
        """Makes ready what will be asked for, at one go; more than is kept is left."""
        self._find(list(islice(entries, KEPT)))

    def _find(self, entries: Sequence[Entry]) -> dict[Entry, Vectors]:
        rows = {entry: self._rows.get(entry) for entry in entries}
        found = {entry: row for entry, row in rows.items() if row is not None}
        missing = [entry for entry in rows if entry not in found]
        if not missing:
            return found
        made = dict(zip(missing, self._space.embed(list(map(weigh_fields, missing))).split(), strict=True))
        for entry in list(self._rows)[: max(0, len(self._rows) + len(made) - KEPT)]:
            self._rows.pop(entry, None)
        self._rows.update(islice(made.items(), KEPT))
        return found | made
