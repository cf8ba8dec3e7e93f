"""The numbers of the ranker: what each kind of evidence counts, in logits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What it counts that a paper is like the papers or the phrases a reader named."""

    centre: float
    """Times the cosine with their centre, among the broad themes: what they share counts most."""
    nearest: float
    """Times the cosine with the nearest of them, among the broad themes: one among many is not drowned."""
    topics: float
    """Times the cosine with the nearest of them, among the fine themes."""
    words: float
    """Times the cosine with the nearest of them, word for word."""
    title: float = 0.0
    """For a phrase that stands in the title with all its words; half for a single word."""
    mention: float = 0.0
    """Times the share of the nearest phrase that stands in the paper, where a pool has no themes or not its words."""
    sentences: float = 0.0
    """Times the cosine with their centre and the nearest of them, by sentence vectors where there are any."""
    start: float = 0.0
    """What a paper has against it before anything speaks for it: most papers are not theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One setting for all readers; fitted over readers, never to one of them."""

    interest: Likeness = Likeness(
        centre=5.0, nearest=1.5, topics=1.5, words=3.0, title=1.5, mention=6.0, sentences=2.0, start=-5.8
    )
    liked: Likeness = Likeness(centre=6.0, nearest=2.0, topics=2.0, words=9.0, sentences=2.0, start=-6.2)
    both: float = 0.6
    """What interests and liked papers each count where a reader gave both: they tell much the same."""
    both_start: float = -0.4
    """Added to the mean of both starts there: what they agree on is told twice."""
    crowd: float = -0.45
    """Added to the start for each doubling of the liked papers beyond three: the nearest of many is near by chance."""
    sentences_start: float = -0.25
    """Added to the start where there are sentence vectors: the nearest of what is liked is always near in something."""
    disliked: Likeness = Likeness(centre=0.0, nearest=0.0, topics=-3.0, words=-3.0)
    start: float = -1.2
    """Where a reader gave neither, and only follows authors, organisations or categories."""
    author: float = 6.5
    shared_author: float = 0.8
    """An author of a liked paper, in full."""
    organization: float = 3.5
    category: float = 1.5
    recency: float = 0.2
    muted: float = -30.0
    trending: float = 1.2
    """Times the heat, in standard deviations, where a reader wants what is trending."""
    trending_start: float = -1.5


WEIGHTS = Weights()
