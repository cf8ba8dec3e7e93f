"""A digest as bytes: with its edition they give the same mail again, however often it is tried.

Kept is what a mail can tell: of the papers on cards their scores and the reasons that speak for them, of those below
the line only which they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json

from newsletter.model import Digest, Edition, Ranked, Reason, SourceReport, SourceState

NEVER_TOLD = frozenset({"baseline", "recency"})
"""Kinds of reasons that say nothing of a reader."""
DECIMALS = 6


def freeze(digest: Digest) -> bytes:
    """The digest as bytes that, with its edition, give the same mail again."""
    frozen = {
        "v": 2,
        "edition": digest.edition,
        "date": digest.local_date.isoformat(),
        "candidates": digest.candidates,
        "items": [_frozen(item) for item in digest.items],
        "below": [item.entry.id for item in digest.below],
        "sources": [
            (s.name, s.kind, s.state, s.entries, s.new, s.error, s.is_partial, *s.silent) for s in digest.sources
        ],
    }
    try:
        return to_json(frozen)
    except ValueError:  # half of a surrogate pair, which UTF-8 cannot carry
        return json.dumps(frozen, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _frozen(item: Ranked) -> list[object]:
    """The paper's id, its score, whether it is an exploration, and kind, label and share of each reason."""
    told: list[object] = [item.entry.id, item.score, item.match, item.explore]
    for reason in item.reasons:
        if reason.contribution > 0 and reason.kind not in NEVER_TOLD:
            told += (reason.kind, reason.label, round(reason.contribution, DECIMALS))
    return told


class Thaw:
    """Makes the digests of one edition again; the edition is looked through once."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self._entries = {entry.id: entry for entry in edition.entries}
        self._below: dict[tuple[int, str], Ranked] = {}

    def digest(self, payload: bytes) -> Digest:
        """The digest that was frozen; below the line, and among reasons, with what a mail tells."""
        frozen = from_json(payload)
        is_first = "v" not in frozen
        items = [_as_now(item) for item in frozen["items"]] if is_first else frozen["items"]
        below = [item[0] for item in frozen["below"]] if is_first else frozen["below"]
        return Digest(
            edition=frozen["edition"],
            local_date=date.fromisoformat(frozen["date"]),
            candidates=frozen["candidates"],
            items=tuple([self._card(rank, item) for rank, item in enumerate(items, 1)]),
            below=tuple([self._line(rank, entry_id) for rank, entry_id in enumerate(below, len(items) + 1)]),
            sources=tuple([_source(*source) for source in frozen["sources"]]),
        )

    def _card(self, rank: int, frozen: Sequence[Any]) -> Ranked:
        entry_id, score, match, explore, *told = frozen
        reasons = [Reason(kind=told[n], label=told[n + 1], contribution=told[n + 2]) for n in range(0, len(told), 3)]
        return Ranked(
            entry=self._entries[entry_id], score=score, match=match, rank=rank, explore=explore, reasons=tuple(reasons)
        )

    def _line(self, rank: int, entry_id: str) -> Ranked:
        """One below the line: the same for all who have it at this place."""
        made = self._below.get((rank, entry_id))
        if made is None:
            made = self._below[rank, entry_id] = Ranked(entry=self._entries[entry_id], score=0.0, match=0.0, rank=rank)
        return made


def thaw(payload: bytes, edition: Edition) -> Digest:
    """The digest that was frozen, its entries taken from the edition; for many of one edition there is ``Thaw``."""
    return Thaw(edition).digest(payload)


def _as_now(item: Sequence[Any]) -> Iterable[Any]:
    """An item as the first version froze it, with its reasons in a list of their own."""
    entry_id, score, match, explore, reasons = item
    return [entry_id, score, match, bool(explore), *(part for reason in reasons for part in reason)]


@lru_cache(maxsize=1024)
def _source(*frozen: Any) -> SourceReport:
    """Most readers of an edition have the same."""
    name, kind, state, entries, new, error, is_partial, *silent = frozen
    return SourceReport(
        name=name,
        kind=kind,
        state=SourceState(state),
        entries=entries,
        new=new,
        error=error,
        is_partial=is_partial,
        silent=tuple(silent),
    )
