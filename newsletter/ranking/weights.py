"""The numbers of the ranker: what each kind of evidence counts, in logits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What it counts that a paper is like the papers or the phrases a reader named."""

    themes: float
    """Times the cosine with their centre, among the broad themes."""
    topics: float
    """Times the cosine with the nearest of them, among the fine themes."""
    words: float
    """Times the cosine with the nearest of them, word for word."""
    mention: float = 0.0
    """Times the share of the nearest phrase that stands in the paper."""
    mention_alone: float = 0.0
    """The same, where a pool is too small to have themes; in between in proportion."""
    start: float = 0.0
    """Added wherever a reader gave evidence of this kind: most papers are not theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One setting for all readers; fitted over readers, never to one of them."""

    interest: Likeness = Likeness(themes=6.5, topics=2.0, words=3.0, mention=1.0, mention_alone=5.0, start=-2.2)
    liked: Likeness = Likeness(themes=8.0, topics=2.5, words=8.0, start=-2.7)
    disliked: Likeness = Likeness(themes=0.0, topics=-3.0, words=-3.0)
    baseline: float = -2.3
    """What speaks for a paper of which nothing is known."""
    author: float = 4.5
    shared_author: float = 0.8
    """An author of a liked paper, in full."""
    organization: float = 2.5
    category: float = 1.0
    recency: float = 0.2
    muted: float = -30.0
    trending: float = 1.2
    """Times the heat, in standard deviations, where a reader wants what is trending."""
    trending_start: float = -1.5


WEIGHTS = Weights()
