"""Ranked papers whose reasons are told when they are first read: of two thousand few are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from newsletter.model import Entry, Ranked, Reason

TOLD_AT_ONCE = 64
"""Reading the reasons of one paper tells those of its neighbours in the order as well: it costs hardly more."""

Told = list[tuple[Reason, ...]]


class RankedLater(Ranked):
    """To everyone else a ``Ranked``: equal to one, hashed and pickled as one."""

    __slots__ = ("_tell",)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> tuple[Reason, ...]:
            if name != "reasons":
                raise AttributeError(f"a ranked paper has no {name!r}")
            object.__setattr__(self, "reasons", self._tell())
            return self.reasons

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranked) and _values(self) == _values(other)

    def __hash__(self) -> int:
        return hash(_values(self))

    def __reduce__(self) -> tuple[Callable[..., Ranked], tuple[Any, ...]]:
        return _make, _values(self)


def rank_now(entries: Sequence[Entry], scores: Sequence[float], matches: Sequence[float], told: Told) -> list[Ranked]:
    """Papers in order with their reasons."""
    rows = enumerate(zip(entries, scores, matches, told, strict=True), 1)
    return [
        Ranked(entry=entry, score=score, match=match, rank=rank, reasons=reasons)
        for rank, (entry, score, match, reasons) in rows
    ]


def rank_later(
    entries: Sequence[Entry], scores: Sequence[float], matches: Sequence[float], tell: Callable[[int, int], Told]
) -> list[Ranked]:
    """Papers in order; ``tell`` gives the reasons of those from one place to another."""
    blocks = [_Block(partial(tell, start, start + TOLD_AT_ONCE)) for start in range(0, len(entries), TOLD_AT_ONCE)]
    found: list[Ranked] = []
    make, put = RankedLater.__new__, object.__setattr__
    for place, entry in enumerate(entries):
        one = make(RankedLater)
        put(one, "entry", entry)
        put(one, "score", scores[place])
        put(one, "match", matches[place])
        put(one, "rank", place + 1)
        put(one, "explore", False)
        put(one, "_tell", partial(blocks[place // TOLD_AT_ONCE].read, place % TOLD_AT_ONCE))
        found.append(one)
    return found


class _Block:
    """The reasons of some papers that follow each other, told once."""

    __slots__ = ("_lock", "_tell", "_told")

    def __init__(self, tell: Callable[[], Told]) -> None:
        self._tell, self._lock = tell, Lock()
        self._told: Told = []

    def read(self, place: int) -> tuple[Reason, ...]:
        with self._lock:
            self._told = self._told or self._tell()
        return self._told[place]


def _values(one: Ranked) -> tuple[Any, ...]:
    return one.entry, one.score, one.match, one.rank, one.reasons, one.explore


def _make(entry: Entry, score: float, match: float, *others: Any) -> Ranked:
    rank, reasons, explore = others
    return Ranked(entry=entry, score=score, match=match, rank=rank, reasons=reasons, explore=explore)
