"""What an operator lives with: decisions, restored copies, warnings, a folder served while templates change."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

from newsletter.addresses import LONGEST, ascii_domain, is_loopback, normal_form, wire_address
from newsletter.cli.dns_records import find_mail_records
from newsletter.testing import DROP, SmtpSink

MORNING = "2026-11-23T08:00:00Z"


def test_the_ledger_as_a_table_and_a_second_try(deployment):
    with SmtpSink() as sink:
        sink.answer("RCPT", "550 5.7.1 not today")
        sink.answer("END", DROP)
        deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port})
        assert deployment("run", "--now", MORNING).code == 10
        listed = deployment("deliveries", "list").out
        assert "failed" in listed
        assert "uncertain" in listed
        ids = re.findall(r"^\s*(\d+)\s", listed, re.MULTILINE)
        assert deployment("deliveries", "retry", *ids).code == 0
        again = deployment("run", "--json", "--now", MORNING)
    assert (again.json["sent"], again.json["already_sent"]) == (2, 1)
    assert deployment("deliveries", "list").out.strip() == "nothing is uncertain, has failed or waits for a next try"
    every = deployment("deliveries", "list", "--all", "--json").json["deliveries"]
    assert [one["state"] for one in every] == ["sent"] * 3
    assert deployment("deliveries", "retry", ids[0]).code == 2
    assert deployment("deliveries", "settle", ids[0]).code == 2


def test_a_database_put_back_from_a_copy_sends_nothing_before_it_is_told_to(deployment):
    database = deployment.folder / "var" / "newsletter.db"
    deployment("fetch", "--now", MORNING)
    shutil.copy(database, deployment.folder / "old.db")
    assert deployment("run", "--json", "--now", MORNING).json["sent"] == 3
    for leftover in database.parent.glob("newsletter.db-*"):
        leftover.unlink()
    shutil.copy(deployment.folder / "old.db", database)
    status = deployment("status", "--json")
    assert (status.code, status.json["exit_code"]) == (0, 0)
    assert "restored from a copy" in status.err
    refused = deployment("run", "--json", "--now", MORNING)
    assert (refused.code, refused.json["sent"]) == (22, 0)
    assert "--confirm-resume" in refused.json["error"]
    assert deployment("run", "--confirm-resume", "--json", "--now", MORNING).json["sent"] == 3
    assert deployment("status").err == ""


def test_two_editions_under_one_clock_have_two_names(deployment):
    deployment("run", "--only", "ada@example.org", "--now", MORNING)
    deployment.write_page("others", [("A third paper that came in between", "It is about nothing in particular.")])
    assert deployment("run", "--json", "--now", MORNING).json["sent"] == 2
    names = [edition["id"] for edition in deployment("status", "--json").json["editions"]]
    assert names == ["2026-11-23T08:00:01Z", "2026-11-23T08:00:00Z"]


def test_nothing_changed_means_no_new_edition(deployment):
    deployment("run", "--only", "ada@example.org", "--now", MORNING)
    deployment("run", "--now", "2026-11-23T09:00:00Z")
    assert len(deployment("status", "--json").json["editions"]) == 1


def test_readers_whose_hour_no_run_reaches_are_told_of(deployment):
    deployment.write_readers([{"email": "late@example.org", "schedule": {"at": "20:00"}}])
    deployment("run", "--now", "2026-11-22T08:00:00Z")
    said = deployment("run", "--now", "2026-11-23T08:00:00Z")
    assert "later than the last run" in said.err
    assert "20:00" in said.err


def test_a_base_url_without_a_key_is_said_and_mails_carry_mailto_links(deployment):
    deployment.write(base_url="https://papers.example.org")
    said = deployment("run", "--now", MORNING)
    assert "NEWSLETTER_SECRET_KEY" in said.err
    assert "List-Unsubscribe-Post" not in deployment.mails()[0]
    assert deployment.mails()[0]["List-Unsubscribe"].startswith("<mailto:")


def test_no_messages_are_kept_where_none_are_wanted(deployment):
    deployment.write(retention={"messages": 0})
    assert deployment("run", "--json", "--now", MORNING).json["sent"] == 3
    said = deployment("replay", "--date", "2026-11-23", "--subscriber", "ada@example.org")
    assert said.code == 2
    assert "0 days" in said.err
    assert deployment("replay", "--date", "someday", "--subscriber", "ada@example.org").code == 2


def test_a_library_of_liked_papers_ranks_and_a_missing_paper_is_said(deployment):
    (deployment.folder / "mine.bib").write_text(
        "@article{a, title={Spiking neural networks on neuromorphic hardware}, author={Ada Beispiel},"
        " abstract={Spikes, neurons that spike, and networks of spiking neurons.}}",
    )
    liked = ["file: mine.bib", "arXiv:9912.99999"]
    deployment.write_readers([{"email": "ada@example.org", "profile": {"liked": liked}}])
    said = deployment("rank", "--subscriber", "ada@example.org", "--limit", "3", "--json", "--now", MORNING)
    assert all("spik" in item["entry"]["title"].lower() for item in said.json["items"])
    assert "arXiv:9912.99999" in said.err


def test_a_library_that_is_not_there_is_told_once_with_its_reader(deployment):
    readers = [{"email": "ada@example.org", "profile": {"liked": ["arXiv:2405.12345", "file: library.bib"]}}]
    deployment.write_readers([*readers, {"email": "ben@example.org"}])
    file = deployment.folder / "config" / "subscribers.yaml"
    lines = file.read_text().splitlines()
    [(number, line)] = [(n, line) for n, line in enumerate(lines, 1) if "library.bib" in line]
    checked = deployment("config", "check")
    place = f"{file}:{number}:{line.index('file:')}"  # a quote stands before it
    assert checked.code == 0
    assert f"{place}: there is no file {deployment.folder / 'library.bib'}" in checked.err
    [told] = [one for one in deployment("doctor", "--json").json["checks"] if one["name"] == "library"]
    assert (told["health"], place in told["detail"]) == ("warning", True)
    for command in (["rank", "--subscriber", "ada@example.org"], ["preview"]):
        said = deployment(*command, "--now", MORNING)
        assert said.err.count("library.bib") == 2  # as it was written, and where that is
        assert "ada@example.org: file: library.bib: " in said.err
        assert "not found in the store: file" not in said.err
    run = deployment("run", "--now", MORNING)
    assert "library.bib: No such file" in run.err
    assert "ada@example.org" not in run.err


def test_without_readers_there_is_nothing_to_preview(deployment):
    deployment.write_readers([])
    said = deployment("preview", "--now", MORNING)
    assert said.code == 2
    assert "subscribers add" in said.err


def test_init_asks_again_until_it_can_read_the_answer(deployment):
    answers = "not an address\nme@example.org\nspiking networks, sleep\ncs.NE\nfiles\n25:00 UTC\n07:15 Europe/Berlin\n"
    command = [sys.executable, "-m", "newsletter", "init", "mine"]
    said = subprocess.run(
        command, input=answers, capture_output=True, text=True, cwd=deployment.folder, check=True, env={**os.environ}
    )
    assert said.stdout.count("expected") == 2
    written = (deployment.folder / "mine" / "config" / "subscribers.yaml").read_text()
    assert "me@example.org" in written
    assert "sleep" in written


def test_the_demo_says_where_to_look_also_the_second_time(deployment):
    first = deployment("demo")
    assert first.code == 0
    assert "outbox/index.html" in first.out.replace("\n", "")
    assert (deployment.folder / ".env").stat().st_mode & 0o077 == 0
    assert "To start over" in deployment("demo").out


def test_tables_for_people(deployment):
    assert "rows read" in deployment("fetch", "--now", MORNING).out
    assert "3 sent" in deployment("run", "--now", MORNING).out
    assert "ada@example.org" in deployment("subscribers", "list").out
    assert "spiking neural networks" in deployment("subscribers", "show", "ada@example.org").out
    assert deployment("subscribers", "export", "--json").json["subscribers"][0]["email"] == "ada@example.org"


def test_a_missing_csv_and_one_without_addresses_are_one_line(deployment, tmp_path):
    (tmp_path / "bad.csv").write_text("name\nAda\n")
    for name in ("bad.csv", "missing.csv"):
        said = deployment("subscribers", "import", name)
        assert said.code == 2
        assert len(said.err.strip().splitlines()) == 1


def test_mail_records_that_cannot_be_found_say_what_to_do():
    records = list(find_mail_records("no-such-domain.invalid"))
    assert [record.name for record in records] == ["SPF", "DKIM", "DMARC"]
    assert not any(record.found for record in records)
    assert "v=spf1" in records[0].detail


@pytest.mark.parametrize("bad", ["", "a", "a@", "@b", "a b@example.org", "a@b\n", "a@\udc80"])
def test_what_is_no_address_is_not_put_on_the_wire(bad):
    with pytest.raises(ValueError, match="not a mail address"):
        wire_address(bad)


def test_spellings_of_addresses_and_hosts():
    assert normal_form("ADA@Example.ORG ") == normal_form("ada@example.org")
    assert len(normal_form("a\u0300\u0316" * 1_000_000 + "@bücher.example")) <= LONGEST + 1
    assert ascii_domain("ü." * 1_000_000 + "example") == ""
    assert [host for host in ("localhost", "a.localhost", "127.9.9.9", "::1", "10.0.0.1", "example.org") if is_loopback(host)] == [
        "localhost", "a.localhost", "127.9.9.9", "::1",
    ]  # fmt: skip


def test_an_export_of_one_reader_has_what_they_agreed_to_and_what_was_told_of_their_mail(deployment):
    assert deployment("subscribers", "leave", "ada@example.org").code == 0
    held = deployment("subscribers", "export", "ada@example.org").json
    assert [(said["act"], said["method"]) for said in held["consents"]] == [("left", "operator")]
    assert held["events"] == []
