"""The ledger over time, as bars of a picture that is made here: a script draws nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from newsletter.model import DeliveryState
from newsletter.storage.tallies import Tally

GROUPS: Mapping[str, frozenset[DeliveryState]] = {
    "sent": frozenset({DeliveryState.SENT}),
    "waiting": frozenset({DeliveryState.READY, DeliveryState.LEASED, DeliveryState.HANDED, DeliveryState.RETRY}),
    "trouble": frozenset({DeliveryState.UNCERTAIN, DeliveryState.FAILED}),
    "kept_back": frozenset({DeliveryState.SUPPRESSED, DeliveryState.CANCELLED}),
}
"""What is told apart by colour, from the bottom up."""
WIDTH, HEIGHT = 900, 160
GAP = 0.24
"""Of a day's width."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a day's bar, in units of the picture."""

    group: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Day:
    """One date's deliveries."""

    date: date
    counts: Mapping[str, int]
    """By group."""
    states: Tally
    bars: tuple[Bar, ...]

    @property
    def total(self) -> int:
        """In all states."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Plot:
    """A bar a day; ``most`` is what the highest stands for."""

    days: tuple[Day, ...]
    most: int
    totals: Mapping[str, int]
    """By group."""
    width: int = WIDTH
    height: int = HEIGHT


def plot(tallies: Mapping[date, Tally], *, since: date, until: date) -> Plot:
    """The picture of these days, both ends among them; days of nothing have no bar."""
    dates = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    grouped = [_grouped(tallies.get(one, {})) for one in dates]
    most = max((sum(counts.values()) for counts in grouped), default=0)
    step = WIDTH / len(dates)
    days = tuple(
        Day(one, counts, tallies.get(one, {}), tuple(_bars(counts, number * step, step, most)))
        for number, (one, counts) in enumerate(zip(dates, grouped, strict=True))
    )
    return Plot(days, most, {group: sum(counts[group] for counts in grouped) for group in GROUPS})


def _grouped(tally: Tally) -> dict[str, int]:
    return {group: sum(tally.get(state, 0) for state in states) for group, states in GROUPS.items()}


def _bars(counts: Mapping[str, int], left: float, step: float, most: int) -> Iterator[Bar]:
    top = float(HEIGHT)
    for group, count in counts.items():
        if count:
            height = max(1.5, HEIGHT * count / most)
            top = max(0.0, top - height)
            yield Bar(
                group, round(left + step * GAP / 2, 2), round(top, 2), round(step * (1 - GAP), 2), round(height, 2)
            )
