"""What was found by trying to break it."""

from __future__ import annotations

import re

MORNING = "2026-11-23T08:00:00Z"
NOWHERE = {"kind": "smtp", "host": "127.0.0.1", "port": 9}
FILES = {"kind": "files", "path": "outbox"}


def weekly(deployment) -> None:
    deployment.write_readers([{"email": "ada@example.org", "schedule": {"days": "weekly"}}])


def test_papers_of_a_digest_that_was_never_sent_come_back(deployment):
    weekly(deployment)
    deployment.write(provider=NOWHERE)
    assert deployment("run", "--json", "--now", MORNING).json["retrying"] == 1
    deployment.write(provider=FILES)
    said = deployment("run", "--json", "--now", "2026-11-30T08:00:00Z")
    assert (said.json["sent"], said.json["failed"]) == (1, 1)
    delivery = deployment("subscribers", "export", "ada@example.org").json["deliveries"][0]
    assert len(delivery["shown"]) == 10


def test_what_is_stored_within_a_readers_reach_goes_out_though_nothing_can_be_read(deployment):
    weekly(deployment)
    deployment.write(window="1d")
    deployment.write_page("others", [])
    deployment.write(sources=[{"kind": "page", "name": "late", "path": "others.txt"}])
    deployment("run", "--now", MORNING)
    deployment.write_page("others", [("A paper of the middle of the week", "It came on a Wednesday.")])
    deployment("fetch", "--now", "2026-11-25T08:00:00Z")
    (deployment.folder / "others.txt").write_text("")
    said = deployment("run", "--json", "--now", "2026-11-30T08:00:00Z")
    assert (said.code, said.json["sent"]) == (0, 1)


def test_a_dry_run_does_not_confirm_a_restored_copy(deployment):
    deployment("run", "--now", MORNING)
    counter = deployment.folder / "var" / "newsletter.db.counter"
    counter.write_text("99")
    assert deployment("run", "--dry-run", "--confirm-resume", "--now", MORNING).code == 0
    assert deployment("run", "--now", MORNING).code == 22


def test_a_file_of_readers_that_vanished_stops_before_anybody_is_forgotten(deployment):
    deployment("run", "--now", MORNING)
    (deployment.folder / "config" / "subscribers.yaml").unlink()
    said = deployment("run", "--json", "--now", "2026-11-24T08:00:00Z")
    assert said.code == 2
    assert "subscribers.yaml" in said.json["error"]
    assert deployment("status", "--json").json["subscribers"] == {}
    deployment.write_readers([])
    assert deployment("run", "--now", "2026-11-24T08:00:00Z").code == 0


def test_a_reader_whose_line_is_gone_can_still_be_shown_replayed_and_erased(deployment):
    deployment("run", "--now", MORNING)
    deployment.write_readers([])
    deployment("run", "--now", "2026-11-24T08:00:00Z")
    assert deployment("subscribers", "show", "ada@example.org", "--json").json["state"] == "removed"
    assert deployment("replay", "--date", "2026-11-23", "--subscriber", "ada@example.org").code == 0
    assert deployment("subscribers", "erase", "ada@example.org", "--yes").code == 0


def test_an_erased_reader_of_the_file_is_nobody_any_more(deployment):
    deployment("run", "--now", MORNING)
    deployment("preview", "--now", MORNING)
    deployment("subscribers", "erase", "ada@example.org", "--yes")
    listed = {reader["email"] for reader in deployment("subscribers", "list", "--json").json["subscribers"]}
    assert listed == {"ben@example.org", "eve@example.org"}
    assert not (deployment.folder / "preview").exists()
    assert deployment("run", "--json", "--now", "2026-11-24T08:00:00Z").json["due"] == 2


def test_more_than_one_reader_needs_a_postal_address_wherever_they_live(deployment):
    deployment.write_readers([])
    deployment.write(postal_address="")
    for name in ("kim", "lee"):
        deployment("subscribers", "add", f"{name}@example.org")
    said = deployment("run", "--json", "--now", MORNING)
    assert said.code == 2
    assert "postal_address" in said.json["error"]


def test_who_left_is_not_brought_back_by_moving_house(deployment, tmp_path):
    deployment("subscribers", "leave", "ada@example.org")
    deployment("subscribers", "pause", "ben@example.org")
    (tmp_path / "all.csv").write_text(deployment("subscribers", "export").out)
    deployment.write_readers([])
    deployment.write(database="sqlite:///new/home.db")
    assert deployment("subscribers", "import", "all.csv").code == 0
    states = {s["email"]: s["state"] for s in deployment("subscribers", "list", "--json").json["subscribers"]}
    assert states == {"ben@example.org": "paused", "eve@example.org": "active"}


def test_a_test_mail_cannot_unsubscribe_the_reader_it_shows(deployment, monkeypatch):
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", "k" * 32)
    deployment.write(base_url="https://papers.example.org")
    deployment("send-test", "me@example.org", "--as", "ada@example.org", "--now", MORNING)
    deployment("run", "--only", "ada@example.org", "--now", MORNING)
    mine, hers = (
        mail["List-Unsubscribe"] for mail in sorted(deployment.mails(), key=lambda mail: mail["To"], reverse=True)
    )
    assert "unsubscribe%20test" in mine
    assert re.search(r"<https://\S+>", mine)[0] != re.search(r"<https://\S+>", hers)[0]


def test_no_mail_loads_anything_from_anywhere(deployment):
    deployment("run", "--now", MORNING)
    for mail in deployment.mails():
        html = mail.get_body(("html",)).get_content()
        assert "fonts.googleapis" not in html
        assert "@import" not in html
        assert "<link" not in html


def test_a_message_that_cannot_be_rendered_is_one_line(deployment):
    (deployment.folder / "templates").mkdir()
    (deployment.folder / "templates" / "digest.subject.txt.j2").write_text("{{ 1 // (cards|length - 4) }}")
    deployment.write_readers([{"email": "ada@example.org", "profile": {"max_papers": 4, "interests": ["spiking"]}}])
    said = deployment("run", "--now", MORNING)
    assert said.code == 10
    assert "Traceback" not in said.err


def test_fetch_tells_each_source_also_when_none_could_be_read(deployment):
    (deployment.folder / "bad.xml").write_text("")
    deployment.write(sources=[{"kind": "feed", "name": "bad", "path": "bad.xml"}])
    said = deployment("fetch", "--json", "--now", MORNING)
    assert said.code == 13
    assert [source["state"] for source in said.json["sources"]] == ["failed"]


def test_editions_are_listed_held_back_and_given_up(deployment):
    deployment.write(provider=NOWHERE)
    deployment("run", "--now", MORNING)
    [edition] = deployment("editions", "list", "--json").json["editions"]
    assert edition["id"] in deployment("editions", "list").out
    deployment.write(provider=FILES)
    assert deployment("editions", "pause", edition["id"]).code == 0
    assert deployment("run", "--json", "--now", MORNING).json["sent"] == 0
    assert deployment("editions", "resume", edition["id"]).code == 0
    assert "3 deliveries" in deployment("editions", "cancel", edition["id"]).out
    assert deployment("run", "--json", "--now", MORNING).json["sent"] == 0
    assert deployment("editions", "pause", "2001-01-01T00:00:00Z").code == 2
