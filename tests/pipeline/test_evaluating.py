from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from newsletter.model import Entry
from newsletter.pipeline.baselines import TfIdf, Told, count_keywords
from newsletter.pipeline.evaluating import count_found, measure, ndcg
from newsletter.pipeline.holdout import part, prepare

MORNING = "2026-11-23T08:00:00Z"
FIELDS = {
    "spikes": "spiking neurons membrane potential surrogate gradient neuromorphic chip event camera leaky firing spike",
    "brains": "brain decoding cortex voxel stimulus subject fmri haemodynamic parcel imagery recording response",
    "soil": "soil respiration carbon flux forest plot litter decay drought root exudate microbe biomass",
    "prices": "auction bidder equilibrium price market agent revenue reserve mechanism incentive clearing valuation",
    "glass": "glass crack polymer stress fracture toughness amorphous lattice strain elastic modulus ageing",
    "law": "court statute ruling judge appeal liability contract privacy consent jurisdiction verdict tort",
}
COMMON = ("we", "study", "show", "large", "results", "method", "data", "new", "measure", "compare", "improve", "across")


def write_paper(field: str, number: int) -> tuple[str, str]:
    """A title and an abstract of sixty words: a third of its field's, a third that all share, a third of its own."""
    chance = random.Random(f"{field} {number}")
    words = FIELDS[field].split()
    own = [f"{field}{number}term{n}" for n in range(20)]
    text = [chance.choice(choice) for choice in (words, COMMON, own) for _ in range(20)]
    chance.shuffle(text)
    title = f"{' '.join(chance.sample(words, 4))} {own[0]} {own[1]}".capitalize()
    return title, " ".join(text)


def papers(field: str, count: int, *, start: int = 0) -> list[Entry]:
    written = [write_paper(field, number) for number in range(start, start + count)]
    return [Entry(title=title, summary=text, link=f"https://example.org/{title}") for title, text in written]


@pytest.fixture(scope="module")
def others() -> list[Entry]:
    return [entry for field in FIELDS if field != "spikes" for entry in papers(field, 15)]


def bibtex(entries: list[Entry], *, abstracts: bool = True) -> str:
    def record(number: int, entry: Entry) -> str:
        abstract = f", abstract = {{{entry.summary}}}" if abstracts else ""
        return f"@article{{k{number}, title = {{{entry.title}}}, year = {{{2001 + number}}}{abstract}}}\n"

    return "".join(record(number, entry) for number, entry in enumerate(entries))


@pytest.fixture
def filled(deployment, others, once):
    """The deployment with seventy-five papers in its store; none is about spikes."""

    def fetch() -> None:
        deployment.write(sources=[{"kind": "page", "name": "all", "path": "all.txt"}])
        deployment.write_page("all", [(entry.title, entry.summary) for entry in others])
        assert deployment("fetch", "--json", "--now", MORNING).json["new"] == 75

    once(deployment, fetch)
    return deployment


# -- what is compared ---------------------------------------------------------------------------------------------


def test_all_papers_are_reduced_to_what_both_sides_have(others):
    own = [
        replace(
            e, published=datetime(2020, 1, 1, tzinfo=UTC), authors=("Ada",), categories=("cs.NE",), venue="A journal"
        )
        for e in papers("spikes", 10)
    ]
    material = prepare(own, others)
    assert material.has_summaries
    assert (len(material.own), len(material.others)) == (10, 75)
    for entry in (*material.own, *material.others):
        assert entry == Entry(title=entry.title, summary=entry.summary, id=entry.id)


def test_titles_alone_where_most_have_no_abstract(others):
    own = papers("spikes", 10)
    bare = [replace(entry, summary="" if number < 6 else entry.summary) for number, entry in enumerate(own)]
    material = prepare(bare, others)
    assert not material.has_summaries
    assert len(material.own) == 10
    assert {entry.summary for entry in (*material.own, *material.others)} == {""}


def test_with_abstracts_those_without_one_stay_out_on_both_sides(others):
    own = [
        replace(entry, summary="" if number < 3 else entry.summary) for number, entry in enumerate(papers("spikes", 10))
    ]
    teasers = [replace(entry, summary=" ".join(entry.summary.split()[:20])) for entry in others[:25]]
    material = prepare(own, [*teasers, *others[25:]])
    assert material.has_summaries
    assert (len(material.own), len(material.others)) == (7, 50)


def test_a_publishers_notice_and_a_label_tell_nobodys_paper():
    paper, *_ = papers("spikes", 1)
    signed = replace(paper, summary=f"Abstract: {paper.summary} © 2020 Elsevier B.V. All rights reserved.")
    assert prepare([signed], []).own == prepare([paper], []).own


def test_long_texts_are_cut_to_a_common_length():
    paper, *_ = papers("spikes", 1)
    long = replace(paper, summary=" ".join([paper.summary] * 9))
    assert len(prepare([long], []).own[0].summary.split()) == 200


def test_a_papers_twin_is_neither_told_and_hidden_nor_among_the_others(others):
    own = papers("spikes", 10)
    title_changed = replace(own[0], title="Another title altogether, as journals like to give", id="journal")
    same_title = replace(own[1], summary=own[2].summary[::-1], id="preprint")
    material = prepare([*own, title_changed], [*others, same_title, replace(own[3], id="listed")])
    assert len(material.own) == 10
    assert len(material.others) == 75


def test_of_a_large_library_a_thousand_are_drawn():
    own = [Entry(title=f"alpha{n} beta{n} gamma{n} delta{n}") for n in range(1200)]
    assert len(prepare(own, []).own) == 1000
    assert prepare(own, []) == prepare(own, [])


# -- how the papers are parted ------------------------------------------------------------------------------------


def test_told_and_hidden_never_overlap_and_are_the_same_each_time(others):
    material = prepare(papers("spikes", 30), others)
    trials = list(part(material, times=4))
    assert trials == list(part(material, times=4))
    for trial in trials:
        assert (len(trial.told), len(trial.hidden)) == (20, 10)
        assert not {entry.id for entry in trial.told} & {entry.id for entry in trial.hidden}
    assert len({trial.hidden for trial in trials}) == 4


def test_where_dates_are_known_the_later_ones_are_hidden(others):
    start = datetime(2020, 1, 1, tzinfo=UTC)
    own = [replace(entry, published=start + timedelta(days=n)) for n, entry in enumerate(papers("spikes", 12))]
    own[11] = replace(own[11], published=None)
    material = prepare(own, others)
    assert material.is_dated
    undated = next(entry.id for entry in material.own if entry.id not in material.dates)
    for trial in part(material, times=3):
        latest_told = max(material.dates[entry.id] for entry in trial.told if entry.id != undated)
        assert latest_told < min(material.dates[entry.id] for entry in trial.hidden)
        assert undated in {entry.id for entry in trial.told}


def test_with_few_dates_any_are_hidden(others):
    own = papers("spikes", 12)
    own[0] = replace(own[0], published=datetime(2020, 1, 1, tzinfo=UTC))
    assert not prepare(own, others).is_dated


# -- figures ------------------------------------------------------------------------------------------------------


def test_ndcg_is_one_at_best_and_nothing_at_worst():
    wanted = np.array([True, True] + [False] * 20)
    best, worst = -np.arange(22.0), np.arange(22.0)
    assert ndcg(best, wanted) == pytest.approx(1.0)
    assert ndcg(worst, wanted) == 0
    second = np.array([5.0, 1.0, *np.linspace(0.9, 0, 20)])
    assert ndcg(second, np.roll(wanted, 1)) == pytest.approx((1 / np.log2(3) + 1 / np.log2(4)) / (1 + 1 / np.log2(3)))
    assert (count_found(best, wanted), count_found(worst, wanted)) == (2, 0)


def test_what_is_scored_alike_is_not_in_the_order_it_came():
    wanted = np.array([True] * 10 + [False] * 490)
    assert count_found(np.zeros(500), wanted) < 3
    assert count_found(np.zeros(500), wanted[::-1]) < 3


def test_keywords_are_counted_letter_by_letter():
    entries = [
        Entry(title="Spiking Networks", summary="on a chip"),
        Entry(title="Spiking of drinks"),
        Entry(title="Tea"),
    ]
    told = Told(interests=("spiking networks", "chip", "spiking"))
    assert count_keywords(told, entries).tolist() == [3, 1, 0]


@pytest.mark.parametrize("way", ["rank_by_svm", "rank_by_cosine"])
def test_the_published_ways_find_a_field(way, others):
    own = papers("spikes", 10)
    candidates = [*others, *own[5:]]
    scores = getattr(TfIdf(candidates, [], own[:5]), way)(Told(liked=tuple(own[:5])))
    assert sorted(np.argsort(-scores)[:5].tolist()) == [75, 76, 77, 78, 79]


@pytest.mark.parametrize("way", ["rank_by_svm", "rank_by_cosine"])
def test_the_published_ways_have_nothing_to_say_without_latin_words_or_anything_told(way):
    entries = [Entry(title=f"深度学习{number}") for number in range(9)]
    assert getattr(TfIdf(entries, [], entries[:1]), way)(Told(liked=(entries[0],))).tolist() == [0.0] * 9
    assert getattr(TfIdf(entries, [], []), way)(Told()).tolist() == [0.0] * 9


def test_each_setting_has_its_rankers_and_a_field_is_found(others):
    told = []
    found = measure(
        prepare(papers("spikes", 30), others), ["spiking neurons"], trials=2, on_trial=lambda: told.append(1)
    )
    assert len(told) == 2
    by_setting = {}
    for score in found.scores:
        by_setting.setdefault(score.setting, []).append(score.ranker)
        assert 0 <= score.low <= score.ndcg <= score.high <= 1
        assert score.precision == pytest.approx(score.found / 10)
    peers = ["SVM on tf-idf", "mean cosine"]
    assert by_setting == {
        "interests": ["newsletter", "keyword count", "mean cosine"],
        "1 liked": ["newsletter", *peers],
        "5 liked": ["newsletter", *peers],
        "20 liked": ["newsletter", *peers],
        "interests and 20 liked": ["newsletter", "keyword count", *peers],
    }
    ours = {score.setting: score.ndcg for score in found.scores if score.ranker == "newsletter"}
    assert ours["20 liked"] > 0.9
    assert "of 10 hidden papers" in found.conclusion
    assert "chance 1.2" in found.conclusion


# -- the command --------------------------------------------------------------------------------------------------


def test_a_library_in_a_file(filled):
    (filled.folder / "mine.bib").write_text(bibtex(papers("spikes", 16)))
    said = filled("evaluate", "--library", "mine.bib", "--trials", "2")
    assert said.code == 0, said.err
    assert "16 of 16 papers, compared by title and abstract; 2 times 6 of the later ones hidden among 75" in said.out
    assert "precision@10" in said.out
    document = filled("evaluate", "--library", "mine.bib", "--trials", "2", "--json").json
    assert (document["papers"], document["hidden"], document["candidates"], document["trials"]) == (16, 6, 75, 2)
    assert (document["error"], document["exit_code"]) == (None, 0)
    assert {score["setting"] for score in document["scores"]} == {"1 liked", "5 liked"}
    assert document["conclusion"] in said.out


def test_the_same_store_and_library_give_the_same_figures(filled):
    (filled.folder / "mine.bib").write_text(bibtex(papers("spikes", 16)))
    arguments = ("evaluate", "--library", "mine.bib", "--subscriber", "ada@example.org", "--trials", "2", "--json")
    first = filled(*arguments).json
    assert first == filled(*arguments).json
    assert "interests" in {score["setting"] for score in first["scores"]}


def test_a_readers_liked_papers_that_the_store_knows_are_not_among_the_others(filled):
    liked = [f"title: {entry.title}" for entry in papers("brains", 15)]
    filled.write_readers([{"email": "ben@example.org", "profile": {"interests": ["brain decoding"], "liked": liked}}])
    document = filled("evaluate", "--subscriber", "ben@example.org", "--trials", "2", "--json").json
    assert (document["papers"], document["candidates"], document["has_summaries"]) == (15, 60, True)


def test_a_library_without_abstracts_is_compared_by_titles(filled):
    (filled.folder / "mine.bib").write_text(bibtex(papers("spikes", 16), abstracts=False))
    said = filled("evaluate", "--library", "mine.bib", "--trials", "2")
    assert "title alone" in said.out


def test_liked_papers_known_by_their_ids_alone_are_told_of(filled):
    liked = [f"title: {entry.title}" for entry in papers("spikes", 9)]
    filled.write_readers([{"email": "ada@example.org", "profile": {"liked": [*liked, "arXiv:2405.12345"]}}])
    said = filled("evaluate", "--subscriber", "ada@example.org", "--trials", "2")
    assert said.code == 0
    assert "1 paper is known by its id alone: arXiv:2405.12345" in said.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "--library"),
        (["--library", "nothing.bib"], "nothing.bib"),
        (["--library", "few.bib"], "7 of 7 papers can be used; at least 8 are needed"),
        (["--subscriber", "ada@example.org"], "0 of 0 papers can be used"),
        (["--subscriber", "nobody@example.org"], "nobody@example.org"),
    ],
)
def test_what_cannot_be_evaluated_is_one_line_and_2(filled, arguments, told):
    (filled.folder / "few.bib").write_text(bibtex(papers("spikes", 7)))
    said = filled("evaluate", *arguments)
    assert said.code == 2
    assert told in said.err
    assert len(said.err.strip().splitlines()) == 1
    document = filled("evaluate", *arguments, "--json")
    assert (document.json["exit_code"], document.json["scores"]) == (2, [])


def test_a_store_with_too_little_in_it_is_one_line_and_2(deployment):
    (deployment.folder / "mine.bib").write_text(bibtex(papers("spikes", 16)))
    said = deployment("evaluate", "--library", "mine.bib")
    assert said.code == 2
    assert "0 other papers" in said.err
    assert "newsletter fetch" in said.err
