"""From words to counted terms: single words and pairs of words that follow each other, as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Text: TypeAlias = Sequence[tuple[int, Sequence[str]]]
"""Fields of words, and how many times each field counts."""

FIRST = 32
"""A pair is the number of its first word, moved by so many bits, and that of its second."""


class Numbers(dict[str, int]):
    """A number for each word asked for, from 1, or from where the known ones end."""

    def __init__(self, known: Mapping[str, int] | None = None) -> None:
        super().__init__()
        self._known = known or {}

    def __missing__(self, word: str) -> int:
        number = self[word] = self._known.get(word) or 1 + len(self._known) + len(self)
        return number


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each term stands in each text."""

    times: sparse.csr_array
    """(texts, terms)"""
    terms: NDArray[np.int64]
    """What the columns stand for, ascending; single words first."""

    @property
    def papers_with(self) -> NDArray[np.int64]:
        """In how many texts each term stands."""
        return np.bincount(self.times.indices, minlength=len(self.terms))


def count_terms(texts: Sequence[Text], numbers: Numbers) -> Counts:
    """The terms of the texts counted; pairs stand within a field."""
    flat: list[int] = []
    fields: list[tuple[int, int, int]] = []
    for row, text in enumerate(texts):
        for times, words in text:
            flat.extend(map(numbers.__getitem__, words))
            flat.append(0)
            fields.append((row, times, len(words) + 1))
    tokens = np.array(flat, np.int64)
    rows, times_each, sizes = np.array(fields, np.int64).reshape(-1, 3).T
    rows, weights = np.repeat(rows, sizes), np.repeat(times_each, sizes).astype(float)
    words_at = np.flatnonzero(tokens)
    pairs_at = np.flatnonzero((tokens[:-1] > 0) & (tokens[1:] > 0))
    keys = np.concatenate([tokens[words_at], (tokens[pairs_at] << FIRST) + tokens[pairs_at + 1]])
    places = np.concatenate([words_at, pairs_at])
    terms, columns = np.unique(keys, return_inverse=True)
    counted = sparse.coo_array((weights[places], (rows[places], columns)), shape=(len(texts), len(terms)))
    return Counts(counted.tocsr(), terms)
