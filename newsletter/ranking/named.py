"""What the papers that readers name say of the candidates: likeness, and authors in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial

import numpy as np

from newsletter.model import Entry
from newsletter.ranking.candidates import Candidates
from newsletter.ranking.embedding import Embedding
from newsletter.ranking.evidence import Models, weigh_likeness
from newsletter.ranking.names import PersonName, read_person
from newsletter.ranking.space import Array, Space
from newsletter.ranking.weights import Likeness

ANSWERS_KEPT = 4
"""Each takes some megabytes where many papers are named."""
MAX_SHARED_AUTHORS = 2
"""More authors of liked papers on one paper say no more: big collaborations sign everything."""

Named = tuple[tuple[Entry, float], ...]
"""Papers, each with how much it counts, from 0 to 1."""


class NamedPapers:
    """Readers' papers held against the candidates of a pool. Threads may share it.

    The last answers are kept: whoever changes their interests has the same papers from one moment to the next.
    """

    def __init__(self, candidates: Candidates, space: Space) -> None:
        self._embedding = Embedding(space)
        self._weigh = lru_cache(ANSWERS_KEPT)(partial(_weigh, candidates, self._embedding))
        self._find_authors = lru_cache(ANSWERS_KEPT)(partial(_find_authors, candidates))

    def prepare(self, papers: Iterable[Entry]) -> None:
        """Makes ready what will be asked for, at one go."""
        self._embedding.prepare(papers)

    def weigh(self, papers: Named, weights: Likeness) -> Array:
        """(papers, candidates): what it counts that a candidate is like a paper; to be read only."""
        return self._weigh(papers, weights)

    def shared_authors(self, papers: Sequence[Entry]) -> Mapping[str, Sequence[int]]:
        """The papers' authors who wrote a candidate too, with its rows.

        Names in full only: initials are shared by too many.
        """
        return self._find_authors(tuple(papers))


def _weigh(candidates: Candidates, embedding: Embedding, papers: Named, weights: Likeness) -> Array:
    titles = tuple(entry.title for entry, _ in papers)
    vectors = embedding.embed([entry for entry, _ in papers])
    models = Models(titles, vectors, np.array([weight for _, weight in papers], float))
    weighed = weigh_likeness(models, candidates, weights=weights)
    weighed.setflags(write=False)
    return weighed


def _find_authors(candidates: Candidates, papers: Sequence[Entry]) -> dict[str, list[int]]:
    known = {read_person(name): name for entry in papers for name in entry.authors}
    rows: Counter[int] = Counter()
    found: dict[str, list[int]] = {}
    for person, name in known.items():
        if person.family in candidates.people and _is_full(person):
            hits = [row for row in candidates.find_person(person) if rows[row] < MAX_SHARED_AUTHORS]
            rows.update(hits)
            if hits:
                found[name] = hits
    return found


def _is_full(person: PersonName) -> bool:
    return bool(person.given) and len(person.given[0]) > 1
