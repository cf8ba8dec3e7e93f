from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from newsletter.model import Entry, Profile, Signals
from newsletter.ranking import Pool
from newsletter.ranking.crowd import rank_by_crowd
from newsletter.ranking.selection import select
from newsletter.ranking.trending import (
    MAX_HEAT,
    age_days,
    describe_age,
    describe_signals,
    measure_heat,
    weigh_circumstances,
)
from newsletter.ranking.weights import Weights


def paper(days: float, now: datetime, **signals: int) -> Entry:
    return Entry(title=f"{days} {signals}", published=now - timedelta(days=days), signals=Signals(**signals))


def test_more_votes_at_the_same_age_are_hotter(now: datetime) -> None:
    heat = measure_heat([paper(1, now, upvotes=n) for n in (0, 5, 50)], now)
    assert heat[0] < heat[1] < heat[2]


def test_a_paper_of_this_morning_competes_with_one_of_last_week(now: datetime) -> None:
    heat = measure_heat([paper(0.2, now, upvotes=20), paper(7, now, upvotes=40)], now)
    assert heat[0] > heat[1]


def test_one_vote_in_the_first_minute_is_no_storm(now: datetime) -> None:
    heat = measure_heat([paper(0.001, now, upvotes=1), paper(1, now, upvotes=30)], now)
    assert heat[0] < heat[1]


def test_what_was_gained_lately_beats_an_old_total(now: datetime) -> None:
    old = paper(30, now, upvotes=900, upvotes_gained=1)
    rising = paper(2, now, upvotes=60, upvotes_gained=50)
    heat = measure_heat([old, rising], now)
    assert heat[1] > heat[0]


def test_twelve_votes_in_three_hours_beat_thirty_in_twenty_seven(now: datetime) -> None:
    morning, yesterday = paper(3 / 24, now, upvotes=12), paper(27 / 24, now, upvotes=30)
    counted_twice = replace(yesterday, signals=Signals(upvotes=30, upvotes_gained=26))
    crowd = [paper(days, now, upvotes=votes) for days, votes in ((0.2, 2), (1.1, 9), (1.3, 4), (2.2, 61), (3.1, 7))]
    heat = measure_heat([morning, yesterday, counted_twice, *crowd], now)
    assert heat[0] > max(heat[1:3])


def test_a_reader_without_a_profile_gets_what_comes_in_fastest(now: datetime) -> None:
    slow = paper(6, now, upvotes=180, upvotes_gained=3, comments=9, comments_gained=0)
    steady = paper(1.1, now, upvotes=42, upvotes_gained=38, comments=3, comments_gained=2)
    fresh = paper(0.15, now, upvotes=31, comments=2)
    unnoticed = paper(0.15, now, upvotes=1, comments=0)
    unknown = paper(0.15, now)
    ranked = Pool.build([unknown, slow, unnoticed, steady, fresh]).rank(Profile(), now=now)
    assert [one.entry for one in ranked] == [fresh, steady, unknown, slow, unnoticed]
    selected = select(ranked, Profile(explore=2))
    assert [one.entry for one in selected.items] == [one.entry for one in ranked]
    assert all(sum(reason.contribution for reason in one.reasons) == pytest.approx(one.score) for one in ranked)


def test_where_nobody_votes_the_newest_come_first(now: datetime) -> None:
    entries = [paper(days, now) for days in (3, 0.1, 40, 1, 0.2)]
    ranked = Pool.build(entries).rank(Profile(), now=now)
    assert [one.entry for one in ranked] == [entries[n] for n in (1, 4, 3, 0, 2)]


def test_entries_without_signals_are_neutral(now: datetime) -> None:
    heat = measure_heat([paper(1, now, upvotes=100), paper(1, now), paper(1, now, upvotes=0)], now)
    assert heat[0] > heat[1] == 0 > heat[2]


def test_comments_and_stars_count_too(now: datetime) -> None:
    quiet, talked, starred = (
        paper(1, now, upvotes=5, comments=0, stars=0),
        paper(1, now, upvotes=5, comments=40, stars=0),
        paper(1, now, upvotes=5, comments=0, stars=400),
    )
    heat = measure_heat([quiet, talked, starred], now)
    assert heat[1] > heat[2] > heat[0]


@pytest.mark.parametrize("count", [0, 1])
def test_heat_of_none_and_of_one(now: datetime, count: int) -> None:
    assert measure_heat([paper(1, now, upvotes=7)] * count, now).tolist() == [0.0] * count


def test_heat_is_bounded_whatever_the_figures(now: datetime) -> None:
    entries = [paper(1, now, upvotes=1, comments=1, stars=1) for _ in range(50)]
    entries.append(paper(1, now, upvotes=10**9, comments=10**9, stars=10**9))
    entries.append(paper(1, now, upvotes=-5))
    assert abs(measure_heat(entries, now)).max() == MAX_HEAT


def test_ages_count_from_listing_and_never_below_zero(now: datetime) -> None:
    listed = Entry(title="a", published=now - timedelta(days=900), listed_at=now - timedelta(days=1))
    ahead = Entry(title="b", published=now + timedelta(days=3))
    assert age_days(listed, now) == 1
    assert age_days(ahead, now) == 0
    assert age_days(Entry(title="c"), now) is None


def test_times_without_a_zone_are_taken_for_utc(now: datetime) -> None:
    entry = Entry(title="a", published=(now - timedelta(days=2)).replace(tzinfo=None))
    assert age_days(entry, now) == 2


def test_newer_is_a_little_better_and_unknown_is_neither(now: datetime) -> None:
    entries = [paper(0, now), paper(20, now), Entry(title="undated")]
    recency, _ = weigh_circumstances(entries, now, weights=Weights())
    today, old, undated = recency.shares[0]
    assert 0.5 > today > old > undated == 0
    assert list(recency.notes) == ["today", "20 days old", ""]


@pytest.mark.parametrize(
    ("signals", "words"),
    [
        (Signals(upvotes=1_234, comments=1, stars=2), "1,234 upvotes, 1 comment, 2 stars"),
        (Signals(comments=3), "3 comments"),
        (Signals(), "no votes yet"),
    ],
)
def test_signals_in_words(signals: Signals, words: str) -> None:
    assert describe_signals(signals) == words


def test_one_day_is_singular() -> None:
    assert describe_age(1.2) == "1 day old"


def test_the_crowds_order_is_that_of_a_profile_that_says_nothing(now: datetime) -> None:
    papers = [paper(days, now, upvotes=votes) for days in (0.1, 1, 9) for votes in (0, 3, 3, 40)]
    papers += [Entry(title="Of nobody knows when"), Entry(title="Silent", published=now)]
    assert rank_by_crowd(papers, now=now, limit=8) == Pool.build(papers).rank(Profile(), now=now, limit=8)
    assert rank_by_crowd([], now=now, limit=8) == []
