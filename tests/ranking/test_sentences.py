"""Sentence vectors, handed in as values: what they add to ranking, and what they leave as it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pytest

from newsletter.model import Entry, Interest, Profile, Vote
from newsletter.ranking import Pool
from newsletter.ranking.sentences import Sentences
from newsletter.ranking.weights import WEIGHTS

FIELDS = ("spiking", "pruning", "brain", "soil", "markets")
NOTHING_IN_COMMON = "peat bogs"
"""With the words of any paper; with the papers on soil it has its meaning in common."""


def vector(field: str, number: int = 0) -> np.ndarray:
    """Papers of one field lie near each other, and a little in one direction with all others."""
    found = np.full(len(FIELDS) + 1, 0.2)
    found[FIELDS.index(field)] = 1.0
    found[-1] = 0.5 + number / 20
    return (found / np.linalg.norm(found)).astype(np.float16)


@pytest.fixture
def sentences(library: list[Entry]) -> Sentences:
    """Of the whole library, and of one interest."""
    papers = {entry.id: vector(*_parts(entry)) for entry in library}
    return Sentences(papers, {NOTHING_IN_COMMON: vector("soil")})


def _parts(entry: Entry) -> tuple[str, int]:
    field, _, number = entry.id.partition("-")
    return field, int(number)


def first_fields(ranked: Sequence, count: int = 8) -> set[str]:
    return {one.entry.id.split("-")[0] for one in ranked[:count]}


def test_an_interest_finds_papers_that_say_it_in_other_words(
    library: list[Entry], sentences: Sentences, now: datetime
) -> None:
    profile = Profile(interests=(NOTHING_IN_COMMON,))
    assert first_fields(Pool.build(library, sentences=sentences).rank(profile, now=now)) == {"soil"}
    assert first_fields(Pool.build(library).rank(profile, now=now)) != {"soil"}


@pytest.mark.parametrize("way", ["liked", "votes"])
def test_a_liked_paper_from_elsewhere_finds_its_like(
    library: list[Entry], sentences: Sentences, now: datetime, way: str
) -> None:
    paper = Entry(title="Peat bogs exhale", id="elsewhere")
    profile = Profile(**{way: (paper if way == "liked" else Vote(entry=paper, value=1, at=now),)})
    pool = Pool.build(library, sentences=sentences).with_sentences(Sentences({"elsewhere": vector("soil")}))
    ranked = pool.rank(profile, now=now)
    assert first_fields(ranked) == {"soil"}
    assert ("liked" if way == "liked" else "voted", "Peat bogs exhale") in {
        (reason.kind, reason.label) for reason in ranked[0].reasons
    }


def test_reasons_add_up_and_many_are_ranked_as_one(library: list[Entry], sentences: Sentences, now: datetime) -> None:
    pool = Pool.build(library, sentences=sentences)
    profiles = [
        Profile(interests=(Interest(NOTHING_IN_COMMON, 2.0), "spiking neurons"), liked=tuple(library[:3])),
        Profile(liked=(library[9],), disliked=(library[10],), trending=0.3),
        Profile(interests=("an interest without a vector",)),
        Profile(),
    ]
    many = list(pool.rank_many(profiles, now=now, limit=None))
    for profile, ranked in zip(profiles, many, strict=True):
        assert ranked == pool.rank(profile, now=now)
        for one in ranked:
            assert sum(reason.contribution for reason in one.reasons) == pytest.approx(one.score, abs=1e-6)


def test_without_vectors_nothing_changes(library: list[Entry], sentences: Sentences, now: datetime) -> None:
    profile = Profile(interests=("spiking neurons",), liked=(library[20],))
    plain = Pool.build(library).rank(profile, now=now)
    of_strangers = Sentences({"stranger": vector("soil")}, {"spiking neurons": vector("spiking")})
    for nothing in (Sentences(), of_strangers, Sentences(interests=sentences.interests)):
        assert Pool.build(library, sentences=nothing).rank(profile, now=now) == plain
    disliked = Profile(interests=("words nobody knows",), disliked=(library[20],))
    assert Pool.build(library, sentences=sentences).rank(disliked, now=now) == Pool.build(library).rank(
        disliked, now=now
    )


def test_papers_without_a_vector_stand_beside_those_with_one(
    library: list[Entry], sentences: Sentences, now: datetime
) -> None:
    some = {name: found for name, found in sentences.papers.items() if not name.endswith("7")}
    profile = Profile(interests=(NOTHING_IN_COMMON,), liked=(library[8],))
    pool = Pool.build(library[:30], sentences=Sentences(some, sentences.interests)).extended(library[30:])
    ranked = pool.rank(profile, now=now)
    assert len(ranked) == len(library)
    assert np.isfinite([one.score for one in ranked]).all()
    plain = {one.entry.id: one.score for one in Pool.build(library[:30]).extended(library[30:]).rank(profile, now=now)}
    without = [one for one in ranked if one.entry.id.endswith("7")]
    lower = WEIGHTS.sentences_start
    assert [one.score for one in without] == pytest.approx([plain[one.entry.id] + lower for one in without])


def test_a_pool_whose_papers_all_say_the_same_learns_nothing_from_it(library: list[Entry], now: datetime) -> None:
    alike = Sentences({entry.id: vector("soil") for entry in library}, {NOTHING_IN_COMMON: vector("soil")})
    profile = Profile(interests=(NOTHING_IN_COMMON,), liked=(library[3],))
    scores = [
        one.score - WEIGHTS.sentences_start for one in Pool.build(library, sentences=alike).rank(profile, now=now)
    ]
    assert scores == pytest.approx([one.score for one in Pool.build(library).rank(profile, now=now)])
