"""How far ``match`` can be trusted: of the papers that are said to be a reader's with so much chance, how many are.

Where a score starts was chosen on readers; here it is fitted anew on three quarters of them, and the last quarter is
looked at, four times. The order of papers hangs on nothing of this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

FOLDS = 4
TENTHS = 10
MIN_PAPERS = 30
"""Fewer papers in a tenth say little of it: no point is drawn."""
COLORS = ("#56b4e9", "#0072b2", "#009e73", "#e69f00", "#d55e00", "#cc79a7", "#444444")
WIDTH, HEIGHT, SIDE, LEFT, TOP = 640, 470, 400, 60, 24

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Told:
    """The papers of one task in one reader's order."""

    reader: str
    setting: str
    start: Sequence[float]
    """What the start of this setting hangs on, each with a number of its own to be fitted."""
    scores: Numbers
    theirs: NDArray[np.bool_]


def measure_by_setting(told: Sequence[Told]) -> list[dict[str, Any]]:
    """A row a setting and tenth of ``match``: how many papers, what was said of them, and how many were theirs."""
    rows = []
    for setting, (said, true) in _leave_out(told).items():
        places = np.minimum((said * TENTHS).astype(int), TENTHS - 1)
        rows += [
            {
                "setting": setting,
                "match": f"{n / TENTHS:.1f}-{(n + 1) / TENTHS:.1f}",
                "papers": int((places == n).sum()),
                "said": float(said[places == n].mean()),
                "were theirs": float(true[places == n].mean()),
            }
            for n in range(TENTHS)
            if (places == n).any()
        ]
    return rows


def _leave_out(told: Sequence[Told]) -> dict[str, tuple[Numbers, Numbers]]:
    """By setting: ``match`` and what was true, each reader's by numbers fitted on others."""
    readers = sorted({one.reader for one in told})
    fold = {reader: number % FOLDS for number, reader in enumerate(readers)}
    fits = [
        _fit([one for one in told if fold[one.reader] != left_out], len(told[0].start)) for left_out in range(FOLDS)
    ]
    found: dict[str, tuple[list[Numbers], list[Numbers]]] = {}
    for one in told:
        said, true = found.setdefault(one.setting, ([], []))
        said.append(1 / (1 + np.exp(-one.scores - np.dot(one.start, fits[fold[one.reader]]))))
        true.append(one.theirs.astype(float))
    return {setting: (np.concatenate(said), np.concatenate(true)) for setting, (said, true) in found.items()}


def _fit(told: Sequence[Told], unknowns: int) -> Numbers:
    """What to add to the starts so that as many are said to be theirs as are; each setting counts the same.

    Nothing where there is no other reader to learn it from.
    """
    if not told:
        return np.zeros(unknowns)
    sizes = {setting: sum(len(o.scores) for o in told if o.setting == setting) for setting in {o.setting for o in told}}
    scores = np.concatenate([one.scores for one in told])
    theirs = np.concatenate([one.theirs for one in told])
    starts = np.repeat([one.start for one in told], [len(one.scores) for one in told], axis=0)
    weights = np.repeat([1 / sizes[one.setting] for one in told], [len(one.scores) for one in told])

    def loss(added: Numbers) -> float:
        moved = scores + starts @ added
        return float(weights @ (np.logaddexp(0, moved) - theirs * moved))

    return np.asarray(minimize(loss, np.zeros(starts.shape[1])).x)


# -- the picture ---------------------------------------------------------------------------------------------------


def draw(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as an SVG: what was said against what was true, one line a setting."""
    settings = list(dict.fromkeys(row["setting"] for row in rows))
    lines = [
        _draw_line(number, setting, [row for row in rows if row["setting"] == setting and row["papers"] >= MIN_PAPERS])
        for number, setting in enumerate(settings)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" fill="#333">',
            "<style>text { font: 13px system-ui, sans-serif }</style>",
            "<title>How far match can be trusted</title>",
            "<desc>What match says, and how many of the papers were the reader's own; dashed: both agree.</desc>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            *(_draw_tick(n / 5) for n in range(6)),
            f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#999" stroke-dasharray="5 5"/>',
            f'<text x="{_x(0.5)}" y="{TOP + SIDE + 40}" text-anchor="middle">match: the chance that was said</text>',
            f'<text transform="translate(18 {_y(0.5)}) rotate(-90)" text-anchor="middle">were theirs</text>',
            *lines,
            "</svg>\n",
        ]
    )


def _draw_tick(share: float) -> str:
    return (
        f'<path d="M{_x(share)} {_y(0)}V{_y(1)}M{_x(0)} {_y(share)}H{_x(1)}" stroke="#e6e6e6"/>'
        f'<text x="{_x(share)}" y="{TOP + SIDE + 18}" text-anchor="middle">{share:.1f}</text>'
        f'<text x="{LEFT - 8}" y="{_y(share) + 4:g}" text-anchor="end">{share:.1f}</text>'
    )


def _draw_line(number: int, setting: str, rows: Sequence[Mapping[str, Any]]) -> str:
    color = COLORS[number % len(COLORS)]
    points = [(_x(row["said"]), _y(row["were theirs"])) for row in rows]
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="3.5"/>' for x, y in points)
    path = " ".join(f"{x},{y}" for x, y in points)
    at = TOP + 14 + 24 * number
    left = LEFT + SIDE + 20
    return (
        f'<g fill="{color}"><polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>{dots}'
        f'<rect x="{left}" y="{at - 5}" width="18" height="4"/></g>'
        f'<text x="{left + 26}" y="{at}" dominant-baseline="central">{escape(setting)}</text>'
    )


def _x(share: float) -> float:
    return round(LEFT + SIDE * share, 1)


def _y(share: float) -> float:
    return round(TOP + SIDE * (1 - share), 1)
