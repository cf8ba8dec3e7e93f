"""Why a paper stands where it stands: evidence told as a handful of reasons that add up to the score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from newsletter.model import Reason
from newsletter.ranking.evidence import Evidence

MAX_NAMED = 3
"""Reasons told by name from one kind of evidence; the others are summed up."""
MIN_TOLD = 0.05
"""A smaller share is no reason that a person would give; it goes to the starting point."""
DECIMALS = 9
_OTHERS = {
    "interest": "{:,} more of your interests",
    "liked": "{:,} more papers you liked",
    "disliked": "{:,} more papers you disliked",
}


def tell_reasons(evidence: Sequence[Evidence], rows: NDArray[np.intp], *, start: float) -> list[tuple[Reason, ...]]:
    """For each of the rows its reasons, the strongest first, the starting point last."""
    told: list[list[Reason]] = [[] for _ in rows]
    rest = np.full(len(rows), start)
    for part in evidence:
        rest += _tell_part(part, rows, told)
    baseline = np.round(rest, DECIMALS).tolist()
    for reasons, left in zip(told, baseline, strict=True):
        reasons.sort(key=lambda reason: (-abs(reason.contribution), reason.kind, reason.label))
        reasons.append(Reason(kind="baseline", label="any paper", contribution=left))
    return [tuple(reasons) for reasons in told]


def _tell_part(part: Evidence, rows: NDArray[np.intp], told: list[list[Reason]]) -> NDArray[np.float64]:
    """Adds the part's reasons to those told; gives back, by row, what was too little to tell."""
    shares = np.round(part.shares[:, rows], DECIMALS)
    named = np.argsort(-np.abs(shares), axis=0, kind="stable")[:MAX_NAMED]
    values = np.take_along_axis(shares, named, axis=0)
    worth = np.abs(values) >= MIN_TOLD
    others = shares.sum(axis=0) - np.where(worth, values, 0.0).sum(axis=0)
    summed = (len(shares) > MAX_NAMED) & (np.abs(others) >= MIN_TOLD)
    for place, rank in np.argwhere(worth.T).tolist():
        label = part.notes[rows[place]] if part.notes else part.labels[named[rank, place]]
        told[place].append(Reason(kind=part.kind, label=label, contribution=float(values[rank, place])))
    label = _OTHERS.get(part.kind, "{:,} more").format(len(shares) - MAX_NAMED)
    for place in np.flatnonzero(summed).tolist():
        contribution = round(float(others[place]), DECIMALS)
        told[place].append(Reason(kind=f"{part.kind}_others", label=label, contribution=contribution))
    return np.where(summed, 0.0, others)
