from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model import Entry, Interest, Profile, Ranked, Reason, Signals, Vote
from newsletter.ranking import Pool
from newsletter.ranking.selection import ALIKE_SHARE, MAX_BELOW, Selection, find_longest, select

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


def test_picks_alone_where_as_many_are_wanted_as_there_are_papers() -> None:
    selection = select(ranked(*papers(40)), Profile(interests=("title",), explore=5, max_papers=5))
    assert len(selection.items) == 5
    assert all(one.explore and one.entry.id >= "p20" for one in selection.items)
    assert ids(selection.below) == [f"p{n:02}" for n in range(MAX_BELOW)]


def test_picks_are_noticed_ones_neither_muted_nor_shown_already(now: datetime) -> None:
    shown = Entry(id="shown", title="Herons of the northern lakes")
    same = Entry(id="same", title="Herons of the Northern Lakes", signals=Signals(upvotes=900))
    muted = Entry(id="muted", title="Grey otters", signals=Signals(stars=900))
    talked = [Entry(id=f"t{n}", title=f"Talk number{n}", signals=Signals(comments=5)) for n in range(20)]
    order = ranked(shown, *papers(60), same, muted, *talked)
    because = (Reason(kind="muted", label="otters", contribution=-30.0),)
    order = [replace(one, reasons=because) if one.entry is muted else one for one in order]
    selection = select(order, Profile(interests=("title",), explore=9, max_papers=12))
    picks = [one.entry.id for one in selection.items if one.explore]
    assert len(picks) == 9
    assert set(picks) <= {entry.id for entry in talked}


def test_what_lies_below_is_not_nearly_a_pick() -> None:
    twins = [Entry(id=f"twin{n}", title="Herons of the northern lakes") for n in range(2)]
    order = ranked(*papers(3), twins[0], *papers(9)[3:], twins[1])
    order[-1] = replace(order[-1], entry=replace(twins[1], signals=Signals(upvotes=9)))
    selection = select(order, Profile(interests=("title",), explore=1, max_papers=2))
    shown = [*ids(selection.items), *ids(selection.below)]
    assert len({"twin0", "twin1"} & set(shown)) <= 1


def scored(scores: Sequence[float], entries: Sequence[Entry], *kinds: str) -> list[Ranked]:
    """In this order, each with an interest as its reason where one is given."""
    told = [(Reason(kind="interest", label=label, contribution=1.0),) if label else () for label in kinds]
    reasons = told or [()] * len(entries)
    rows = zip(entries, scores, reasons, strict=True)
    return [
        Ranked(entry=entry, score=score, match=1 / (1 + exp(-score)), rank=rank, reasons=why)
        for rank, (entry, score, why) in enumerate(rows, 1)
    ]


def test_of_papers_much_alike_another_comes_first_that_is_hardly_worse() -> None:
    alike = [Entry(id=f"a{n}", title=f"Beavers part{n}", summary="Beavers build dams on rivers.") for n in range(3)]
    other = Entry(id="other", title="Salt in old kitchens", summary="A history of seasoning.")
    profile = Profile(interests=("beavers",), max_papers=2)
    selection = select(scored([3.0, 2.9, 2.8, 2.4], [*alike, other]), profile)
    assert ids(selection.items) == ["a0", "other"]
    assert ids(selection.below) == ["a1", "a2"]
    assert [one.score for one in selection.items] == [3.0, 2.4]
    assert ids(select(scored([3.0, 2.9, 2.8, 0.4], [*alike, other]), profile).items) == ["a0", "a1"]


def test_what_is_trending_is_not_varied() -> None:
    alike = [Entry(id=f"a{n}", title=f"Beavers part{n}", summary="Beavers build dams on rivers.") for n in range(3)]
    order = scored([3.0, 2.9, 2.8, 2.8], [*alike, Entry(id="other", title="Salt in old kitchens")])
    for profile in (Profile(max_papers=2), Profile(interests=("beavers",), trending=1.0, max_papers=2)):
        assert ids(select(order, profile).items) == ["a0", "a1"]


@pytest.mark.parametrize(("last", "shows_both"), [(0.5, True), (-0.5, True), (-1.5, False)])
def test_an_interest_with_a_good_match_has_a_place(last: float, *, shows_both: bool) -> None:
    count = 40
    order = scored([*(4.0 - n / 100 for n in range(count)), last], papers(count + 1), *["birds"] * count, "salt")
    profile = Profile(interests=("birds", Interest("salt", 0.5)), max_papers=10)
    selection = select(order, profile)
    expected = [f"p{n:02}" for n in range(10)]
    assert ids(selection.items) == ([*expected[:9], "p40"] if shows_both else expected)
    assert selection == select(order, profile)


def test_the_only_paper_of_an_interest_makes_no_place_for_another() -> None:
    order = scored([3.0, 2.0, 1.0], papers(3), "birds", "salt", "lakes")
    profile = Profile(interests=("birds", "salt", "lakes"), max_papers=2)
    assert ids(select(order, profile).items) == ["p00", "p01"]


def test_interests_are_known_by_the_words_of_the_paper_too() -> None:
    salty = [Entry(id=f"s{n}", title=f"Salted roads number{n}") for n in range(4)]
    order = scored([3.0, 2.9, 2.8, 2.7, 2.0], [*salty, *papers(1)], *["salted"] * 4, "birds")
    profile = Profile(interests=("old salt", "birds"), max_papers=3)
    assert ids(select(order, profile).items) == ["s0", "s1", "p00"]


def test_both_interests_of_a_reader_are_shown(library: list[Entry], now: datetime) -> None:
    profile = Profile(interests=("spiking neurons", "surrogate gradients", "soil respiration"), max_papers=4)
    selection = select(Pool.build(library).rank(profile, now=now), profile)
    assert {one.entry.id.split("-")[0] for one in selection.items} >= {"spiking", "soil"}
    assert all(sum(r.contribution for r in one.reasons) == pytest.approx(one.score) for one in selection.items)


def test_a_twin_of_what_the_reader_had_is_not_shown_another_day(now: datetime) -> None:
    summary = " ".join(f"word{n} of a long summary" for n in range(40))
    first, twin = (
        Entry(title=title, summary=summary, link=f"https://a.example/{title}") for title in ("Drift", "On drift")
    )
    ranked = Pool.build([first, twin, Entry(title="Something else altogether")]).rank(Profile(), now=now)
    chosen = select(ranked, Profile(), already={first.id}, shown={first.id})
    assert [one.entry.title for one in (*chosen.items, *chosen.below)] == ["Something else altogether"]


@given(words=st.sets(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=60), change=st.data())
def test_texts_that_are_alike_share_one_of_their_longest_words(words: set[str], change: st.DataObject) -> None:
    other = words - change.draw(st.sets(st.sampled_from(sorted(words)))) | change.draw(
        st.sets(st.text("abc", min_size=1, max_size=6), max_size=12)
    )
    if len(words & other) >= ALIKE_SHARE * len(words | other):
        assert find_longest(words) & find_longest(other)
