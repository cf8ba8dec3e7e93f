"""Mails wait for a source that is expected, up to the operator's hour and no longer."""

from __future__ import annotations

import pytest

ADA = {"email": "ada@example.org", "profile": {"interests": ["tides"]}}


def feed(*titles: str) -> str:
    """An RSS feed of these papers."""
    items = "".join(
        f"<item><title>{title}</title><link>https://lab.example/{title.replace(' ', '-')}</link>"
        "<pubDate>Mon, 23 Nov 2026 01:00:00 GMT</pubDate></item>"
        for title in titles
    )
    return f'<rss version="2.0"><channel><title>Lab</title>{items}</channel></rss>'


@pytest.fixture
def waiting(deployment):
    """One reader, a page that always has something, and a lab whose list is waited for until 09:30 in Berlin."""

    def write(**reader):
        deployment.write_plain_look()
        deployment.write_readers([ADA | reader])
        deployment.write(
            timezone="Europe/Berlin",
            sources=[
                {"kind": "page", "name": "Listing", "path": "spikes.txt"},
                {"kind": "feed", "name": "Lab", "path": "lab.xml", "hold_until": "09:30", "backlog": "include"},
            ],
        )
        (deployment.folder / "lab.xml").write_text(feed("Tides of yesterday"), encoding="utf-8")
        deployment("fetch", "--now", "2026-11-22T07:00:00Z")
        return deployment

    return write


def test_a_mail_waits_until_the_list_is_there(waiting):
    deployment = waiting()
    early = deployment("run", "--json", "--now", "2026-11-23T06:00:00Z")
    assert (early.code, early.json["sent"], early.json["due"], early.json["held"]) == (0, 0, 0, 1)
    assert early.json["warnings"] == ["1 mail waits until 09:30 at most for Lab"]
    assert deployment("status", "--json").json["editions"] == []
    (deployment.folder / "lab.xml").write_text(feed("Tides of yesterday", "Tides of today"), encoding="utf-8")
    later = deployment("run", "--json", "--now", "2026-11-23T06:15:00Z")
    assert (later.json["sent"], later.json["held"], later.json["warnings"]) == (1, 0, [])
    (mail,) = deployment.mails()
    assert "Tides of today" in mail.get_body(("plain",)).get_content()
    assert deployment("run", "--json", "--now", "2026-11-23T06:30:00Z").json["already_sent"] == 1


def test_not_longer_than_the_hour(waiting):
    deployment = waiting()
    assert deployment("run", "--json", "--now", "2026-11-23T08:29:00Z").json["held"] == 1
    told = deployment("run", "--json", "--now", "2026-11-23T08:30:00Z").json
    assert (told["held"], told["sent"]) == (0, 1)
    (mail,) = deployment.mails()
    assert "Lab" in mail.get_body(("plain",)).get_content().split("Unsubscribe")[0]


def test_a_source_that_fails_is_waited_for_as_well(waiting):
    deployment = waiting()
    (deployment.folder / "lab.xml").write_text("<html><body>Be right back</body></html>", encoding="utf-8")
    told = deployment("run", "--json", "--now", "2026-11-23T06:00:00Z").json
    assert [source["state"] for source in told["sources"]] == ["quiet", "failed"]
    assert told["held"] == 1


def test_a_dry_run_says_so_too(waiting):
    said = waiting()("run", "--dry-run", "--now", "2026-11-23T06:00:00Z")
    assert "dry run: 0 would be sent" in said.out
    assert "1 mail waits until 09:30 at most for Lab" in said.err


def test_everyone_is_sent_to_all_the_same(waiting):
    assert waiting()("run", "--everyone", "--json", "--now", "2026-11-23T06:00:00Z").json["sent"] == 1


def test_a_day_that_ends_soon_is_not_held(waiting):
    deployment = waiting(timezone="Pacific/Honolulu")  # midnight there is 10:00 UTC, the hold ends at 08:30
    assert deployment("run", "--json", "--now", "2026-11-23T07:35:00Z").json["held"] == 1
    deployment.write_readers([ADA | {"timezone": "Pacific/Marquesas"}])  # midnight there is 09:30 UTC
    assert deployment("run", "--json", "--now", "2026-11-23T08:00:00Z").json["held"] == 1
    deployment.write_readers([ADA | {"timezone": "America/Anchorage"}])  # midnight there is 09:00 UTC
    assert deployment("run", "--json", "--now", "2026-11-23T08:00:00Z").json["sent"] == 1


def test_a_weekday_on_which_nothing_ever_came_is_not_held(waiting):
    deployment = waiting()
    for day in ("02", "09", "16"):
        deployment("fetch", "--now", f"2026-11-{day}T07:00:00Z")
    assert deployment("run", "--json", "--now", "2026-11-23T06:00:00Z").json["sent"] == 1


def test_an_hour_that_is_none_is_told(deployment):
    deployment.write(sources=[{"kind": "feed", "url": "https://lab.example/feed", "hold_until": "25:00"}])
    said = deployment("config", "check")
    assert said.code == 2
    assert "a time of day from `00:00` to `23:59`" in said.err
