"""Quiet, waiting, stalled: what a silence means, decided on what was new before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.model import Fetched, SourceMemory, SourceState
from newsletter.sources.health import fresh_instants, memory_after, state_after

WEDNESDAY = datetime(2026, 3, 11, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def fetched(*fresh: datetime, kind: str = "feed", **more) -> Fetched:
    memory = SourceMemory(data={"fresh_at": [at.isoformat() for at in fresh]}, state=SourceState.FRESH)
    return Fetched(**{"source": "lab", "kind": kind, "memory": memory, **more})


def workdays(before: datetime, count: int = 20, hour: int = 6) -> list[datetime]:
    days = (before.replace(hour=hour) - back * DAY for back in range(1, 60))
    return sorted([day for day in days if day.weekday() < 5][:count])


def test_something_new_is_fresh():
    assert state_after(fetched(), new=3, now=WEDNESDAY) is SourceState.FRESH
    assert state_after(fetched(error="a page failed"), new=3, now=WEDNESDAY) is SourceState.FRESH


def test_an_error_with_nothing_new_is_a_failure():
    assert state_after(fetched(error="no connection"), new=0, now=WEDNESDAY) is SourceState.FAILED


def test_a_source_that_was_not_asked_stays_as_it_was():
    assert state_after(fetched(skipped=True), new=0, now=WEDNESDAY) is SourceState.FRESH


def test_nothing_is_made_of_a_silence_that_nothing_is_known_of():
    assert state_after(fetched(), new=0, now=WEDNESDAY) is SourceState.QUIET
    assert state_after(fetched(WEDNESDAY - 5 * DAY), new=0, now=WEDNESDAY) is SourceState.QUIET


def test_one_list_a_day_is_enough():
    fresh = [*workdays(WEDNESDAY), WEDNESDAY.replace(hour=6)]
    assert state_after(fetched(*fresh), new=0, now=WEDNESDAY) is SourceState.QUIET


@pytest.mark.parametrize(
    ("hour", "state"), [(3, SourceState.WAITING), (7, SourceState.WAITING), (8, SourceState.STALLED)]
)
def test_a_list_that_always_came_by_this_hour(hour, state):
    fresh = workdays(WEDNESDAY, hour=6)
    assert state_after(fetched(*fresh), new=0, now=WEDNESDAY.replace(hour=hour)) is state


@pytest.mark.parametrize("kind", ["feed", "arxiv", "huggingface"])
def test_a_weekend_is_quiet(kind):
    sunday = WEDNESDAY + 4 * DAY
    assert state_after(fetched(*workdays(sunday), kind=kind), new=0, now=sunday) is SourceState.QUIET


def test_arxiv_rests_by_the_calendar_of_its_own_zone():
    """Monday 02:00 UTC is still Sunday in New York."""
    monday = datetime(2026, 3, 16, 2, tzinfo=UTC)
    fresh = workdays(monday, hour=1)
    assert state_after(fetched(*fresh, kind="arxiv"), new=0, now=monday + timedelta(hours=1)) is SourceState.QUIET
    assert state_after(fetched(*fresh, kind="feed"), new=0, now=monday + timedelta(hours=1)) is SourceState.STALLED


def test_a_blog_that_posts_now_and_then_is_quiet_until_it_is_too_long():
    posts = [WEDNESDAY - back * DAY for back in (48, 40, 31, 23, 15)]
    assert state_after(fetched(*posts), new=0, now=WEDNESDAY) is SourceState.QUIET
    assert state_after(fetched(*posts), new=0, now=WEDNESDAY + 4 * DAY) is SourceState.STALLED


def test_what_is_remembered():
    first = memory_after(fetched(), new=2, now=WEDNESDAY)
    assert (first.state, first.new_at, fresh_instants(first)) == (SourceState.FRESH, WEDNESDAY, [WEDNESDAY])
    later = WEDNESDAY + timedelta(hours=3)
    second = memory_after(Fetched(source="lab", kind="feed", memory=first), new=1, now=later)
    assert (second.new_at, fresh_instants(second)) == (later, [WEDNESDAY])
    third = memory_after(Fetched(source="lab", kind="feed", memory=second), new=0, now=later)
    assert (third.state, third.new_at, third.data) == (SourceState.QUIET, later, second.data)


def test_memory_has_its_bound():
    fresh = [WEDNESDAY - back * DAY for back in range(60, 0, -1)]
    assert len(fresh_instants(memory_after(fetched(*fresh), new=1, now=WEDNESDAY))) == 40
