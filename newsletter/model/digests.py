"""What a reader gets: a ranked selection out of an edition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from newsletter.model.entries import Entry
from newsletter.model.sources import SourceReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One part of a score, in words."""

    kind: str
    """What speaks: interest (its words stand in the paper), theme (only near to an interest), liked, voted (a paper
    voted for), liked_author, author, organization, category, trending, recency, disliked, muted; interest_others,
    liked_others and the like (the weaker ones of a kind together); baseline (what any paper gets)."""
    label: str
    """The phrase, the liked paper's title, the author: what a person would say."""
    contribution: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """An entry with its place in one reader's order."""

    entry: Entry
    score: float
    """The sum of its reasons' contributions."""
    match: float
    """``1 / (1 + exp(-score))``: how likely this one is yours."""
    rank: int
    """1 is best."""
    reasons: tuple[Reason, ...] = ()
    explore: bool = False
    """Picked from outside the profile on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """An immutable snapshot of candidate entries with their signal values."""

    id: str
    """Its UTC instant, ``2026-11-22T07:30:00Z``."""
    made_at: datetime
    reach_from: datetime
    """Entries first seen at or after this instant are in it."""
    entries: tuple[Entry, ...] = ()
    sources: tuple[SourceReport, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One reader's dated selection from an edition."""

    edition: str
    local_date: date
    items: tuple[Ranked, ...] = ()
    """On cards, in order."""
    below: tuple[Ranked, ...] = ()
    """Titles just below the line; they may come back another day."""
    candidates: int = 0
    """How many papers this reader's selection was made from."""
    sources: tuple[SourceReport, ...] = ()
