"""What speaks for and against each paper, in shares that add up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from newsletter.ranking.candidates import Candidates
from newsletter.ranking.space import Array, Vectors
from newsletter.ranking.weights import Likeness

FULL_THEMES = 100
FULL_TOPICS = 200
"""With fewer dimensions a chance likeness is larger, so it counts less."""
ENOUGH_THEMES = 25
"""With fewer, what a paper literally says counts more."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One kind of evidence about all candidates."""

    kind: str
    labels: Sequence[str]
    """What a person would say, one a row of ``shares``."""
    shares: Array
    """(labels, candidates): logits; what adds up to the score."""
    notes: Sequence[str] = ()
    """Labels by candidate in place of ``labels``, where it is the candidate that has something to tell."""
    words: Callable[[int, int], tuple[str, str]] | None = None
    """Kind and label for a label and a candidate, where these hang on both."""

    def scaled(self, factor: float) -> Evidence:
        """The same evidence, counted more or less."""
        return replace(self, shares=self.shares * factor)

    def tell(self, labels: NDArray[np.intp], candidates: NDArray[np.intp]) -> list[tuple[str, str]]:
        """Kind and label for each of the labels, with the candidate it is told of."""
        if self.words:
            return list(map(self.words, labels.tolist(), candidates.tolist()))
        if self.notes:
            return [(self.kind, self.notes[candidate]) for candidate in candidates.tolist()]
        pairs = [(self.kind, label) for label in self.labels]
        return [pairs[label] for label in labels.tolist()]


@dataclass(frozen=True, slots=True)
class Models:
    """What a reader named that papers can be like: liked papers, phrases."""

    labels: Sequence[str]
    vectors: Vectors
    strengths: Array
    """How much each counts, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """How far phrases stand in papers as they are."""

    shares: Array
    """(phrases, candidates): how much of the phrase is there, by rarity of its words; outside the title half counts."""
    titles: Array
    """(phrases, candidates): 1 where the title has the whole phrase, 1/2 if that is a single word."""
    strengths: Array
    """How much each phrase counts, from 0 to 1, known to the space or not."""
    unknown: Array
    """How much of each phrase the space does not know, from 0 to 1: there only what a paper literally says can tell."""


def weigh_likeness(
    models: Models, candidates: Candidates, *, weights: Likeness, mentions: Mentions | None = None
) -> Array:
    """(models, candidates): what it counts that a candidate is like a model."""
    themes, topics = candidates.vectors.themes, candidates.vectors.topics
    sides = models.vectors.themes @ themes.T
    trust = _trust(themes, FULL_THEMES)
    shares = _by_centre(models, sides) * (weights.centre * trust)
    _add_nearest(shares, sides, models.strengths, weight=weights.nearest * trust)
    if weights.topics:
        fine = weights.topics * _trust(topics, FULL_TOPICS)
        _add_nearest(shares, models.vectors.topics @ topics.T, models.strengths, weight=fine)
    literal = (models.vectors.words @ candidates.holders).toarray()
    _add_nearest(shares, literal, models.strengths, weight=weights.words)
    if mentions is not None:
        alone = np.maximum(1 - themes.shape[1] / ENOUGH_THEMES, mentions.unknown)
        _add_nearest(shares, mentions.shares, mentions.strengths * alone, weight=weights.mention)
        _add_nearest(shares, mentions.titles, mentions.strengths, weight=weights.title)
    return shares


def find_rows(kind: str, found: Mapping[str, Sequence[int]], *, size: int, weight: float) -> Evidence | None:
    """The same weight for each candidate in which something was found, by label; ``None`` where nothing was."""
    hits = {label: rows for label, rows in found.items() if len(rows)}
    if not hits:
        return None
    shares = np.zeros((len(hits), size))
    for number, rows in enumerate(hits.values()):
        shares[number, rows] = weight
    return Evidence(kind, tuple(hits), shares)


def _by_centre(models: Models, sides: Array) -> Array:
    """Shares of the cosine with the models' weighted centre, from the cosines with each."""
    length = float(np.linalg.norm(models.strengths @ models.vectors.themes))
    strongest = float(models.strengths.max(initial=0.0))
    return models.strengths[:, None] * sides * (strongest / length) if length > 1e-9 else np.zeros_like(sides)


def _add_nearest(shares: Array, likeness: Array, strengths: Array, *, weight: float) -> None:
    """All to the nearest model, nothing to the others."""
    if not weight:
        return
    weighted = likeness * strengths[:, None]
    best = weighted.argmax(axis=0)
    columns = np.arange(weighted.shape[1])
    shares[best, columns] += np.maximum(weighted[best, columns], 0.0) * weight


def _trust(latent: Array, full: int) -> float:
    return float(min(1.0, latent.shape[1] / full) ** 0.25)
