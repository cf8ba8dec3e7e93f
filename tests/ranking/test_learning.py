from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from newsletter.model import Entry, Vote
from newsletter.ranking.learning import Learnt, learnt, tell

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OTHERS = tuple(
    Entry(title=title, summary=f"We study {title.lower()} and show that our method works on large data sets.")
    for title in (
        "Tides and turbines", "Late frost in orchards", "A survey of crop yields", "Networks of rivers",
        "Hardware for sewing machines", "Brain decoding from fMRI", "Pruning transformers", "Lottery tickets",
        "Sparse masks", "Sleep and memory", "Weather on Mars", "Glacier flow",
    )
)  # fmt: skip


def paper(title: str, summary: str = "", **fields: object) -> Entry:
    return Entry(title=title, summary=summary, **fields)


def vote(entry: Entry, value: Literal[1, -1] = 1, *, days_ago: float = 0) -> Vote:
    return Vote(entry=entry, value=value, at=NOW - days_ago * DAY)


def phrases(lines: Sequence[Learnt]) -> list[tuple[str, str, int]]:
    return [(line.direction, line.phrase, len(line.votes)) for line in lines]


CHIPS = (
    paper("Neuromorphic hardware for sensors"),
    paper("Compiling for neuromorphic hardware", "A compiler places neurons."),
    paper("Learning on a chip", "The chip is neuromorphic hardware. On neuromorphic hardware learning is cheap."),
)


def test_votes_stand_under_what_their_papers_share_in_the_papers_own_words() -> None:
    votes = [vote(entry, days_ago=number) for number, entry in enumerate(CHIPS)]
    assert phrases(learnt(votes, background=OTHERS, now=NOW)) == [("more", "neuromorphic hardware", 3)]


def test_a_lone_vote_stands_under_its_title() -> None:
    votes = [vote(CHIPS[0]), vote(paper("Crop rotation"), -1)]
    assert phrases(learnt(votes, background=OTHERS, now=NOW)) == [
        ("more", "Neuromorphic hardware for sensors", 1),
        ("less", "Crop rotation", 1),
    ]


def test_each_vote_stands_under_one_line() -> None:
    """Also where a paper has something of two groups."""
    both = paper("Neuromorphic hardware for tidal turbines")
    tidal = [paper("Tidal turbines in shallow water"), paper("Cheap tidal turbines")]
    votes = [vote(entry, days_ago=number) for number, entry in enumerate([*CHIPS, both, *tidal])]
    lines = learnt(votes, background=OTHERS, now=NOW)
    assert phrases(lines) == [("more", "neuromorphic hardware", 4), ("more", "tidal turbines", 2)]
    assert sorted(vote.entry.id for line in lines for vote in line.votes) == sorted(one.entry.id for one in votes)


def test_votes_for_and_against_are_told_apart_by_what_only_one_side_has() -> None:
    against = [paper("Neuromorphic cameras at night"), paper("Cameras for birds at night")]
    votes = [vote(entry) for entry in CHIPS[:2]] + [vote(entry, -1) for entry in against]
    assert phrases(learnt(votes, background=OTHERS, now=NOW)) == [
        ("more", "neuromorphic hardware", 2),
        ("less", "cameras", 2),
    ]


def test_no_phrase_stands_on_both_sides() -> None:
    against = [paper("Neuromorphic hardware for games"), paper("The price of neuromorphic hardware")]
    votes = [vote(entry) for entry in CHIPS] + [vote(entry, -1) for entry in against]
    lines = learnt(votes, background=OTHERS, now=NOW)
    assert not [line.phrase for line in lines if line.phrase == "neuromorphic hardware"]
    assert sum(len(line.votes) for line in lines) == 5
    lines = learnt([*votes[:3], votes[3]], background=OTHERS, now=NOW)
    assert phrases(lines) == [
        ("more", "neuromorphic hardware", 3),
        ("less", "Neuromorphic hardware for games", 1),
    ]


def test_what_many_papers_have_tells_nothing() -> None:
    votes = [vote(paper("A study of bees", OTHERS[0].summary)), vote(paper("A study of opals", OTHERS[1].summary))]
    background = [*OTHERS, *(paper(f"A study of {name}") for name in ("ants", "moss", "rain", "salt", "rust"))]
    assert {line.phrase for line in learnt(votes, background=background, now=NOW)} == {
        "A study of bees",
        "A study of opals",
    }


def test_what_is_said_in_passing_makes_no_group() -> None:
    votes = [vote(paper("Bees", "We thank a lighthouse.")), vote(paper("Opals", "Seen from a lighthouse."))]
    assert len(learnt(votes, background=OTHERS, now=NOW)) == 2


def test_the_longest_telling_phrase_is_taken() -> None:
    votes = [vote(paper("Loss of plasticity in deep networks")), vote(paper("Why plasticity in deep networks fades"))]
    assert phrases(learnt(votes, background=OTHERS, now=NOW)) == [("more", "deep networks", 2)]
    votes = [vote(paper("Echo state property, proved")), vote(paper("The echo state property again"))]
    assert phrases(learnt(votes, background=OTHERS, now=NOW)) == [("more", "echo state property", 2)]


def test_keywords_count_like_titles() -> None:
    votes = [vote(paper("One", keywords=("quorum sensing",))), vote(paper("Two", "Quorum sensing. Quorum sensing!"))]
    assert phrases(learnt(votes, background=OTHERS, now=NOW)) == [("more", "quorum sensing", 2)]


def test_numbers_and_formulas_are_no_phrases() -> None:
    votes = [vote(paper("Results of 2024")), vote(paper("Plans of 2024"))]
    assert len(learnt(votes, background=OTHERS, now=NOW)) == 2
    votes = [vote(paper(r"Sharp $\ell_2$-norm bounds")), vote(paper(r"Norms: $\ell_2$-norm bounds for all"))]
    assert [line.phrase for line in learnt(votes, background=OTHERS, now=NOW)] == ["ℓ₂-norm bounds"]


def test_weights_decay_and_order_the_lines() -> None:
    old = [vote(entry, days_ago=720) for entry in CHIPS]
    lines = learnt([*old, vote(paper("Glass"))], background=OTHERS, now=NOW)
    assert [(line.phrase, round(line.weight, 4)) for line in lines] == [
        ("Glass", 1.0),
        ("neuromorphic hardware", 0.1875),
    ]


@pytest.mark.parametrize(
    ("titles", "phrase"),
    [
        (("脉冲神经网络的训练", "面向脉冲神经网络的硬件"), "脉冲神经网络"),
        (("スパイキングニューラルネットワークの学習", "ハードウェア上のスパイキングニューラルネットワーク"), "スパイキングニューラルネットワーク"),
        (("스파이킹 신경망의 학습", "칩에서의 스파이킹 신경망"), "스파이킹"),
        (("Обучение импульсных нейронных сетей", "Импульсные нейронные сети"), "импульсных нейронных сетей"),
        (("الشبكات العصبية النبضية", "تدريب الشبكات العصبية النبضية"), "الشبكات العصبية النبضية"),
        (("स्पाइकिंग तंत्रिका नेटवर्क का प्रशिक्षण", "हार्डवेयर पर स्पाइकिंग तंत्रिका नेटवर्क"), "स्पाइकिंग तंत्रिका नेटवर्क"),
    ],
)  # fmt: skip
def test_any_script_has_its_phrases(titles: tuple[str, str], phrase: str) -> None:
    votes = [vote(paper(title)) for title in titles]
    assert phrases(learnt(votes, background=OTHERS, now=NOW)) == [("more", phrase, 2)]


def test_no_order_of_what_comes_in_changes_what_comes_out() -> None:
    votes = [vote(entry, days_ago=number) for number, entry in enumerate([*CHIPS, *OTHERS[:4]])]
    first = learnt(votes, background=OTHERS, now=NOW)
    for seed in range(5):
        shuffled = random.Random(seed)
        mixed, others = shuffled.sample(votes, len(votes)), shuffled.sample(OTHERS, len(OTHERS))
        assert learnt(mixed, background=others, now=NOW) == first


def test_nothing_is_learnt_of_nothing() -> None:
    assert learnt([], background=OTHERS, now=NOW) == []
    assert phrases(learnt([vote(paper("…"))], background=(), now=NOW)) == [("more", "…", 1)]
    assert phrases(learnt([vote(entry) for entry in CHIPS[:2]], background=(), now=NOW)) == [
        ("more", "neuromorphic hardware", 2)
    ]


@pytest.mark.parametrize(
    ("ages", "told"),
    [
        ((0,), "less: “Neuromorphic hardware for sensors”, from 1 vote (22 Nov 2026)"),
        ((0, 0.1), "less: neuromorphic hardware, from 2 votes (22 Nov 2026)"),
        ((2, 10), "less: neuromorphic hardware, from 2 votes (12 Nov … 20 Nov 2026)"),
        ((2, 400), "less: neuromorphic hardware, from 2 votes (18 Oct 2025 … 20 Nov 2026)"),
    ],
)
def test_lines_are_told_with_their_days(ages: tuple[float, ...], told: str) -> None:
    votes = [vote(entry, -1, days_ago=age) for entry, age in zip(CHIPS, ages, strict=False)]
    assert [tell(line) for line in learnt(votes, background=OTHERS, now=NOW)] == [told]
