from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.model import Entry, Interest, Profile, Ranked, Vote
from newsletter.ranking import Pool

NOW = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)


def say(title: str, interest: str) -> set[tuple[str, str]]:
    pool = Pool.build([Entry(title=title), Entry(title="Hats of the world"), Entry(title="Slow trains")])
    ranked = pool.rank(Profile(interests=(interest,)), now=NOW, limit=1)
    return {(reason.kind, reason.label) for reason in ranked[0].reasons if reason.kind in {"interest", "theme"}}


@pytest.mark.parametrize(
    ("title", "interest", "label"),
    [
        ("Spiking networks on a chip", "spiking networks", "spiking networks"),
        ("A network that spikes", "Spiking Networks", "Spiking Networks"),
        ("fMRI of dreams", "FMRI decoding", "FMRI"),
        ("Networks of rivers", "river network flows", "rivers networks"),
        ("深度学习", "深度学习", "深度学习"),
    ],
)
def test_an_interest_is_told_by_what_of_it_stands_in_the_paper(title: str, interest: str, label: str) -> None:
    assert say(title, interest) == {("interest", label)}


def test_what_is_only_near_to_an_interest_is_told_as_near(library: list[Entry], now: datetime) -> None:
    ranked = Pool.build(library).rank(Profile(interests=("membrane potential",)), now=now)
    told = [(one.entry, reason) for one in ranked for reason in one.reasons if reason.kind in {"interest", "theme"}]
    for entry, reason in told:
        stands = "membrane potential" in f"{entry.title} {entry.summary}"
        assert reason.kind == ("interest" if stands else "theme"), entry
    assert {reason.kind for _, reason in told} == {"interest", "theme"}


def test_reasons_told_when_read_are_those_told_at_once(library: list[Entry], now: datetime) -> None:
    pool = Pool.build(library)
    profile = Profile(interests=("soil respiration", "fMRI"), liked=tuple(library[:4]), muted=("drought",))
    later, at_once = pool.rank(profile, now=now), pool.rank(profile, now=now, limit=len(library))
    assert later[-1].reasons == at_once[-1].reasons
    assert later == at_once
    assert at_once == later
    assert later != at_once[:3]
    assert later[0] != "another thing"
    assert set(later) == set(at_once)
    assert pickle.loads(pickle.dumps(later)) == at_once
    assert replace(later[0], rank=9).reasons == at_once[0].reasons
    with pytest.raises(AttributeError, match="colour"):
        later[0].colour  # type: ignore[attr-defined]  # noqa: B018


texts = st.text(st.sampled_from("ab 深度学 нейро شبكة-é\n"), max_size=24)
numbers = st.sampled_from([1.0, 0.0, -1.0, 1e-300, 1e300, float("nan"), float("inf")])


@settings(max_examples=40, deadline=None)
@given(
    titles=st.lists(st.tuples(texts, texts), max_size=30),
    interests=st.lists(st.tuples(texts, numbers), max_size=4),
    liked=st.lists(texts, max_size=4),
    trending=st.none() | numbers,
)
def test_odd_profiles_and_pools_are_ranked_alike_alone_and_together(
    titles: list[tuple[str, str]],
    interests: list[tuple[str, float]],
    liked: list[str],
    trending: float | None,
) -> None:
    pool = Pool.build([Entry(id=str(n), title=one, summary=two) for n, (one, two) in enumerate(titles)])
    profile = Profile(
        interests=tuple(Interest(text, weight) for text, weight in interests),
        liked=tuple(Entry(title=text) for text in liked),
        disliked=tuple(Entry(title=text) for text in liked[:1]),
        votes=tuple(Vote(entry=Entry(title=text), value=1, at=NOW) for text in liked[1:2]),
        trending=trending,
    )
    alone = pool.rank(profile, now=NOW)
    together = list(pool.rank_many([Profile(), profile, replace(profile, liked=())], now=NOW, limit=None))[1]
    assert alone == together
    assert sorted(alone, key=lambda one: (-one.score, one.entry.id)) == alone
    for one in alone:
        assert sum(reason.contribution for reason in one.reasons) == pytest.approx(one.score, abs=1e-6)
        assert 0 <= one.match <= 1


@pytest.mark.parametrize("keyword", ["深度学习", "нейронные сети", "الشبكات العصبية", "x" * 2_000, "word " * 400])
def test_titles_in_any_script_match_their_own_keywords(keyword: str, library: list[Entry], now: datetime) -> None:
    own = Entry(title=keyword)
    ranked: list[Ranked] = Pool.build([*library, own]).rank(Profile(interests=(keyword,)), now=now)
    assert ranked[0].entry is own
    assert ranked[0].match > 0.5


def test_a_paper_voted_for_is_told_as_such(library: list[Entry], now: datetime) -> None:
    liked, voted, *others = library[:8]
    profile = Profile(liked=(liked,), votes=(Vote(entry=voted, value=1, at=now),))
    ranked = Pool.build([*others, *library[8:]]).rank(profile, now=now, limit=5)
    told = {(reason.kind, reason.label) for one in ranked for reason in one.reasons}
    assert {("liked", liked.title), ("voted", voted.title)} <= told
    assert not {("voted", liked.title), ("liked", voted.title)} & told
