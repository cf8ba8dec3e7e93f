"""One record out of two of the same paper: every source is kept, and the best that any of them says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, TypeVar

from newsletter.model import Entry, Signals

Text = TypeVar("Text", str, tuple[str, ...])

_ANNOUNCEMENTS = ["new", "cross", "replace", "replace-cross"]
"""What counts more as the reason for a listing comes first."""
_FILLED = (
    "link",
    "organization",
    "author_count",
    "arxiv_id",
    "doi",
    "journal_doi",
    "openreview_id",
    "pdf_link",
    "code_link",
    "discussion_link",
    "project_link",
    "thumbnail",
    "comment",
    "venue",
)
"""Taken from where it is said; of two that say it, from a newer version, else from the first."""


def merge(first: Entry, second: Entry) -> Entry:
    """Both as one; ``first`` gives the id, and ``second`` is what was read later.

    Summaries: the longest. Authors: the most that are named. A newer version of the paper outdoes both rules.
    """
    newer, older = _is_newer(second, first), _is_newer(first, second)
    corrected = set(second.sources) == set(first.sources) and not older
    filled: dict[str, Any] = {name: _said(getattr(first, name), getattr(second, name), newer=newer) for name in _FILLED}
    return replace(
        first,
        **filled,
        guid=first.guid or (second.guid if first.sources[:1] == second.sources[:1] else None),
        title=second.title if second.title and (newer or corrected) else first.title,
        summary=_longer(first.summary, second.summary, newer=newer, older=older),
        authors=_longer(first.authors, second.authors, newer=newer, older=older),
        arxiv_version=max(first.arxiv_version or 0, second.arxiv_version or 0) or None,
        categories=_union(first.categories, second.categories),
        keywords=_union(first.keywords, second.keywords),
        published=_earliest(first.published, second.published),
        updated=max(filter(None, (first.updated, second.updated)), default=None),
        listed_at=_earliest(first.listed_at, second.listed_at),
        first_seen_at=_earliest(first.first_seen_at, second.first_seen_at),
        withdrawn=second.withdrawn if newer else first.withdrawn or (second.withdrawn and not older),
        announce_type=min(filter(None, (first.announce_type, second.announce_type)), key=_weight, default=None),
        signals=_latest(first.signals, second.signals),
        sources=_union(first.sources, second.sources),
    )


def _is_newer(one: Entry, other: Entry) -> bool:
    """Whether it is of a later version: by its number, or by its date where one source numbers nothing."""
    if one.arxiv_version and other.arxiv_version:
        return one.arxiv_version > other.arxiv_version
    if one.updated is None or other.updated is None or (one.doi, one.sources) != (other.doi, other.sources):
        return False
    return one.updated > other.updated


def _said(first: object, second: object, *, newer: bool) -> object:
    return second or first if newer else first or second


def _longer(first: Text, second: Text, *, newer: bool, older: bool) -> Text:
    if newer or older:
        latest, other = (second, first) if newer else (first, second)
        return latest or other
    return second if len(second) > len(first) else first


def _union(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _earliest(first: datetime | None, second: datetime | None) -> datetime | None:
    return min(filter(None, (first, second)), default=None)


def _weight(announce_type: str) -> int:
    return _ANNOUNCEMENTS.index(announce_type) if announce_type in _ANNOUNCEMENTS else len(_ANNOUNCEMENTS)


def _latest(first: Signals, second: Signals) -> Signals:
    """Every figure as it was last read."""
    read = {one.name: getattr(second, one.name) for one in fields(Signals)}
    return replace(first, **{name: value for name, value in read.items() if value is not None})
