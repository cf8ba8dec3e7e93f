from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from newsletter.model import Entry, Profile, Ranked, Signals, Vote
from newsletter.ranking import Pool
from newsletter.ranking.selection import MAX_BELOW, Selection, select

LONG = "We look at the way in which many small things add up to one large thing over the course of several long and cold winters spent near frozen lakes watching herons, otters, beavers, foxes, martens, lynxes, wolves, badgers, moose and cranes gather around holes"


def ranked(*entries: Entry, match: float = 0.9) -> list[Ranked]:
    return [Ranked(entry=entry, score=0.0, match=match, rank=rank) for rank, entry in enumerate(entries, 1)]


def papers(count: int) -> list[Entry]:
    return [Entry(id=f"p{number:02}", title=f"Title number{number}") for number in range(count)]


def ids(some: tuple[Ranked, ...]) -> list[str]:
    return [one.entry.id for one in some]


def test_cards_up_to_the_cap_then_titles_below() -> None:
    selection = select(ranked(*papers(30)), Profile(max_papers=5))
    assert ids(selection.items) == ["p00", "p01", "p02", "p03", "p04"]
    assert ids(selection.below) == [f"p{n:02}" for n in range(5, 5 + MAX_BELOW)]
    assert [one.rank for one in (*selection.items, *selection.below)] == list(range(1, 14))


def test_what_was_shown_and_what_the_reader_named_is_not_shown_again(now: datetime) -> None:
    entries = papers(6)
    profile = Profile(liked=(entries[0],), disliked=(entries[1],), votes=(Vote(entry=entries[2], value=1, at=now),))
    assert ids(select(ranked(*entries), profile, already={"p03"}).items) == ["p04", "p05"]


def test_muted_papers_are_shown_nowhere(library: list[Entry], now: datetime) -> None:
    profile = Profile(interests=("soil respiration",), muted=("soil",), max_papers=40)
    selection = select(Pool.build(library).rank(profile, now=now), profile)
    shown = [one.entry for one in (*selection.items, *selection.below)]
    assert shown
    assert not any("soil" in f"{entry.title} {entry.summary}" for entry in shown)


def test_a_thin_day_gives_a_short_digest(library: list[Entry], now: datetime) -> None:
    pool = Pool.build(library)
    profile = Profile(interests=("fMRI recordings",), max_papers=20)
    full = select(pool.rank(profile, now=now), profile)
    thin = select(pool.rank(profile, now=now), replace(profile, min_score=0.3))
    assert len(full.items) == 20
    assert {one.entry.id.split("-")[0] for one in thin.items} == {"brain"}
    assert thin.below == ()
    assert select(pool.rank(profile, now=now), replace(profile, min_score=1.0)) == Selection((), ())


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (Entry(id="z", title="A very long title: indeed!"), True),
        (Entry(id="z", title="A very long title, INDEED", authors=("X. Alpha",)), True),
        (Entry(id="z", title="A very long title, indeed", authors=("Y. Beta",)), False),
        (Entry(id="z", title="A very long title, part two"), False),
        (Entry(id="z", title="Another name", summary=LONG + " again."), True),
        (Entry(id="z", title="Another name", summary="Short words only."), False),
        (Entry(id="a", title="Changed"), True),
    ],
)
def test_near_duplicates_are_shown_once(other: Entry, *, is_same: bool) -> None:
    one = Entry(id="a", title="A very long title, indeed", authors=("X. Alpha",), summary=LONG)
    assert len(select(ranked(one, other), Profile()).items) == (1 if is_same else 2)


def test_short_titles_without_authors_are_no_duplicates() -> None:
    assert len(select(ranked(Entry(id="a", title="Editorial"), Entry(id="b", title="Editorial")), Profile()).items) == 2


def test_picks_to_explore_are_marked_last_from_outside_and_always_the_same() -> None:
    entries = [replace(entry, signals=Signals(upvotes=number)) for number, entry in enumerate(papers(60))]
    profile = Profile(interests=("title",), max_papers=6, explore=2, min_score=0.5)
    order = ranked(*entries[:30]) + ranked(*entries[30:], match=0.01)
    selection = select(order, profile)
    assert ids(selection.items[:4]) == ["p00", "p01", "p02", "p03"]
    assert [one.explore for one in selection.items] == [False] * 4 + [True] * 2
    assert all(one.entry.id >= "p40" for one in selection.items[4:])
    assert ids(selection.below) == [f"p{n:02}" for n in range(4, 12)]
    assert select(order, profile) == selection
    others = {tuple(ids(select(order, replace(profile, interests=(f"title {n}",))).items[4:])) for n in range(8)}
    assert len(others) > 1


def test_a_reader_without_a_profile_has_nothing_outside_it() -> None:
    selection = select(ranked(*papers(20)), Profile(explore=3, max_papers=5))
    assert not any(one.explore for one in selection.items)
    assert len(selection.items) == 5


def test_more_picks_than_papers() -> None:
    selection = select(ranked(*papers(4)), Profile(interests=("title",), explore=50, max_papers=10))
    assert sorted(ids(selection.items)) == ["p02", "p03"]
    assert select([], Profile()) == Selection((), ())
