"""Why a paper stands where it stands: evidence told as a handful of reasons that add up to the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from newsletter.model import Reason
from newsletter.ranking.evidence import Evidence

Places: TypeAlias = NDArray[np.intp]

MAX_NAMED = 3
"""Reasons told by name from one kind of evidence; the others are summed up."""
MIN_TOLD = 0.05
"""A smaller share is no reason that a person would give; it goes to the starting point."""
DECIMALS = 9
_OTHERS = {
    "interest": ("one more of your interests", "{:,} more of your interests"),
    "liked": ("one more paper you liked", "{:,} more papers you liked"),
    "disliked": ("one more paper you disliked", "{:,} more papers you disliked"),
}


@dataclass(frozen=True, slots=True)
class _Told:
    """Reasons of one kind of evidence, each with its paper's place among those that are told of."""

    places: Places
    values: NDArray[np.float64]
    words: Sequence[tuple[str, str]]
    """Kind and label of each."""


def tell_reasons(evidence: Sequence[Evidence], rows: Places, *, scores: Sequence[float]) -> list[tuple[Reason, ...]]:
    """For each of the rows its reasons, the strongest first, the starting point last: what no other reason tells."""
    told = [part for one in evidence for part in _tell(one, rows)]
    places = np.concatenate([np.zeros(0, np.intp), *(part.places for part in told)])
    values = np.concatenate([np.zeros(0), *(part.values for part in told)])
    words = [pair for part in told for pair in part.words]
    order = np.lexsort((-np.abs(values), places))
    contributions = values[order].tolist()
    reasons = [
        Reason(kind=words[n][0], label=words[n][1], contribution=value)
        for n, value in zip(order.tolist(), contributions, strict=True)
    ]
    rest = np.round(np.array(scores, float) - np.bincount(places, values, len(rows)), DECIMALS) + 0.0
    ends = np.cumsum(np.bincount(places, minlength=len(rows))).tolist()
    return [
        (*reasons[start:end], Reason(kind="baseline", label="any paper", contribution=left))
        for start, end, left in zip([0, *ends], ends, rest.tolist(), strict=False)
    ]


def _tell(part: Evidence, rows: Places) -> list[_Told]:
    """The part's strongest shares by name, and the others in one sum where that is worth a word."""
    shares = np.round(part.shares[:, rows], DECIMALS)
    named = _find_strongest(shares)
    values = np.take_along_axis(shares, named, axis=0)
    worth = np.abs(values) >= MIN_TOLD
    places, ranks = np.nonzero(worth.T)
    told = [_Told(places, values[ranks, places], part.tell(named[ranks, places], rows[places]))]
    if len(shares) > MAX_NAMED:
        others = np.round(shares.sum(axis=0) - np.where(worth, values, 0.0).sum(axis=0), DECIMALS)
        summed = np.flatnonzero(np.abs(others) >= MIN_TOLD)
        count = len(shares) - MAX_NAMED
        label = _OTHERS.get(part.kind, ("one more", "{:,} more"))[count > 1].format(count)
        told.append(_Told(summed, others[summed], [(f"{part.kind}_others", label)] * len(summed)))
    return told


def _find_strongest(shares: NDArray[np.float64]) -> Places:
    """(at most MAX_NAMED, columns): the rows with the largest shares, the first of equals first."""
    left = np.abs(shares)
    found = np.zeros((min(MAX_NAMED, len(shares)), shares.shape[1]), np.intp)
    columns = np.arange(shares.shape[1])
    for strongest in found:
        strongest[:] = left.argmax(axis=0)
        left[strongest, columns] = -1.0
    return found
