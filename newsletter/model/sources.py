"""What a source said at a fetch, what is remembered of it, and what its rows change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from newsletter.model.entries import Entry


class SourceState(StrEnum):
    """How a source was at its last fetch; decided on ids, never on dates."""

    FRESH = "fresh"  # it listed something not seen before
    WAITING = "waiting"  # nothing new, and its usual hour has not come
    QUIET = "quiet"  # nothing new, as on weekends and holidays
    STALLED = "stalled"  # it answers, but nothing is new where there always was
    FAILED = "failed"  # it could not be read


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMemory:
    """What is remembered of a source between two fetches."""

    checked_at: datetime | None = None
    succeeded_at: datetime | None = None
    """``None`` until the first success: that fetch is the backlog."""
    new_at: datetime | None = None
    """When it last listed something not seen before."""
    failures: int = 0
    """In a row."""
    state: SourceState = SourceState.WAITING
    error: str | None = None
    retry_at: datetime | None = None
    """Not to be asked before: Retry-After, or our own backing off."""
    disabled: bool = False
    """It said 410 Gone."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """The kind's own notes as JSON: ETag, Last-Modified, cursors, permanent moves seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The outcome of one source's fetch: entries, or the reason why there are none."""

    source: str
    kind: str
    entries: tuple[Entry, ...] = ()
    """Rows as read, in the source's order; the same paper may stand in it twice."""
    error: str | None = None
    """One line; entries may still be there when a later page failed."""
    remark: str | None = None
    """One line on what is amiss although it could be read."""
    unchanged: bool = False
    """The source said that nothing changed since the last fetch (304)."""
    skipped: bool = False
    """It was not due to be asked."""
    is_first: bool = False
    """It was never read before: what is old in it is backlog."""
    memory: SourceMemory = SourceMemory()
    """What to remember for the next fetch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the rows of one source came to in a fetch, in papers."""

    new: int = 0
    """Not known before."""
    seen: int = 0
    """Known before, from this source or another."""
    merged: int = 0
    """Listed by another source too, now or before."""
    first: int = 0
    """Listed by this source for the first time, and no backlog: what its health is told by."""
    categories: frozenset[str] = frozenset()
    """The first ones of those; the others only say where else a paper was listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChanges:
    """What storage has to write so that every paper is one entry."""

    entries: tuple[Entry, ...] = ()
    """Complete records to insert or replace, by id."""
    keys: tuple[tuple[str, str], ...] = ()
    """(identity key, entry id) pairs, all that are known of the entries above."""
    new: frozenset[str] = frozenset()
    """Ids that were not known before."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Old id -> the id it was merged into."""
    tallies: Mapping[str, Tally] = field(default_factory=dict, compare=False)
    """By source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """One line of a run's account of its sources; also kept in the edition for the digest's footer."""

    name: str
    kind: str
    state: SourceState
    entries: int = 0
    new: int = 0
    """What was not known before; in an edition, how many of its entries it listed."""
    seen: int = 0
    """What was known before."""
    merged: int = 0
    """What another source lists too."""
    error: str | None = None
    is_partial: bool = False
    """It broke off: there may be more."""
    silent: tuple[str, ...] = ()
    """Its parts, such as categories, in which nothing is new where there always was."""
