from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.model import Signals
from newsletter.storage.readings import Reading, continued, with_gains

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def reading(hours_ago: float, upvotes: int | None = None, *, until_hours_ago: float | None = None) -> Reading:
    until = hours_ago if until_hours_ago is None else until_hours_ago
    return Reading(entry_id="e", read_at=NOON - hours_ago * HOUR, until=NOON - until * HOUR, upvotes=upvotes)


@pytest.mark.parametrize(
    ("earlier", "gained"),
    [
        ([], None),
        ([reading(24, 10)], 5),
        ([reading(11, 10)], None),
        ([reading(12, 10)], 5),
        ([reading(36, 10)], 5),
        ([reading(37, 10)], None),
        ([reading(48, 10, until_hours_ago=20)], 5),
        ([reading(48, 10, until_hours_ago=40)], None),
        ([reading(30, 10), reading(23, 12), reading(13, 14)], 3),
        ([reading(26, None), reading(23, 15)], 0),
        ([reading(24, 20)], -5),
    ],
)
def test_gain_is_told_by_the_reading_about_a_day_before(earlier: list[Reading], gained: int | None) -> None:
    assert with_gains(Signals(upvotes=15), NOON, earlier).upvotes_gained == gained


def test_a_figure_nobody_says_gains_nothing() -> None:
    gained = with_gains(Signals(upvotes=3), NOON, [reading(24, 1)])
    assert (gained.comments, gained.comments_gained, gained.upvotes_gained) == (None, None, 2)


def test_gains_of_an_earlier_fetch_do_not_stay() -> None:
    assert with_gains(Signals(upvotes=3, upvotes_gained=9), NOON, []).upvotes_gained is None


def test_unchanged_figures_draw_the_last_row_out() -> None:
    row = continued("e", Signals(upvotes=5), at=NOON, earlier=[reading(48, 4), reading(24, 5)])
    assert row == reading(24, 5, until_hours_ago=0)


def test_changed_figures_make_a_row() -> None:
    assert continued("e", Signals(upvotes=6), at=NOON, earlier=[reading(24, 5)]) == reading(0, 6)


@pytest.mark.parametrize("earlier", [[], [reading(24, 5)]])
def test_no_figures_make_no_row(earlier: list[Reading]) -> None:
    assert continued("e", Signals(), at=NOON, earlier=earlier) is None


def test_a_clock_that_went_back_writes_nothing() -> None:
    assert continued("e", Signals(upvotes=6), at=NOON - HOUR, earlier=[reading(0, 5)]) is None


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 3)), min_size=1, max_size=20))
@settings(max_examples=50)
def test_a_series_is_in_order_and_its_rows_do_not_overlap(fetches: list[tuple[int, int]]) -> None:
    series: dict[datetime, Reading] = {}
    at = NOON
    for hours, upvotes in fetches:
        at += hours * HOUR
        row = continued("e", Signals(upvotes=upvotes), at=at, earlier=list(series.values()))
        assert row is not None
        series[row.read_at] = row
    rows = sorted(series.values(), key=lambda row: row.read_at)
    assert all(one.until < other.read_at for one, other in pairwise(rows))
    assert all(one.figures != other.figures for one, other in pairwise(rows))
    assert rows[-1].until == at
