from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.model import Signals
from newsletter.storage.readings import Reading, next_reading, with_gains

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def reading(hours_ago: float, upvotes: int | None = None) -> Reading:
    return Reading(entry_id="e", read_at=NOON - hours_ago * HOUR, upvotes=upvotes)


@pytest.mark.parametrize(
    ("series", "gained"),
    [
        ([], None),
        ([reading(11, 10)], None),
        ([reading(12, 10)], 5),
        ([reading(24, 10)], 5),
        ([reading(500, 10)], 5),
        ([reading(30, 10), reading(23, 12), reading(13, 14)], 5),
        ([reading(23, 12), reading(13, 14)], 3),
        ([reading(30, 15), reading(40, 10)], 0),
        ([reading(30, None), reading(23, 15)], None),
        ([reading(24, 20)], -5),
    ],
)
def test_a_gain_is_told_by_the_reading_that_stood_a_day_before(series: list[Reading], gained: int | None) -> None:
    assert with_gains(Signals(upvotes=15), series, at=NOON).upvotes_gained == gained


def test_a_figure_nobody_says_gains_nothing() -> None:
    gained = with_gains(Signals(upvotes=3), [reading(24, 1)], at=NOON)
    assert (gained.comments, gained.comments_gained, gained.upvotes_gained) == (None, None, 2)


def test_figures_make_a_row_where_they_changed() -> None:
    assert next_reading("e", Signals(upvotes=6), at=NOON, last=None) == reading(0, 6)
    assert next_reading("e", Signals(upvotes=6), at=NOON, last=reading(24, 5)) == reading(0, 6)
    assert next_reading("e", Signals(upvotes=5, upvotes_gained=2), at=NOON, last=reading(24, 5)) is None


def test_no_figures_make_no_row_but_their_end_does() -> None:
    assert next_reading("e", Signals(), at=NOON, last=None) is None
    assert next_reading("e", Signals(), at=NOON, last=reading(24, 5)) == reading(0)


def test_a_clock_that_went_back_writes_nothing() -> None:
    assert next_reading("e", Signals(upvotes=6), at=NOON - HOUR, last=reading(0, 5)) is None


@given(st.lists(st.tuples(st.integers(-3, 30), st.integers(0, 3)), min_size=1, max_size=20))
@settings(max_examples=50)
def test_a_series_goes_forward_and_every_row_is_a_change(fetches: list[tuple[int, int]]) -> None:
    series: list[Reading] = []
    at = NOON
    for hours, upvotes in fetches:
        at += hours * HOUR
        row = next_reading("e", Signals(upvotes=upvotes), at=at, last=series[-1] if series else None)
        series += [row] if row else []
    assert all(one.read_at <= other.read_at and one.upvotes != other.upvotes for one, other in pairwise(series))
