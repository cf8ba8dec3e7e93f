"""Ranked papers whose reasons are told when they are first read: of two thousand few are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from newsletter.model import Entry, Ranked, Reason

TOLD_AT_ONCE = 64
"""Reading the reasons of one paper tells those of its neighbours in the order as well: it costs hardly more."""

Told = list[tuple[Reason, ...]]


class RankedLater(Ranked):
    """To everyone else a ``Ranked``: equal to one, hashed and pickled as one."""

    __slots__ = ("_block",)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> tuple[Reason, ...]:
            if name != "reasons":
                raise AttributeError(f"a ranked paper has no {name!r}")
            object.__setattr__(self, "reasons", self._block.read(self.rank - 1))
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
    blocks = [_Block(start, tell) for start in range(0, len(entries), TOLD_AT_ONCE)]
    # By the slots' own setters, in a third of the time that the constructor takes: this is done for every paper.
    put = [getattr(RankedLater, name).__set__ for name in ("entry", "score", "match", "rank", "explore", "_block")]
    put_entry, put_score, put_match, put_rank, put_explore, put_block = put
    make = RankedLater.__new__
    found: list[Ranked] = []
    for place, entry in enumerate(entries):
        one = make(RankedLater)
        put_entry(one, entry)
        put_score(one, scores[place])
        put_match(one, matches[place])
        put_rank(one, place + 1)
        put_explore(one, False)
        put_block(one, blocks[place // TOLD_AT_ONCE])
        found.append(one)
    return found


class _Block:
    """The reasons of some papers that follow each other, told once."""

    __slots__ = ("_lock", "_start", "_tell", "_told")

    def __init__(self, start: int, tell: Callable[[int, int], Told]) -> None:
        self._start, self._tell, self._lock = start, tell, Lock()
        self._told: Told = []

    def read(self, place: int) -> tuple[Reason, ...]:
        """Of the paper at that place in the whole order."""
        with self._lock:
            self._told = self._told or self._tell(self._start, self._start + TOLD_AT_ONCE)
        return self._told[place - self._start]


def _values(one: Ranked) -> tuple[Any, ...]:
    return one.entry, one.score, one.match, one.rank, one.reasons, one.explore


def _make(entry: Entry, score: float, match: float, *others: Any) -> Ranked:
    rank, reasons, explore = others
    return Ranked(entry=entry, score=score, match=match, rank=rank, reasons=reasons, explore=explore)
