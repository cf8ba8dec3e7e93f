"""The shipped demo and the examples beside it."""

from __future__ import annotations

import configparser
import importlib.util
import mailbox
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from newsletter.config import load
from newsletter.config.settings import PluginProvider, Settings
from newsletter.delivery import Surroundings
from newsletter.errors import ProviderError
from newsletter.model import Digest, Entry, EntryChanges, Links, Mailbox, Message, Ranked, Subscriber, Verdict
from newsletter.rendering import Renderer
from newsletter.shipped import shipped
from newsletter.sources import fetch_all
from newsletter.sources.http import Http
from newsletter.sources.identity import reconcile
from newsletter.sources.references import read_library

NOW = datetime(2031, 1, 1, tzinfo=UTC)
"""Long after the dates in the examples: the demo works on any day."""


@pytest.fixture(scope="module")
def demo() -> Settings:
    return load(shipped("config"), environ={})


@pytest.fixture(scope="module")
def papers(demo: Settings) -> EntryChanges:
    with Http(contact="papers@example.org") as http:
        fetched = fetch_all(demo.sources, {}, http=http, now=NOW)
    assert [one.error for one in fetched] == [None] * len(demo.sources)
    assert [len(one.entries) for one in fetched] == [26, 22, 13, 4, 5, 4, 11]
    names = [source.name for source in demo.sources]
    backlog: Any = {source.name: source.backlog for source in demo.sources}
    return reconcile(fetched, {}, now=NOW, window=timedelta(days=3), first_fetch=names, backlog=backlog)


def test_it_needs_no_network_and_no_secrets(demo: Settings) -> None:
    assert {source.kind for source in demo.sources} == {"huggingface", "arxiv", "biorxiv", "feed", "page"}
    assert all(source.path and source.path.is_file() and source.backlog == "include" for source in demo.sources)
    assert demo.provider.kind == "files"
    assert len(demo.readers) == 4


def test_every_paper_comes_out_once_and_is_new_on_any_day(papers: EntryChanges) -> None:
    assert len(papers.entries) == len(papers.new) == 73
    assert all(entry.first_seen_at == NOW for entry in papers.entries)
    assert sum(len(entry.sources) > 1 for entry in papers.entries) == 12


def test_the_papers_look_like_papers(papers: EntryChanges) -> None:
    for entry in papers.entries:
        assert 80 <= len(entry.summary.split()) <= 150, entry.title
        assert entry.counted_authors or entry.organization, entry.title


def test_no_paper_can_be_taken_for_a_real_one(papers: EntryChanges) -> None:
    for entry in papers.entries:
        assert entry.arxiv_id is None or entry.arxiv_id.startswith("9912.")  # none of December 2099 is out yet
        assert entry.doi is None or entry.doi.startswith("10.5555/")  # the registry's prefix for examples


@pytest.mark.parametrize(
    ("words", "at_least"),
    [(("spik", "neuromorphic"), 12), (("fmri", "decod"), 14), (("prun", "lottery", "ticket"), 14)],
)
def test_every_reader_finds_enough(papers: EntryChanges, words: tuple[str, ...], at_least: int) -> None:
    def is_about(entry: Entry) -> bool:
        return any(word in entry.title.casefold() or entry.summary.casefold().count(word) > 1 for word in words)

    assert sum(is_about(entry) for entry in papers.entries) >= at_least


def test_the_sample_of_subscribers_loads(tmp_path: Path) -> None:
    minimal = "title: x\nfrom: {email: a@example.org}\npostal_address: here\nsources: [{kind: huggingface}]\n"
    (tmp_path / "newsletter.yaml").write_text(minimal)
    (tmp_path / "subscribers.yaml").write_bytes((shipped("examples") / "subscribers.yaml").read_bytes())
    (tmp_path / "examples").symlink_to(shipped("examples"))

    ada, grace, team = load(tmp_path, environ={}).readers

    assert set(ada.profile.__slots__) == {
        name for name in ada.profile.__slots__ if getattr(ada.profile, name) not in ((), None, 0)
    }
    assert grace.profile.interests == ()
    assert team.schedule.days == {0}


def test_the_library_is_read_whole() -> None:
    assert len(read_library(shipped("examples") / "library.bib")) == 4


def test_the_workflow_keeps_its_database_and_never_runs_twice_at_once() -> None:
    workflow = yaml.safe_load((shipped("examples") / "github-actions.yml").read_text())
    steps = {step.get("name", step.get("uses")): step for step in workflow["jobs"]["run"]["steps"]}

    assert workflow["concurrency"] == {"group": "newsletter", "cancel-in-progress": False}
    assert steps["Keep the database"]["if"] == "always()"
    assert steps["Keep the database"]["with"]["key"] == steps["Fetch the database"]["with"]["key"]
    assert steps["Keep the database"]["with"]["path"] == steps["Fetch the database"]["with"]["path"] == "var"
    assert list(steps).index("Fetch the database") < list(steps).index("Send what is due")


@pytest.mark.parametrize("name", ["newsletter.service", "newsletter.timer"])
def test_systemd_units_can_be_read(name: str) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]

    assert unit.read(shipped("examples") / "systemd" / name)
    assert unit["Unit"]["Description"]


def test_templates_of_ones_own_take_the_place_of_shipped_ones() -> None:
    folders = [shipped("examples") / "templates", shipped("templates")]
    renderer = Renderer(folders=folders, title="Morning Papers", sender=Mailbox(email="papers@example.org"))
    digest = Digest(
        edition="2026-11-20T07:30:00Z",
        local_date=date(2026, 11, 20),
        items=(Ranked(entry=Entry(title="A paper"), score=0.0, match=0.5, rank=1),),
        candidates=73,
    )
    reader = Subscriber(id="s1", email="ada@example.org")

    message = renderer.render(digest, subscriber=reader, links=Links(), message_id="<1@example.org>", date=NOW)

    assert message.subject.startswith("Morning Papers, ")
    assert message.subject.endswith(": 1 of 73 new papers")
    assert "room 12" in message.html
    for own in (path for path in folders[0].rglob("*") if path.is_file()):
        assert (folders[1] / own.relative_to(folders[0])).is_file(), own  # a name that is shipped no more does nothing


def test_a_provider_of_ones_own(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("maildir", shipped("examples") / "plugins" / "maildir.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    settings = PluginProvider(kind="maildir.Maildir", options={"folder": str(tmp_path / "Mail")})
    message = Message(
        sender=Mailbox(email="a@example.org"),
        recipient=Mailbox(email="b@example.org"),
        subject="Hello",
        message_id="<1@example.org>",
        date=NOW,
        raw=b"Subject: Hello\r\n\r\nHello\r\n",
    )

    with module.Maildir(settings, Surroundings()) as provider:
        outcomes = list(provider.send([message]))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.SENT]
    assert [mail["subject"] for mail in mailbox.Maildir(str(tmp_path / "Mail"))] == ["Hello"]
    (tmp_path / "file").write_text("")
    broken = PluginProvider(kind="maildir.Maildir", options={"folder": str(tmp_path / "file" / "Mail")})
    with pytest.raises(ProviderError, match="no Maildir can be opened there"), module.Maildir(broken, Surroundings()):
        pass
