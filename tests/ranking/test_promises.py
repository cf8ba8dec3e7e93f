"""What the library promises of every ranking, whatever it is made of."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.model import Entry, Interest, Profile, Signals, Vote
from newsletter.ranking import Pool
from newsletter.ranking.selection import select

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
WORDS = [
    "cats",
    "dogs",
    "sleep",
    "dreams",
    "neurons",
    "spikes",
    "tides",
    "frost",
    "orchards",
    "turbines",
    "masks",
    "tickets",
]
TEXTS = [
    ("Spiking neurons that dream", "Neurons dream in spikes while cats sleep. Spikes carry the dream."),
    ("Turbines for slow tides", "Tides are slow. Turbines turn slowly, and current flows all the same."),
    ("Frost in orchards", "Late frost harms orchards. We model frost by altitude and by slope."),
    ("脳活動から言語を解読する", "機能的磁気共鳴画像法による脳活動の記録から言語を解読する手法を提案する。"),
    ("Разреженные нейронные сети", "Мы обучаем разреженные нейронные сети без плотной стадии."),
    ("الشبكات العصبية المتناثرة", "ندرب الشبكات العصبية المتناثرة من البداية."),
    ("A title alone", ""),
]
ENTRIES = tuple(
    Entry(
        title=title,
        summary=summary,
        link=f"https://example.org/{number}",
        authors=(f"Given{number} Family{number}",),
        organization="Institute of Sleep" if number == 1 else None,
        categories=("cs.NE",) if number == 2 else (),
        published=NOW - timedelta(days=number),
        signals=Signals(upvotes=10 * number) if number else Signals(),
        first_seen_at=NOW,
        sources=("a",),
    )
    for number, (title, summary) in enumerate(TEXTS)
)


def first(profile: Profile) -> str:
    return Pool.build(ENTRIES).rank(profile, now=NOW)[0].entry.title


@pytest.mark.parametrize(
    ("profile", "title"),
    [
        (Profile(interests=("spiking neurons",)), TEXTS[0][0]),
        (Profile(interests=(Interest("frost", 2.0), "orchard")), TEXTS[2][0]),
        (Profile(interests=("言語を解読",)), TEXTS[3][0]),
        (Profile(interests=("нейронные сети",)), TEXTS[4][0]),
        (Profile(interests=("الشبكات العصبية",)), TEXTS[5][0]),
        (Profile(liked=(Entry(title="How turbines meet the tides", summary="Tides turn turbines."),)), TEXTS[1][0]),
        (Profile(authors=("Family2, G.",)), TEXTS[2][0]),
        (Profile(organizations=("institute of sleep",)), TEXTS[1][0]),
        (Profile(categories=("cs.NE",)), TEXTS[2][0]),
        (Profile(), TEXTS[6][0]),
    ],
)
def test_each_part_of_a_profile_finds_its_paper(profile, title):
    assert first(profile) == title


def test_scores_add_up_fall_and_mean_what_match_says():
    profile = Profile(interests=("spiking neurons", "frost"), liked=(ENTRIES[1],), authors=("Given2 Family2",))
    ranked = Pool.build(ENTRIES[:1] + ENTRIES[2:]).rank(profile, now=NOW)
    assert [one.rank for one in ranked] == list(range(1, 7))
    for one in ranked:
        assert sum(reason.contribution for reason in one.reasons) == pytest.approx(one.score, abs=1e-6)
        assert one.match == pytest.approx(1 / (1 + math.exp(-one.score)))
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)


def test_reasons_speak_the_readers_words():
    ranked = Pool.build(ENTRIES).rank(Profile(interests=("spiking neurons",), authors=("G. Family0",)), now=NOW)
    said = {(reason.kind, reason.label) for reason in ranked[0].reasons}
    assert ("interest", "spiking neurons") in said
    assert any(kind == "author" and "Family0" in label for kind, label in said)


def test_rank_many_gives_exactly_what_rank_gives():
    pool = Pool.build(ENTRIES)
    profiles = [Profile(interests=(word,)) for word in WORDS] + [Profile()]
    assert list(pool.rank_many(profiles, now=NOW, limit=3)) == [pool.rank(p, now=NOW, limit=3) for p in profiles]
    assert pool.rank(profiles[0], now=NOW, limit=3) == pool.rank(profiles[0], now=NOW)[:3]


def test_equal_scores_stand_in_the_order_of_their_ids():
    twins = [Entry(title="The same title of everyone", link=f"https://example.org/{n}") for n in range(9)]
    ranked = Pool.build(twins).rank(Profile(interests=("nothing of that",)), now=NOW)
    assert [one.entry.id for one in ranked] == sorted(entry.id for entry in twins)


def test_muted_papers_are_never_selected():
    profile = Profile(interests=("neurons", "tides"), muted=("turbines",), muted_authors=("Family0",))
    chosen = select(Pool.build(ENTRIES).rank(profile, now=NOW), profile)
    titles = {one.entry.title for one in (*chosen.items, *chosen.below)}
    assert titles == {title for title, _ in TEXTS[2:]}


def test_selection_leaves_out_what_was_had_and_what_matches_too_little():
    profile = Profile(interests=("neurons", "frost"), max_papers=2, min_score=0.0)
    ranked = Pool.build(ENTRIES).rank(profile, now=NOW)
    chosen = select(ranked, profile, already={ranked[0].entry.id})
    assert [one.entry.id for one in chosen.items] == [one.entry.id for one in ranked[1:3]]
    assert [one.rank for one in chosen.items] == [1, 2]
    strict = Profile(interests=("neurons",), min_score=1.0)
    assert select(Pool.build(ENTRIES).rank(strict, now=NOW), strict).items == ()


def test_a_pick_to_explore_is_marked_and_comes_from_outside():
    profile = Profile(interests=("neurons",), max_papers=3, explore=1)
    chosen = select(Pool.build(ENTRIES).rank(profile, now=NOW), profile)
    assert [one.explore for one in chosen.items] == [False, False, True]


def test_less_like_this_moves_a_paper_down():
    before = Pool.build(ENTRIES).rank(Profile(interests=("neurons",)), now=NOW)
    vote = Vote(entry=Entry(title="More dreaming cats", summary="Cats dream of spikes and sleep."), value=-1, at=NOW)
    after = Pool.build(ENTRIES).rank(Profile(interests=("neurons",), votes=(vote,)), now=NOW)
    score = {one.entry.id: one.score for one in before}
    assert {one.entry.id: one.score for one in after}[ENTRIES[0].id] < score[ENTRIES[0].id]


@pytest.mark.parametrize("entries", [(), ENTRIES[:1], (Entry(title=""),), (Entry(title="…"), Entry(title="?!"))])
@pytest.mark.parametrize("profile", [Profile(), Profile(interests=("x" * 2000, "")), Profile(liked=(Entry(title=""),))])
def test_hardly_anything_is_enough(entries, profile):
    ranked = Pool.build(entries, history=entries).rank(profile, now=NOW)
    assert len(ranked) == len(entries)
    assert all(math.isfinite(one.score) and 0 <= one.match <= 1 for one in ranked)


texts = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)


@settings(max_examples=25, deadline=None)
@given(titles=st.lists(texts, max_size=12), interests=st.lists(texts, max_size=3), liked=st.lists(texts, max_size=3))
def test_whatever_comes_in_finite_scores_come_out(titles, interests, liked):
    entries = [Entry(title=title, link=f"https://example.org/{n}") for n, title in enumerate(titles)]
    profile = Profile(interests=tuple(interests), liked=tuple(Entry(title=title) for title in liked))
    for one in Pool.build(entries).rank(profile, now=NOW):
        assert math.isfinite(one.score)
        assert sum(reason.contribution for reason in one.reasons) == pytest.approx(one.score, abs=1e-6)


def test_the_order_does_not_hang_on_the_seed_of_the_hash():
    script = """
import json, sys
from datetime import UTC, datetime
from newsletter.model import Entry, Profile
from newsletter.ranking import Pool
words = "cats dogs sleep dreams neurons spikes tides frost".split()
entries = [Entry(title=" ".join(words[n % 8:] + words[: n % 3]), link=f"https://e.org/{n}") for n in range(60)]
profile = Profile(interests=("cats sleep", "frost"), liked=(entries[3],), muted=("dogs dogs",))
ranked = Pool.build(entries).rank(profile, now=datetime(2026, 11, 22, tzinfo=UTC))
json.dump([(one.entry.id, one.score) for one in ranked], sys.stdout)
"""
    orders = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", script],
                check=True,
                capture_output=True,
                env={**os.environ, "PYTHONHASHSEED": seed},
            ).stdout
        )
        for seed in ("0", "1")
    ]
    assert orders[0] == orders[1]
    assert len(orders[0]) == 60
