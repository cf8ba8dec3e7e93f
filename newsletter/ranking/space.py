"""The space in which papers, liked papers and interests are compared: words as they stand, and latent themes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from newsletter.ranking.counting import FIRST, Counts, Numbers, Text, count_terms

Array: TypeAlias = NDArray[np.float64]

SMALL_POOL = 50
"""Below this many papers every term counts; from here on a term needs two papers, and not too many."""
MIN_PAPERS = 2
MAX_SHARE = 0.15
"""Terms in more than this share of the papers tell nothing apart."""
MIN_THEMED_POOL = 24
"""Fewer papers have no latent themes worth the name."""
MAX_THEMES = 240
POWER_STEPS = 5
"""Rounds of block power iteration: more change no order that a reader would see."""
SPARE_THEMES = 16
MIN_SOUND = 1e-6
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
    known: Array
    """How much of a text stands in the columns, from 0 to 1: words too rare for a column are not known."""
    fullness: Array
    """How much of what papers usually tell there is, from 0 to 1: next to nothing in a short title."""

    @classmethod
    def stack(cls, parts: Sequence[Vectors]) -> Vectors:
        """The rows of all parts, one after the other."""
        words = [part.words for part in parts]
        starts = np.cumsum(np.concatenate([[0], *(np.diff(part.indptr) for part in words)])).astype(np.int32)
        cells = (
            np.concatenate([part.data for part in words]),
            np.concatenate([part.indices for part in words]),
            starts,
        )
        return cls(
            sparse.csr_array(cells, shape=(len(starts) - 1, words[0].shape[1])),
            np.concatenate([part.themes for part in parts]),
            np.concatenate([part.topics for part in parts]),
            np.concatenate([part.known for part in parts]),
            np.concatenate([part.fullness for part in parts]),
        )

    def split(self) -> list[Vectors]:
        """Each row for itself."""
        words, starts = self.words, self.words.indptr.tolist()
        return [
            Vectors(
                sparse.csr_array(
                    (words.data[start:end], words.indices[start:end], np.array([0, end - start], np.int32)),
                    shape=(1, words.shape[1]),
                ),
                self.themes[row : row + 1],
                self.topics[row : row + 1],
                self.known[row : row + 1],
                self.fullness[row : row + 1],
            )
            for row, (start, end) in enumerate(pairwise(starts))
        ]


@dataclass(frozen=True, slots=True)
class Space:
    """What is known of the language of a pool: how rare each term is, and which terms go together."""

    numbers: dict[str, int]
    """Every word seen, numbered from 1."""
    seen_in: NDArray[np.int64]
    """In how many papers each word stands, by number."""
    papers: int
    terms: NDArray[np.int64]
    """What the columns stand for, ascending: the number of a word, or of two words that follow each other."""
    weights: Array
    """Squared idf by column."""
    unknown_weight: float
    """What a term outside the columns adds to a row's length."""
    rare_weight: float
    """What a word too rare for a column would weigh."""
    axes: Array
    """(columns, topics): from words to latent themes, strongest first, each scaled to the same strength."""
    broad: int
    """How many of the axes are the broad themes."""
    usual_length: float = 0.0
    """Of a paper's terms, known or not, before it is made a unit row."""

    @classmethod
    def fit(cls, texts: Sequence[Text]) -> Space:
        """The space of these papers."""
        numbers = Numbers()
        counts = count_terms(texts, numbers)
        papers_with = counts.papers_with
        alone = int(np.searchsorted(counts.terms, 1 << FIRST))
        seen_in = np.zeros(len(numbers) + 1, np.int64)
        seen_in[counts.terms[:alone]] = papers_with[:alone]
        kept = _choose_terms(papers_with, len(texts))
        bare = cls(
            numbers=dict(numbers),
            seen_in=seen_in,
            papers=len(texts),
            terms=counts.terms[kept],
            weights=_square_idf(papers_with[kept], len(texts)),
            unknown_weight=float(_square_idf(0, len(texts))) if len(texts) < SMALL_POOL else 0.0,
            rare_weight=float(_square_idf(1, len(texts))) if len(texts) >= SMALL_POOL else 0.0,
            axes=np.zeros((len(kept), 0)),
            broad=0,
        )
        words, lengths, strange = bare._weigh(counts)
        space = bare if len(texts) < MIN_THEMED_POOL else bare._with_themes(words)
        return replace(space, usual_length=float(np.median(np.hypot(lengths, strange))) if len(texts) else 0.0)

    def rarity(self, word: str) -> float:
        """How much it tells that a paper has the word: its squared idf."""
        return float(_square_idf(self.seen_in[self.numbers.get(word, 0)], self.papers))

    def embed(self, texts: Sequence[Text]) -> Vectors:
        """Texts as rows of the space."""
        words, lengths, strange = self._weigh(count_terms(texts, Numbers(self.numbers)))
        latent = np.asarray(words @ self.axes)
        whole = np.hypot(lengths, strange)
        known = np.divide(lengths, whole, out=np.ones_like(whole), where=whole > 0)
        fullness = np.minimum(lengths / self.usual_length, 1.0) if self.usual_length else np.ones_like(lengths)
        return Vectors(words, _unit(latent[:, : self.broad]), _unit(latent), known, fullness)

    def _weigh(self, counts: Counts) -> tuple[sparse.csr_array, Array, Array]:
        """Unit rows of (1 + log tf) x idf squared, their lengths before, and those of words too rare for a column.

        In a small pool terms outside the columns add to the length instead.
        """
        size = counts.times.shape[0]
        columns = np.searchsorted(self.terms, counts.terms)
        is_known = columns < len(self.terms)
        is_known[is_known] = self.terms[columns[is_known]] == counts.terms[is_known]
        rows = np.repeat(np.arange(size), np.diff(counts.times.indptr))
        kept = is_known[counts.times.indices]
        unknown = np.bincount(rows[~kept], minlength=size) * self.unknown_weight**2
        is_rare = self._find_rare(counts.terms)[counts.times.indices] & ~kept
        rare = np.bincount(rows[is_rare], minlength=size) * self.rare_weight**2
        rows, columns = rows[kept], columns[counts.times.indices[kept]].astype(np.int32)
        values = (1 + np.log(counts.times.data[kept])) * self.weights[columns]
        lengths = np.sqrt(np.bincount(rows, values * values, size) + unknown)
        starts = np.searchsorted(rows, np.arange(size + 1)).astype(np.int32)
        words = sparse.csr_array((values / lengths[rows], columns, starts), shape=(size, len(self.terms)))
        return words, lengths, np.sqrt(rare)

    def _find_rare(self, terms: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the terms are words that hardly any paper has."""
        is_word = terms < (1 << FIRST)
        numbers = np.where(is_word & (terms < len(self.seen_in)), terms, 0)
        return np.asarray(is_word & (self.seen_in[numbers] < MIN_PAPERS))

    def _with_themes(self, words: sparse.csr_array) -> Space:
        wanted = min(round(4 * math.sqrt(self.papers)), MAX_THEMES)
        papers, strengths = _find_themes(words, wanted)
        topics = _cut_at_gap(strengths, wanted)
        broad = _cut_at_gap(strengths, wanted // 2)
        axes = np.asarray(words.T @ (papers[:, :topics] / strengths[:topics]))
        return replace(self, axes=axes, broad=broad)


def _square_idf(papers_with: NDArray[np.int64] | int, papers: int) -> Array:
    return np.asarray(np.log((papers + 1) / (np.asarray(papers_with) + 1)) + 1) ** 2


def _choose_terms(papers_with: NDArray[np.int64], papers: int) -> NDArray[np.intp]:
    least, most = (1, papers) if papers < SMALL_POOL else (MIN_PAPERS, MAX_SHARE * papers)
    return np.flatnonzero((papers_with >= least) & (papers_with <= most))


def _find_themes(words: sparse.csr_array, wanted: int) -> tuple[Array, Array]:
    """Left singular vectors and squared singular values, strongest first, by block power iteration.

    The start is fixed, so the same papers give the same themes on any machine.
    """
    width = min(wanted + SPARE_THEMES, words.shape[0])
    across = words.T.tocsr()
    block = np.random.RandomState(0).standard_normal((words.shape[0], width))
    for _ in range(POWER_STEPS):
        block = _orthogonal(np.asarray(words @ (across @ block)))
    small = block.T @ np.asarray(words @ (across @ block))
    strengths, turned = np.linalg.eigh((small + small.T) / 2)
    order = np.argsort(-strengths, kind="stable")
    return block @ turned[:, order], np.maximum(strengths[order], 1e-12)


def _orthogonal(block: Array) -> Array:
    """Unit columns at right angles that span the same; by their products where these are sound, which is faster."""
    lengths, turned = np.linalg.eigh(block.T @ block)
    if lengths[0] > MIN_SOUND * lengths[-1]:
        return np.asarray(block @ (turned / np.sqrt(lengths)))
    return np.asarray(np.linalg.qr(block)[0])


def _cut_at_gap(strengths: Array, wanted: int) -> int:
    """At most ``wanted``, cut where the next theme is weaker; 0 where none is."""
    for cut in range(min(wanted, len(strengths) - 1), 0, -1):
        if strengths[cut - 1] - strengths[cut] > MIN_GAP * strengths[0]:
            return cut
    return 0


def _unit(rows: Array) -> Array:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(lengths > 1e-9, rows / np.maximum(lengths, 1e-9), 0.0)
