"""What a crowd finds remarkable now: the speed at which votes, comments and stars come in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from newsletter.model import Entry, Signals
from newsletter.ranking.evidence import Evidence
from newsletter.ranking.space import Array
from newsletter.ranking.weights import Weights

DAY_SECONDS = 86_400.0
RECENCY_HALF_LIFE_DAYS = 14.0
HEAD_START_DAYS = 0.5
"""Added to an age, so that one vote in the first minute is no storm."""
COUNTED = {"upvotes": 1.0, "comments": 0.5, "stars": 0.25}
"""What each signal counts beside the others."""
MAX_HEAT = 3.0
MIN_SPREAD = 0.25
"""Signals that hardly differ tell hardly anything."""


def weigh_circumstances(entries: Sequence[Entry], now: datetime, *, weights: Weights) -> tuple[Evidence, Evidence]:
    """How new each entry is, and how much it is noticed: evidence that is the same for every reader."""
    ages = [age_days(entry, now) for entry in entries]
    fresh = np.array([0.0 if age is None else 0.5 ** (age / RECENCY_HALF_LIFE_DAYS) for age in ages], float)
    recency = Evidence(
        "recency",
        (),
        weights.recency * fresh[None],
        ["" if age is None else describe_age(age) for age in ages],
    )
    heat = measure_heat(entries, now)
    return recency, Evidence(
        "trending",
        (),
        weights.trending * heat[None],
        [describe_signals(entry.signals) for entry in entries],
    )


def measure_heat(entries: Sequence[Entry], now: datetime) -> Array:
    """How much hotter each entry is than the others, in standard deviations; 0 where no source says anything."""
    heat = np.zeros(len(entries))
    for name, weight in COUNTED.items():
        speeds = np.array([_speed(entry, name, now) for entry in entries], float)
        heat += weight * _standardise(speeds)
    return np.clip(heat, -MAX_HEAT, MAX_HEAT)


def age_days(entry: Entry, now: datetime) -> float | None:
    """How long it has been out: since it was listed, published or first seen by us."""
    since = entry.listed_at or entry.published or entry.first_seen_at
    return None if since is None else days_between(since, now)


def days_between(since: datetime, now: datetime) -> float:
    """Days passed, at least 0; a time without a zone is taken for UTC."""
    earlier, later = (at if at.tzinfo else at.replace(tzinfo=UTC) for at in (since, now))
    return max(0.0, (later - earlier).total_seconds() / DAY_SECONDS)


def describe_age(days: float) -> str:
    """The age in words: ``today``, ``3 days old``."""
    whole = round(days)
    if not whole:
        return "today"
    return "1 day old" if whole == 1 else f"{whole:,} days old"


def describe_signals(signals: Signals) -> str:
    """The figures in words: ``34 upvotes, 5 comments``."""
    counts = [(getattr(signals, name), name) for name in COUNTED]
    said = [f"{count:,} {name if count != 1 else name[:-1]}" for count, name in counts if count]
    return ", ".join(said) or "no votes yet"


def _speed(entry: Entry, name: str, now: datetime) -> float:
    """The logarithm of what came in a day, NaN where unknown: what was gained lately, else the mean since it is out."""
    total, gained = getattr(entry.signals, name), getattr(entry.signals, f"{name}_gained")
    age = age_days(entry, now)
    days = 1.0 if age is None else age
    if gained is not None:
        return math.log1p(max(gained, 0) / (min(1.0, days) + HEAD_START_DAYS))
    if total is None:
        return math.nan
    return math.log1p(max(total, 0) / (days + HEAD_START_DAYS))


def _standardise(values: Array) -> Array:
    known = np.isfinite(values)
    if not known.any():
        return np.zeros_like(values)
    middle, spread = values[known].mean(), max(float(values[known].std()), MIN_SPREAD)
    return np.where(known, (np.nan_to_num(values) - middle) / spread, 0.0)
