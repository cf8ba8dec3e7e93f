from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from newsletter.config import load
from newsletter.model import Entry, EntryChanges, ProfileSpec
from newsletter.pipeline.backtesting import backtest
from newsletter.storage import Storage
from newsletter.subscriptions import reader_named

ADA = "ada@example.org"
DAYS = ("23", "24", "25")
LATER = "2026-11-26T08:00:00Z"
NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def past(tmp_path_factory) -> Path:
    """Where the three mornings are kept once they were played."""
    return tmp_path_factory.mktemp("past") / "var"


@pytest.fixture
def played(deployment, past):
    """Three mornings on which Ada was sent three papers each, those on spikes on the first."""
    deployment.write_readers([{"email": ADA, "profile": {"interests": ["spiking neural networks"], "max_papers": 3}}])
    if past.exists():
        shutil.copytree(past, deployment.folder / "var")
        return deployment
    for day in DAYS:
        assert deployment("run", "--json", "--now", f"2026-11-{day}T08:00:00Z").json["sent"] == 1
    shutil.copytree(deployment.folder / "var", past)
    return deployment


def write_profile(deployment, **profile) -> str:
    (deployment.folder / "new.yaml").write_text(yaml.safe_dump(profile))
    return "new.yaml"


def ask(deployment, *arguments: str):
    return deployment("backtest", "--subscriber", ADA, "--now", LATER, "--json", *arguments)


def titles(document, which: str) -> list[str]:
    return [item["entry"]["title"] for day in document["days"] for item in day[which]]


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def open_store(deployment):
    settings = load(deployment.folder / "config", environ={})
    return settings, Storage.open(settings.database)


def test_another_interest_gains_its_papers_and_loses_others(played):
    played.write_readers([{"email": ADA, "profile": {"interests": ["spiking neural networks"], "max_papers": 1}}])
    file = write_profile(played, interests=["brain decoding", "fMRI"], max_papers=1)
    document = ask(played, "--profile", file).json
    assert (document["against"], document["subscriber"]) == ("profile", ADA)
    assert [day["date"] for day in document["days"]] == ["2026-11-23", "2026-11-24", "2026-11-25"]
    assert all("brain" in title.lower() or "fmri" in title.lower() for title in titles(document, "gained"))
    assert all("spik" in title.lower() for title in titles(document, "lost"))
    assert (document["gained"], document["lost"], document["kept"]) == (3, 3, 0)
    reasons = {reason["kind"] for day in document["days"] for item in day["gained"] for reason in item["reasons"]}
    assert "interest" in reasons


def test_no_paper_comes_twice_in_either_history(played):
    file = write_profile(played, interests=["pruning"], max_papers=4)
    document = ask(played, "--profile", file).json
    assert sum(day["after"] for day in document["days"]) == 11
    assert sum(day["before"] for day in document["days"]) == 9
    assert document["kept"] == 9
    assert len(titles(document, "gained")) == len(set(titles(document, "gained"))) == 2
    assert document["lost"] == 0


def test_the_same_profile_changes_nothing(played):
    file = write_profile(played, profile={"interests": ["spiking neural networks"], "max_papers": 3})
    document = ask(played, "--profile", file).json
    assert (document["gained"], document["lost"], document["kept"]) == (0, 0, 9)
    assert "Nothing would have changed in 3 days" in document["conclusion"]


def test_what_was_sent_is_what_the_unchanged_profile_would_choose(played):
    document = ask(played).json
    assert document["against"] == "sent"
    assert [day["before"] for day in document["days"]] == [3, 3, 3]
    assert (document["gained"], document["lost"], document["kept"]) == (0, 0, 9)


def test_todays_profile_against_what_was_sent(played):
    played.write_readers([{"email": ADA, "profile": {"interests": ["brain decoding", "fMRI"], "max_papers": 1}}])
    said = played("backtest", "--subscriber", ADA, "--now", LATER)
    assert said.code == 0
    assert "Against what was sent in 3 days" in said.out
    assert (
        "today's profile and version would have brought these 1 more, and left out these 7; 2 are the same" in said.out
    )
    assert "interest: spiking neural networks" in said.out


def test_a_table_of_what_came_and_went(played):
    file = write_profile(played, interests=["tidal energy"], max_papers=1)
    said = played("backtest", "--subscriber", ADA, "--profile", file, "--now", LATER)
    assert "A survey of tidal energy converters" not in titles(ask(played, "--profile", file).json, "gained")
    assert "In 3 days you would have gained these 0 and lost these" in said.out
    assert said.out.count("2026-11-2") == len(
        [day for day in ask(played, "--profile", file).json["days"] if day["lost"]]
    )


def test_only_the_days_asked_for(played):
    document = ask(played, "--days", "2").json
    assert [day["date"] for day in document["days"]] == ["2026-11-24", "2026-11-25"]
    assert (document["gained"], document["lost"], document["kept"]) == (0, 0, 6)


def test_a_date_without_a_mail_is_played_from_the_first_edition_of_its_slot(played):
    played.write_readers([{"email": "new@example.org", "profile": {"interests": ["fMRI"], "max_papers": 2}}])
    file = write_profile(played, interests=["pruning"], max_papers=2)
    said = played("backtest", "--subscriber", "new@example.org", "--profile", file, "--now", LATER, "--json")
    assert [(day["date"], day["before"], day["after"]) for day in said.json["days"]] == [("2026-11-23", 2, 2)]
    sent = played("backtest", "--subscriber", "new@example.org", "--now", LATER, "--json")
    assert sent.json["days"] == []


def test_nothing_stored_is_nothing_to_compare_yet(deployment):
    said = deployment("backtest", "--subscriber", ADA, "--now", LATER)
    assert said.code == 0
    assert said.out.strip() == "Nothing to compare yet: no edition of the last 14 days is stored for this reader."
    document = ask(deployment).json
    assert (document["days"], document["gained"], document["error"], document["exit_code"]) == ([], 0, None, 0)


def test_it_writes_nothing(played):
    file = write_profile(played, interests=["pruning"])
    before = files_of(played.folder)
    ask(played)
    ask(played, "--profile", file)
    assert files_of(played.folder) == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("intrests: [a]\n", "new.yaml:1:1: unknown key `intrests`; did you mean `interests`?"),
        ("interests: [a]\nmax_papers: many\n", "new.yaml:2:13: "),
        ("profile:\n  interests: [a]\n  trending: 7\n", "new.yaml:3:13: "),
        ("interests: [a]\ninterests: [b]\n", "new.yaml:2:1: "),
        ("- a\n", "new.yaml:1:1: "),
        ("interests: [\n", "new.yaml:2:1: "),
    ],
)
def test_a_profile_with_mistakes_is_told_with_its_places(played, text, told):
    (played.folder / "new.yaml").write_text(text)
    said = played("backtest", "--subscriber", ADA, "--profile", "new.yaml")
    assert said.code == 2
    assert told in said.err
    assert len(said.err.strip().splitlines()) == 1
    document = ask(played, "--profile", "new.yaml")
    assert (document.json["exit_code"], document.json["days"]) == (2, [])


def test_a_profile_that_is_not_there_and_a_reader_who_is_none(played):
    assert "nothing.yaml" in played("backtest", "--subscriber", ADA, "--profile", "nothing.yaml").err
    assert played("backtest", "--subscriber", "nobody@example.org").code == 2


def test_an_empty_profile_is_what_is_trending(played):
    (played.folder / "new.yaml").write_text("")
    assert ask(played, "--profile", "new.yaml").code == 0


def test_liked_papers_that_nobody_knows_are_told_of(played):
    file = write_profile(played, liked=["arXiv:2405.12345"])
    said = played("backtest", "--subscriber", ADA, "--profile", file, "--now", LATER)
    assert said.code == 0
    assert "arXiv:2405.12345" in said.err


def test_a_paper_that_changed_its_id_since_is_still_the_same(played):
    settings, store = open_store(played)
    with store as storage:
        reader = reader_named(ADA, settings, storage)
        first = storage.deliveries.find(subscriber=reader.id)[-1].shown[0]
        merged = replace(storage.entries.by_ids([first])[first], id="0123456789abcdef")
        storage.entries.save(EntryChanges(entries=(merged,), aliases={first: merged.id}), now=NOW)
        found = backtest(settings, storage, reader, None, now=NOW)
    assert (found.gained, found.lost, found.kept) == ((), (), 9)


def test_a_vote_given_later_does_not_take_its_paper_out_of_the_past(played):
    settings, store = open_store(played)
    with store as storage:
        reader = reader_named(ADA, settings, storage)
        first = storage.deliveries.find(subscriber=reader.id)[-1].shown[0]
        storage.votes.cast(reader.id, first, 1, at=datetime(2026, 11, 25, 20, tzinfo=UTC))
        found = backtest(settings, storage, reader, None, now=NOW)
    assert (found.gained, found.lost, found.kept) == ((), (), 9)


def test_a_paper_named_among_the_liked_since_is_not_lost(played):
    settings, store = open_store(played)
    with store as storage:
        reader = reader_named(ADA, settings, storage)
        title = "Event cameras meet spiking networks"
        liking = replace(reader, profile=replace(reader.profile, liked=(f"title: {title}",)))
        found = backtest(settings, storage, liking, None, now=NOW)
    assert title not in {item.entry.title for item in found.lost}
    assert all(isinstance(item.entry, Entry) and item.reasons for item in found.gained)


def test_out_of_time_no_further_day_is_begun_and_the_rest_is_said(played):
    settings, store = open_store(played)
    with store as storage:
        reader = reader_named(ADA, settings, storage)
        found = backtest(settings, storage, reader, ProfileSpec(), now=NOW, history=0, seconds=0)
    assert (found.days, found.left_out) == ((), 3)


def test_whoever_looks_on_is_told_of_each_day(played):
    settings, store = open_store(played)
    told = []
    with store as storage:
        reader = reader_named(ADA, settings, storage)
        backtest(settings, storage, reader, None, now=NOW, history=0, on_day=lambda *counts: told.append(counts))
    assert told == [(1, 3), (2, 3), (3, 3)]
