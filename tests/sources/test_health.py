"""Fresh, waiting, quiet, stalled, failed: what a fetch means, decided on what was new at those before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.model import Entry, Fetched, SourceMemory, SourceState
from newsletter.sources.calendars import CALENDARS, arxiv_holidays, is_arxiv_holiday
from newsletter.sources.health import Habit, memory_after, state_after
from newsletter.sources.identity import reconcile

FRESH, WAITING, QUIET, STALLED, FAILED = SourceState
MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def looks(days: Iterable[int], *hours: float) -> Iterator[datetime]:
    """Looks at those hours of days from a Monday on."""
    return (MONDAY + day * DAY + timedelta(hours=hour) for day in days for hour in hours)


WORKDAYS = [day for day in range(28) if day % 7 < 5]
EVERY_DAY = range(28)


def lived(news: dict[datetime, bool], kind: str = "feed", **data) -> Fetched:
    """A source as it is after a life of looks, each with something new or without."""
    memory = SourceMemory(data=data)
    for now, is_new in sorted(news.items()):
        memory = memory_after(Fetched(source="s", kind=kind, memory=memory), new=int(is_new), now=now)
    return Fetched(source="s", kind=kind, memory=memory)


def at(day: int, hour: float) -> datetime:
    return MONDAY + day * DAY + timedelta(hours=hour)


# A list that comes between 6:00 and 6:15 UTC on workdays, looked at every quarter of an hour or once a day.
OFTEN = {now: now.hour == 6 and now.minute == 15 for now in looks(WORKDAYS, 5.75, 6, 6.25, 6.5, 12)}
ONCE = dict.fromkeys(looks(WORKDAYS, 7.5), True)
LATE_ONCE = {**OFTEN, at(25, 6.25): False, at(25, 22): True}
BLOG = dict.fromkeys((at(-day, 9) for day in (48, 40, 31, 23, 15)), True)
YOUNG = dict.fromkeys(looks(range(3), 7), True)


@pytest.mark.parametrize(
    ("kind", "life", "now", "state"),
    [
        # Nothing is made of a silence that nothing is known of.
        ("feed", {}, at(2, 9), QUIET),
        ("feed", YOUNG, at(3, 9), QUIET),
        ("arxiv", YOUNG, at(3, 9), QUIET),
        # One list a day is enough.
        ("feed", {**OFTEN, at(28, 6.25): True}, at(28, 9), QUIET),
        # Its usual hour, known from both sides.
        ("feed", OFTEN, at(28, 3), WAITING),
        ("feed", OFTEN, at(28, 6.9), WAITING),
        ("feed", OFTEN, at(28, 7.1), STALLED),
        ("feed", LATE_ONCE, at(28, 7.1), STALLED),
        ("feed", {now: new for now, new in OFTEN.items() if now > at(20, 0)}, at(27, 12), QUIET),
        ("feed", {now: new for now, new in OFTEN.items() if now > at(20, 0)}, at(29, 12), QUIET),
        # Its usual hour, where it was there each time when we looked.
        ("feed", ONCE, at(28, 6), WAITING),
        ("feed", ONCE, at(28, 7.5), STALLED),
        # A day that went by without is not forgiven in the morning after.
        ("feed", {**OFTEN, **dict.fromkeys(looks([28], 5, 12), False)}, at(29, 3), STALLED),
        ("feed", OFTEN, at(29, 3), STALLED),
        ("feed", {**OFTEN, **dict.fromkeys(looks(range(28, 45), 12), False)}, at(45, 12), STALLED),
        # A weekend: by habit, or by the calendar from the first one on.
        ("feed", OFTEN, at(27, 12), QUIET),
        ("arxiv", dict.fromkeys(looks(range(5), 7), True), at(5, 12), QUIET),
        ("huggingface", dict.fromkeys(looks(range(5), 7), True), at(6, 12), QUIET),
        ("feed", dict.fromkeys(looks(EVERY_DAY, 7), True), at(33, 12), STALLED),
        # Where it is known which days are off, a week makes a habit.
        ("arxiv", dict.fromkeys(looks(range(5), 7), True), at(7, 3), WAITING),
        ("arxiv", dict.fromkeys(looks(range(5), 7), True), at(7, 12), STALLED),
        ("arxiv", dict.fromkeys(looks(range(5), 7), True), at(10, 3), STALLED),
        # Days on which nobody looked say nothing.
        ("feed", {now: new for now, new in ONCE.items() if now.day not in (9, 16, 23)}, at(28, 12), QUIET),
        ("arxiv", {now: new for now, new in ONCE.items() if now.day % 3}, at(28, 12), STALLED),
        # A blog that posts now and then is quiet until it is too long.
        ("feed", BLOG, at(0, 9), QUIET),
        ("feed", BLOG, at(4, 9), STALLED),
    ],
)
def test_what_a_silence_means(kind, life, now, state):
    fetched = lived(life, kind)
    assert state_after(fetched, new=0, now=now) is state
    assert memory_after(fetched, new=0, now=now).state is state


@pytest.mark.parametrize(
    ("said", "new", "state"),
    [
        ({}, 3, FRESH),
        ({"error": "a page failed"}, 3, FRESH),
        ({"error": "no connection"}, 0, FAILED),
        ({"skipped": True}, 0, STALLED),
        ({}, 0, QUIET),
    ],
)
def test_what_a_fetch_means(said, new, state):
    fetched = Fetched(source="s", kind="feed", memory=SourceMemory(state=STALLED), **said)
    assert state_after(fetched, new=new, now=MONDAY) is state


def test_dates_that_lag_behind_are_none_of_its_business():
    """What is new was not seen before, whatever day it says it is of."""
    old = Entry(title="A", published=MONDAY - 9 * DAY, listed_at=MONDAY - DAY)
    assert state_after(Fetched(source="s", kind="arxiv", entries=(old,)), new=1, now=MONDAY) is FRESH


def test_an_error_is_told_and_no_look():
    before = lived(OFTEN)
    memory = memory_after(replace(before, error="no connection"), new=0, now=at(28, 12))
    assert (memory.state, memory.error) == (FAILED, "no connection")
    assert memory.data == before.memory.data


def test_a_standstill_is_told_in_words_and_so_is_its_end():
    memory = memory_after(lived(OFTEN), new=0, now=at(28, 12))
    assert memory.error == "nothing new since 2026-04-03, where there always was"
    again = memory_after(Fetched(source="s", kind="feed", memory=memory), new=2, now=at(28, 13))
    assert (again.state, again.error, again.new_at) == (FRESH, None, at(28, 13))


def test_a_remark_is_kept_beside_any_state():
    fetched = replace(lived(OFTEN), remark="late papers may be missing")
    assert memory_after(fetched, new=1, now=at(28, 6)).error == "late papers may be missing"
    assert memory_after(fetched, new=0, now=at(28, 9)).error.endswith("always was; late papers may be missing")


def test_what_is_remembered():
    habit = Habit.of("feed", lived(OFTEN).memory)
    assert len(habit.arrivals) == 20
    assert (habit.arrivals[-1].missing, habit.arrivals[-1].there) == (at(25, 6), at(25, 6.25))
    assert Habit.of("feed", lived(ONCE).memory).arrivals[-1].missing is None


def test_memory_has_its_bound():
    habit = Habit.of("feed", lived(dict.fromkeys(looks(range(60), 7), True)).memory)
    assert (len(habit.arrivals), len(habit.looked_on)) == (40, 40)


# -- parts -------------------------------------------------------------------------------------------------------


def of_parts(days: Iterable[int], *categories: str, memory: SourceMemory) -> SourceMemory:
    for now in looks(days, 7):
        fetched = Fetched(source="arXiv", kind="arxiv", memory=memory)
        memory = memory_after(fetched, new=len(categories), now=now, categories=categories)
    return memory


PARTS = SourceMemory(data={"parts": ["cs.AI", "cs.LG", "q-bio"]})


def test_one_stale_category_among_several_is_named():
    memory = of_parts(WORKDAYS, "cs.AI", "cs.LG", "q-bio.NC", memory=PARTS)
    assert (memory.state, memory.error) == (FRESH, None)
    memory = of_parts([28], "cs.LG", "q-bio.QM", memory=memory)
    assert (memory.state, memory.error) == (STALLED, "nothing new in cs.AI since 2026-04-03, where there always was")
    memory = of_parts([29], "cs.AI", "cs.LG", "q-bio.QM", memory=memory)
    assert (memory.state, memory.error) == (FRESH, None)


def test_a_category_in_which_little_happens_is_not():
    memory = PARTS
    for day in WORKDAYS:
        memory = of_parts([day], "cs.LG", *["cs.AI"] * (day % 7 == 2), memory=memory)
    assert of_parts([28], "cs.LG", memory=memory).state is FRESH
    assert of_parts([28, 29, 30], "cs.LG", memory=memory).error.startswith("nothing new in cs.AI since 2026-04-01")


def test_a_source_without_parts_has_none_that_are_stale():
    memory = of_parts([*WORKDAYS], "cs.AI", memory=SourceMemory())
    assert of_parts([28], "cs.LG", memory=memory).state is FRESH


def test_only_what_a_source_lists_first_as_news_makes_it_and_its_categories_fresh():
    def listed(source, *entries):
        return Fetched(source=source, kind="arxiv", entries=entries)

    news = Entry(title="A", link="https://a.example/1", categories=("cs.AI", "cs.LG"), published=MONDAY)
    backlog = Entry(title="B", link="https://a.example/2", categories=("cs.CL",), published=MONDAY - 9 * DAY)
    bare = Entry(title="C", link="https://a.example/3", published=MONDAY)
    rows = [listed("one", news, backlog, bare), listed("two", news)]
    options = {"now": MONDAY, "window": timedelta(days=3)}
    first = reconcile(rows, {}, first_fetch={"one"}, **options)
    assert {name: (tally.first, tally.categories) for name, tally in first.tallies.items()} == {
        "one": (2, {"cs.AI"}),
        "two": (1, {"cs.AI"}),
    }
    known = {key: [entry] for entry in first.entries for key, owner in first.keys if owner == entry.id}
    again = reconcile([listed("one", news), listed("three", news)], known, **options)
    assert {name: (tally.first, tally.seen) for name, tally in again.tallies.items()} == {
        "one": (0, 1),
        "three": (1, 1),
    }


# -- calendars ---------------------------------------------------------------------------------------------------


def test_the_day_of_arxiv_begins_with_its_announcement():
    arxiv = CALENDARS["arxiv"]
    evening = datetime(2026, 3, 10, 0, 30, tzinfo=UTC)  # Monday, 20:30 in New York
    assert (arxiv.day_of(evening), arxiv.hour_of(evening)) == (date(2026, 3, 10), timedelta(minutes=30))
    assert arxiv.day_of(evening - timedelta(hours=1)) == date(2026, 3, 9)


@pytest.mark.parametrize(
    ("day", "off"),
    [
        ("2026-11-27", True),  # the day after Thanksgiving
        ("2026-06-22", True),  # the Monday after a Friday off
        ("2026-12-30", True),
        ("2026-12-28", True),
        ("2026-03-10", False),
        ("2031-07-05", True),
        ("2031-11-28", True),
        ("2031-09-02", True),
        ("2031-09-04", False),
    ],
)
def test_the_holidays_of_arxiv(day, off):
    assert is_arxiv_holiday(date.fromisoformat(day)) is off


def test_holidays_are_within_their_year():
    assert all(day.year == year for year in (2025, 2026, 2031) for day in arxiv_holidays(year))


def test_a_holiday_of_arxiv_is_quiet():
    monday = datetime(2026, 11, 2, tzinfo=UTC)
    life = {monday + day * DAY + timedelta(hours=12): True for day in range(25) if day % 7 < 5}
    friday = monday + 25 * DAY - DAY  # of Thanksgiving week
    life = {now: new for now, new in life.items() if now < friday - DAY}
    assert state_after(lived(life, "arxiv"), new=0, now=friday + timedelta(hours=15)) is QUIET
