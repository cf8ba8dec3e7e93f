"""What a reader's votes taught: seen, felt in the next ranking, taken back, handed on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from product import MORNING, Deployment

from newsletter.config import load
from newsletter.storage import Storage

ADA = "ada@example.org"
LATER = "2026-11-25T08:00:00Z"
NEUROMORPHIC = [
    ("Neuromorphic hardware for tiny sensors", "We measure what neuromorphic hardware saves where sensors run for years."),
    ("A compiler for neuromorphic hardware", "Graphs of neurons are placed on neuromorphic hardware by a compiler."),
    ("Online adaptation on neuromorphic hardware", "A chip adapts while it works; neuromorphic hardware makes that cheap."),
    ("Benchmarks of neuromorphic hardware under load", "Seven boards of neuromorphic hardware are compared under load."),
    ("Reading neuromorphic hardware through its power supply", "Power traces tell what neuromorphic hardware computes."),
]  # fmt: skip
VOTED = [title for title, _ in NEUROMORPHIC[:3]]


@pytest.fixture
def mine(deployment: Deployment, once: Callable[..., None]) -> Deployment:
    """A deployment with papers on neuromorphic hardware as well, all fetched; Ada cares for tides."""

    def fetch() -> None:
        deployment.write_page("chips", NEUROMORPHIC)
        chips = {"kind": "page", "name": "chips", "path": "chips.txt"}
        deployment.write(sources=[*deployment.settings["sources"], chips])
        deployment.write_readers([{"email": ADA, "profile": {"interests": ["fMRI"], "max_papers": 20}}])
        assert deployment("fetch", "--now", MORNING).code == 0

    once(deployment, fetch)
    return deployment


def learn(mine: Deployment, *arguments: str) -> Any:
    said = mine("subscribers", "learn", ADA, *arguments, "--now", LATER, "--json")
    assert said.code == 0, said.err
    return said.json["learnt"]


def rank(mine: Deployment) -> list[dict[str, Any]]:
    return mine("rank", "--subscriber", ADA, "--json", "--now", LATER).json["items"]


def vote_for_three(mine: Deployment) -> Any:
    return learn(mine, *(word for title in VOTED for word in ("--more", f"title: {title}")))


def test_votes_raise_papers_like_those_voted_for_and_say_why(mine: Deployment) -> None:
    before = {item["entry"]["title"]: item for item in rank(mine)}
    vote_for_three(mine)
    after = {item["entry"]["title"]: item for item in rank(mine)}
    for title, _ in NEUROMORPHIC[3:]:
        assert after[title]["rank"] < before[title]["rank"]
        assert {reason["label"] for reason in after[title]["reasons"]} & set(VOTED)


def test_votes_against_lower_papers_like_them(mine: Deployment) -> None:
    before = {item["entry"]["title"]: item for item in rank(mine)}
    learn(mine, "--less", "title: Decoding speech from fMRI recordings of the cortex")
    after = {item["entry"]["title"]: item for item in rank(mine)}
    alike = "Aligning fMRI responses across subjects for brain decoding"
    assert after[alike]["score"] < before[alike]["score"]
    assert "Decoding speech from fMRI recordings of the cortex" in {
        reason["label"] for reason in after[alike]["reasons"] if reason["contribution"] < 0
    }


@pytest.mark.parametrize("how", [("--undo", "1"), ("--undo", "neuromorphic hardware"), ("--reset",)])
def test_taking_it_back_restores_the_very_order(mine: Deployment, how: tuple[str, ...]) -> None:
    before = rank(mine)
    vote_for_three(mine)
    assert rank(mine) != before
    assert learn(mine, *how) == []
    assert rank(mine) == before


def test_what_was_learnt_is_listed_in_words_and_each_line_goes_alone(mine: Deployment) -> None:
    vote_for_three(mine)
    learn(mine, "--less", "title: Crop yields under late frost")
    said = mine("subscribers", "learn", ADA, "--now", LATER).out
    assert "1  more: neuromorphic hardware, from 3 votes (25 Nov 2026)" in said
    assert "2  less: “Crop yields under late frost”, from 1 vote (25 Nov 2026)" in said
    said = mine("subscribers", "learn", ADA, "--undo", "1", "--now", LATER).out
    assert "took back more: neuromorphic hardware, from 3 votes (25 Nov 2026)" in said
    assert [line["direction"] for line in learn(mine)] == ["less"]
    assert "took back all of 1 vote" in mine("subscribers", "learn", ADA, "--reset").out
    assert "nothing was learnt" in mine("subscribers", "learn", ADA).out


def test_a_paper_is_named_by_the_beginning_of_its_id_too(mine: Deployment) -> None:
    entry = rank(mine)[0]["entry"]
    learnt = learn(mine, "--more", entry["id"][:12])
    assert [vote["title"] for vote in learnt[0]["votes"]] == [entry["title"]]
    assert learnt[0]["votes"][0]["at"] == LATER


def test_the_last_vote_on_a_paper_counts(mine: Deployment) -> None:
    learn(mine, "--more", f"title: {VOTED[0]}")
    assert [line["direction"] for line in learn(mine, "--less", f"title: {VOTED[0]}")] == ["less"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--more", "arXiv:9912.99999"), "arXiv:9912.99999: no stored paper is known by it"),
        (("--more", "file: mine.bib"), "stands for 2 papers"),
        (("--more", "abcdef"), "abcdef: no stored paper"),
        (("--undo", "2"), "2: nothing was learnt under this; expected a number from 1 to 1"),
        (("--undo", "tides"), "tides: nothing was learnt under this"),
    ],
)
def test_what_cannot_be_is_one_line(mine: Deployment, arguments: tuple[str, ...], told: str) -> None:
    (mine.folder / "mine.bib").write_text("@misc{a, title={One paper}}\n@misc{b, title={Another paper}}\n")
    before = learn(mine, "--more", f"title: {VOTED[0]}")
    said = mine("subscribers", "learn", ADA, *arguments)
    assert said.code == 2
    assert told in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert learn(mine) == before


def test_without_votes_there_is_nothing_to_undo(mine: Deployment) -> None:
    assert "there are none" in mine("subscribers", "learn", ADA, "--undo", "1").err
    assert "took back all of 0 votes" in mine("subscribers", "learn", ADA, "--reset").out
    assert mine("subscribers", "learn", "nobody@example.org").code == 2


def test_the_patch_is_the_profile_to_paste_and_the_file_stays_as_it_is(mine: Deployment) -> None:
    profile = {"interests": ["fMRI", {"text": "${sleep} & 'more'", "weight": 2}], "muted_authors": ["Eve"], "min_score": 0.2,
               "liked": ["title: Crop yields under late frost", f"title: {VOTED[0]}"]}  # fmt: skip
    written = {**profile, "interests": ["fMRI", {"text": "$${sleep} & 'more'", "weight": 2}]}
    mine.write_readers([{"email": ADA, "profile": written}])
    file = mine.folder / "config" / "subscribers.yaml"
    before = file.read_bytes()
    vote_for_three(mine)
    learn(mine, "--less", "title: Crop yields under late frost")
    said = mine("subscribers", "learn", ADA, "--as-patch", "--now", LATER).out
    assert file.read_bytes() == before
    assert f'- "title: {VOTED[1]}"  # added: “more” of 25 Nov 2026, neuromorphic hardware' in said
    assert "# no longer liked: title: Crop yields under late frost" in said
    assert f"subscribers learn {ADA} --reset" in said
    file.write_text(f"subscribers:\n  - email: {ADA}\n{said}", encoding="utf-8")
    reader = load(mine.folder / "config", environ={}).readers[0].profile
    assert [(one.text, one.weight) for one in reader.interests] == [("fMRI", 1.0), ("${sleep} & 'more'", 2.0)]
    assert reader.liked == tuple(f"title: {title}" for title in VOTED)
    assert reader.disliked == ("title: Crop yields under late frost",)
    assert (reader.muted_authors, reader.min_score, reader.max_papers) == (("Eve",), 0.2, 10)


def test_a_patch_with_nothing_learnt_is_the_profile_alone(mine: Deployment) -> None:
    mine.write_readers([{"email": ADA}])
    said = mine("subscribers", "learn", ADA, "--as-patch").out
    assert yaml.safe_load(said) == {"profile": {}}
    assert mine("subscribers", "learn", ADA, "--as-patch", "--json").json["patch"] == said
    assert "nothing was learnt" in said


def test_the_patch_of_a_reader_of_the_database_says_so(mine: Deployment) -> None:
    mine("subscribers", "add", "kim@example.org", "--interest", "pruning^2")
    mine("subscribers", "learn", "kim@example.org", "--more", f"title: {VOTED[0]}")
    said = mine("subscribers", "learn", "kim@example.org", "--as-patch").out
    assert "a reader of the database" in said
    assert yaml.safe_load(said)["profile"]["interests"] == [{"text": "pruning", "weight": 2}]


def test_votes_are_exported_with_their_reader_and_erased_with_them(mine: Deployment) -> None:
    vote_for_three(mine)
    votes = mine("subscribers", "export", ADA).json["votes"]
    assert sorted(vote["reference"] for vote in votes) == sorted(f"title: {title}" for title in VOTED)
    assert {(vote["wish"], vote["at"]) for vote in votes} == {("more", LATER)}
    with Storage.open(load(mine.folder / "config", environ={}).database) as storage:
        reader = storage.subscribers.by_email(ADA)
        assert len(storage.votes.of([reader.id])[reader.id]) == 3
        assert mine("subscribers", "erase", ADA, "--yes").code == 0
        assert storage.votes.of([reader.id]) == {}


def test_an_export_brings_readers_with_their_votes(mine: Deployment) -> None:
    mine("subscribers", "add", "kim@example.org")
    for option, title in (("--more", VOTED[0]), ("--less", VOTED[1])):
        mine("subscribers", "learn", "kim@example.org", option, f"title: {title}", "--now", LATER)
    exported = mine("subscribers", "export", "--json").json["subscribers"]
    kim = next(reader for reader in exported if reader["email"] == "kim@example.org")
    assert {(vote["paper"], vote["value"]) for vote in kim["votes"]} == {
        (f"title: {VOTED[0]}", 1), (f"title: {VOTED[1]}", -1),
    }  # fmt: skip
    strange = [
        {"paper": "arXiv:9912.99999", "value": 1, "at": LATER},
        "a word",
        {"paper": f"title: {VOTED[2]}", "value": 1, "at": "noon"},
        {"paper": f"title: {VOTED[2]}", "value": 5, "at": LATER},
    ]
    lee = {**kim, "email": "lee@example.org", "votes": [*kim["votes"], *strange]}
    (mine.folder / "people.json").write_text(json.dumps({"subscribers": [lee]}))
    said = mine("subscribers", "import", "people.json")
    assert (said.code, said.err.count("a vote is passed over")) == (0, 4), said.err
    again = mine("subscribers", "export", "--json").json["subscribers"]
    assert next(one for one in again if one["email"] == "lee@example.org")["votes"] == kim["votes"]


def test_votes_count_in_the_mail(mine: Deployment) -> None:
    vote_for_three(mine)
    assert mine("run", "--json", "--now", LATER).json["sent"] == 1
    text = mine.mails()[0].get_body(("plain",)).get_content()
    assert VOTED[0] in text
