"""The space in which papers, liked papers and interests are compared: words as they stand, and latent themes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array: TypeAlias = NDArray[np.float64]

SMALL_POOL = 50
"""Below this many papers every term counts; from here on a term needs two papers, and not too many."""
MAX_SHARE = 0.15
"""Terms in more than this share of the papers tell nothing apart."""
MIN_THEMED_POOL = 24
"""Fewer papers have no latent themes worth the name."""
MAX_THEMES = 240
POWER_STEPS = 5
"""Rounds of block power iteration: more change no order that a reader would see."""
SPARE_THEMES = 16
MIN_GAP = 1e-5
"""A cut between two themes of equal strength would be arbitrary, and differ between machines."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """Papers or interests as unit rows; a row of zeros is one that the space knows nothing of."""

    words: sparse.csr_array
    """tf-idf over words and pairs of words."""
    themes: Array
    """The broad latent themes, each as strong as any other."""
    topics: Array
    """The same, twice as fine."""

    @classmethod
    def stack(cls, parts: Sequence[Vectors]) -> Vectors:
        """The rows of all parts, one after the other."""
        words = sparse.vstack([part.words for part in parts], format="csr")
        return cls(words, np.vstack([part.themes for part in parts]), np.vstack([part.topics for part in parts]))


@dataclass(frozen=True, slots=True)
class Space:
    """What is known of the language of a pool: how rare each term is, and which terms go together."""

    columns: dict[str, int]
    weights: Array
    """Squared idf by column."""
    unknown_weight: float
    """What a term outside the columns adds to a row's length."""
    seen_in: dict[str, int]
    """In how many papers each single word stands, those outside the columns as well."""
    papers: int
    axes: Array
    """(columns, topics): from words to latent themes, strongest first, each scaled to the same strength."""
    broad: int
    """How many of the axes are the broad themes."""

    @classmethod
    def fit(cls, counts: Sequence[Counter[str]]) -> Space:
        """The space of these papers, given as counted terms."""
        seen_in = Counter(term for bag in counts for term in bag)
        columns, weights = _weigh_terms(seen_in, len(counts))
        unknown = squared_idf(0, len(counts)) if len(counts) < SMALL_POOL else 0.0
        alone = {term: n for term, n in seen_in.items() if " " not in term}
        bare = cls(columns, weights, unknown, alone, len(counts), np.zeros((len(columns), 0)), 0)
        if len(counts) < MIN_THEMED_POOL:
            return bare
        words = bare.weigh(counts)
        wanted = min(round(4 * math.sqrt(len(counts))), MAX_THEMES)
        papers, strengths = _find_themes(words, wanted)
        topics = _cut_at_gap(strengths, wanted)
        broad = _cut_at_gap(strengths, wanted // 2)
        axes = np.asarray(words.T @ (papers[:, :topics] / strengths[:topics]))
        return replace(bare, axes=axes, broad=broad)

    def rarity(self, word: str) -> float:
        """How much it tells that a paper has the word: its squared idf."""
        return squared_idf(self.seen_in.get(word, 0), self.papers)

    def embed(self, counts: Sequence[Counter[str]]) -> Vectors:
        """Counted terms as rows of the space."""
        words = self.weigh(counts)
        latent = np.asarray(words @ self.axes)
        return Vectors(words, _unit(latent[:, : self.broad]), _unit(latent))

    def weigh(self, counts: Sequence[Counter[str]]) -> sparse.csr_array:
        """Unit rows of (1 + log tf) x idf squared."""
        rows = [self._weigh_row(bag) for bag in counts]
        starts = np.cumsum([0, *(len(columns) for columns, _ in rows)])
        indices = np.concatenate([np.zeros(0, np.int32), *(columns for columns, _ in rows)])
        values = np.concatenate([np.zeros(0), *(row for _, row in rows)])
        return sparse.csr_array((values, indices, starts), shape=(len(counts), len(self.columns)))

    def _weigh_row(self, bag: Counter[str]) -> tuple[NDArray[np.int32], Array]:
        known = [(column, times) for term, times in bag.items() if (column := self.columns.get(term)) is not None]
        columns = np.array([column for column, _ in known], np.int32)
        row = (1 + np.log(np.array([times for _, times in known], float))) * self.weights[columns]
        strange = self.unknown_weight**2 * (len(bag) - len(known))
        return columns, row / (math.sqrt(float(row @ row) + strange) or 1.0)


def squared_idf(papers_with: int, papers: int) -> float:
    """The squared idf of a term: how much it tells that a paper has it."""
    return (math.log((papers + 1) / (papers_with + 1)) + 1) ** 2


def _weigh_terms(seen_in: Mapping[str, int], papers: int) -> tuple[dict[str, int], Array]:
    least, most = (1, papers) if papers < SMALL_POOL else (2, MAX_SHARE * papers)
    kept = {term: n for term, n in seen_in.items() if least <= n <= most}
    weights = np.array([squared_idf(n, papers) for n in kept.values()], float)
    return {term: column for column, term in enumerate(kept)}, weights


def _find_themes(words: sparse.csr_array, wanted: int) -> tuple[Array, Array]:
    """Left singular vectors and squared singular values, strongest first, by block power iteration.

    The start is fixed, so the same papers give the same themes on any machine.
    """
    width = min(wanted + SPARE_THEMES, words.shape[0])
    across = words.T.tocsr()
    block = np.random.RandomState(0).standard_normal((words.shape[0], width))
    for _ in range(POWER_STEPS):
        block, _ = np.linalg.qr(np.asarray(words @ (across @ block)))
    small = block.T @ np.asarray(words @ (across @ block))
    strengths, turned = np.linalg.eigh((small + small.T) / 2)
    order = np.argsort(-strengths, kind="stable")
    return block @ turned[:, order], np.maximum(strengths[order], 1e-12)


def _cut_at_gap(strengths: Array, wanted: int) -> int:
    """At most ``wanted``, cut where the next theme is weaker; 0 where none is."""
    for cut in range(min(wanted, len(strengths) - 1), 0, -1):
        if strengths[cut - 1] - strengths[cut] > MIN_GAP * strengths[0]:
            return cut
    return 0


def _unit(rows: Array) -> Array:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(lengths > 1e-9, rows / np.maximum(lengths, 1e-9), 0.0)
