"""What texts say in whatever words: vectors that a sentence encoder made elsewhere, held against the candidates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from newsletter.model import Entry
from newsletter.ranking.space import Array

SentenceVector: TypeAlias = NDArray[np.floating[Any]]
MIN_LENGTH = 1e-6


@dataclass(frozen=True, slots=True)
class Sentences:
    """Vectors of one encoder, all of one width; any may be missing."""

    papers: Mapping[str, SentenceVector] = field(default_factory=dict)
    """By entry id."""
    interests: Mapping[str, SentenceVector] = field(default_factory=dict)
    """By their text."""

    def joined(self, others: Sentences) -> Sentences:
        """Both sets of vectors in one."""
        return Sentences({**self.papers, **others.papers}, {**self.interests, **others.interests})


NO_SENTENCES = Sentences()


@dataclass(frozen=True, slots=True)
class Sense:
    """The candidates as they differ from what all of them say."""

    sentences: Sentences
    common: Array
    """What all candidates say: the mean of their vectors."""
    candidates: Array
    """Unit rows; zeros for a candidate without a vector."""

    @classmethod
    def of(cls, entries: Sequence[Entry], sentences: Sentences) -> Sense | None:
        """``None`` where no candidate has a vector."""
        known = [entry.id for entry in entries if entry.id in sentences.papers]
        if not known:
            return None
        common = np.mean([sentences.papers[name] for name in known], axis=0, dtype=float)
        return cls(sentences, common, _apart(sentences.papers, [entry.id for entry in entries], common))

    def knows_any(self, papers: Iterable[str], interests: Iterable[str]) -> bool:
        """Whether any of these papers and interests has a vector."""
        return any(one in self.sentences.papers for one in papers) or any(
            text in self.sentences.interests for text in interests
        )

    def like_papers(self, ids: Sequence[str], strengths: Array) -> Array:
        """(papers, candidates): each paper's part in how much a candidate says what these papers say, from -1 to 1."""
        return self._like(_apart(self.sentences.papers, ids, self.common), strengths)

    def like_interests(self, texts: Sequence[str], strengths: Array) -> Array:
        """(interests, candidates): the same for interests."""
        return self._like(_apart(self.sentences.interests, texts, self.common), strengths)

    def _like(self, models: Array, strengths: Array) -> Array:
        """Half by the cosine with their centre, half by that with the nearest."""
        sides = (models @ self.candidates.T) * strengths[:, None]
        length = float(np.linalg.norm(strengths @ models))
        strongest = float(strengths.max(initial=0.0))
        shares = sides * (strongest / length / 2) if length > MIN_LENGTH else np.zeros_like(sides)
        best, columns = sides.argmax(axis=0), np.arange(sides.shape[1])
        shares[best, columns] += np.maximum(sides[best, columns], 0.0) / 2
        return shares


def _apart(vectors: Mapping[str, SentenceVector], keys: Sequence[str], common: Array) -> Array:
    """Unit rows in the order of the keys, less what is common to the candidates; zeros for what has no vector."""
    rows = np.zeros((len(keys), len(common)))
    for row, key in enumerate(keys):
        if key in vectors:
            rows[row] = vectors[key] - common
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(lengths > MIN_LENGTH, rows / np.maximum(lengths, MIN_LENGTH), 0.0)
