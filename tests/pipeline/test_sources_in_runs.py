"""What sources do to each other, to the mails and to what is remembered, through whole runs."""

from __future__ import annotations

import json
import re

from newsletter import pipeline
from newsletter.cli.context import read_now
from newsletter.config import load
from newsletter.storage import Storage

ADA = {"email": "ada@example.org", "profile": {"interests": ["tides"]}}


def rss(*papers: tuple[str, str]) -> str:
    """A feed of (title, day) pairs; each title has an address of its own."""
    items = "".join(
        f"<item><title>{title}</title><link>https://lab.example/{title.replace(' ', '-')}</link>"
        f"<pubDate>{day}T07:00:00Z</pubDate></item>"
        for title, day in papers
    )
    return f'<rss version="2.0"><channel><title>Lab</title>{items}</channel></rss>'


def write(deployment, name: str, text: str) -> None:
    """A file of the deployment."""
    (deployment.folder / name).parent.mkdir(exist_ok=True)
    (deployment.folder / name).write_text(text, encoding="utf-8")


def feeds(deployment, *names: str, **options) -> None:
    """Ada, and one feed a name, read from the file of that name."""
    deployment.write_readers([ADA])
    deployment.write(sources=[{"kind": "feed", "name": name, "path": f"{name}.xml", **options} for name in names])


def run(deployment, day: str, hour: str = "08:00"):
    """The JSON of a run."""
    return deployment("run", "--json", "--now", f"{day}T{hour}:00Z").json


def test_half_a_character_costs_nobody_anything(deployment):
    bad = {"id": "1", "url": "https://x.example/\ud800", "title": "Tides of \ud800 one", "content_text": "Water."}
    write(deployment, "Bad.xml", json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [bad]}))
    write(deployment, "Good.xml", rss(("Tides two", "2026-11-23")))
    feeds(deployment, "Bad", "Good")
    told = run(deployment, "2026-11-23")
    assert (told["exit_code"], told["sent"], told["candidates"]) == (0, 1, 2)
    (mail,) = deployment.mails()
    text = mail.get_body(("plain",)).get_content()
    assert "Tides of one" in text
    assert "Tides two" in text


def test_figures_that_no_database_takes_are_left_out(deployment):
    paper = {
        "id": "2611.00001",
        "title": "Tides and moons",
        "upvotes": 10**30,
        "submittedOnDailyAt": "2026-11-23T00:00:00Z",
    }
    write(
        deployment,
        "daily.json",
        json.dumps([{"paper": paper, "numComments": "7", "publishedAt": "9999-12-31T00:00:00Z"}]),
    )
    deployment.write_readers([ADA])
    deployment.write(sources=[{"kind": "huggingface", "path": "daily.json"}])
    assert run(deployment, "2026-11-23")["sent"] == 1
    (mail,) = deployment.mails()
    text = mail.get_body(("plain",)).get_content()
    assert not re.search(r"\b9999\b", text)  # alone: ids in links are random
    assert "7 comments" in text


def test_a_source_that_never_reads_whole_has_no_backlog_for_ever(deployment):
    broken = rss(("Tides one", "2026-11-10")).replace("</channel></rss>", "<item><title>Brok")
    write(deployment, "Lab.xml", broken)
    feeds(deployment, "Lab")
    first = run(deployment, "2026-11-16")
    assert first["sources"][0]["error"].endswith("breaks off after 1 whole entries")
    assert run(deployment, "2026-11-17")["sent"] == 0
    late = rss(("Tides one", "2026-11-10"), ("Tides two", "2026-11-11")).replace(
        "</channel></rss>", "<item><title>Brok"
    )
    write(deployment, "Lab.xml", late)
    told = run(deployment, "2026-11-20")
    assert (told["sources"][0]["state"], told["sent"]) == ("fresh", 1)
    (mail,) = deployment.mails()
    assert "Read in part only: Lab." in mail.get_body(("plain",)).get_content()


def test_another_address_under_the_same_name_brings_no_backlog(deployment):
    write(deployment, "One.xml", rss(("Tides one", "2026-11-23")))
    write(
        deployment,
        "Two.xml",
        rss(*((f"Tides of old {n}", "2015-01-01") for n in range(5)), ("Tides two", "2026-11-24")),
    )
    deployment.write_readers([ADA])
    for day, path in (("2026-11-23", "One.xml"), ("2026-11-24", "Two.xml")):
        deployment.write(sources=[{"kind": "feed", "name": "Lab", "path": path}])
        told = run(deployment, day)
    assert (told["sources"][0]["new"], told["sent"]) == (6, 1)
    assert "Tides of old" not in deployment.mails()[-1].get_body(("plain",)).get_content()


def test_a_source_that_is_always_second_is_not_taken_for_silent(deployment):
    feeds(deployment, "First", "Second", backlog="include")
    papers = []
    for day in range(9, 21):
        write(deployment, "Second.xml", rss(*papers))
        papers.append((f"Tides number {day}", f"2026-11-{day:02}"))
        write(deployment, "First.xml", rss(*papers))
        told = deployment("fetch", "--json", "--now", f"2026-11-{day:02}T08:00:00Z").json
    second = told["sources"][1]
    assert (second["state"], second["new"], second["seen"], second["merged"]) == ("fresh", 0, 11, 11)


def test_two_fetches_at_once_forget_nothing(deployment):
    write(deployment, "Lab.xml", rss(("Tides one", "2026-11-23")))
    feeds(deployment, "Lab")
    settings = load(deployment.folder / "config", environ={})
    now = read_now("2026-11-23T08:00:00Z")
    with Storage.open(settings.database) as storage, Storage.open(settings.database) as other:
        told = pipeline.fetch(settings, storage, now=now, on_fetched=lambda _: pipeline.fetch(settings, other, now=now))
        memory = storage.sources.memories()["Lab"]
    assert told.new == 0
    assert memory.new_at == now
    assert len(memory.data["health"]["arrivals"][""]) == 1


def test_the_day_of_a_hold_is_the_newsletters_own(deployment):
    """Eight in the morning in Tokyo is still yesterday in Greenwich; half past four in Los Angeles is tomorrow."""
    for zone, came, held_at, until in (
        ("Asia/Tokyo", ["2026-11-16T00:30"], "2026-11-16T23:00", "09:00"),
        ("America/Los_Angeles", ["2026-11-15T17:00", "2026-11-16T17:00"], None, "18:00"),
    ):
        deployment.write(database=f"sqlite:///var/{zone[:4]}.db", timezone=zone)
        deployment.write_readers([ADA | {"timezone": zone}])
        deployment.write(
            sources=[
                {"kind": "feed", "name": "Lab", "path": "Lab.xml", "hold_until": until, "backlog": "include"},
                {"kind": "page", "name": "Listing", "path": "spikes.txt"},
            ]
        )
        papers = []
        for at in came:
            papers.append((f"Tides of {at[:10]}", at[:10]))
            write(deployment, "Lab.xml", rss(*papers))
            deployment("fetch", "--now", f"{at}:00Z")
        if held_at:
            assert deployment("run", "--json", "--now", f"{held_at}:00Z").json["held"] == 1
        else:
            assert deployment("run", "--json", "--now", "2026-11-17T00:35:00Z").json["held"] == 0
