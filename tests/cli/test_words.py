"""What commands say to people: what waits and why, who is not mailed any more, what there is not."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from product import MORNING, Deployment

from newsletter.cli.serve import log_run
from newsletter.errors import Stopped
from newsletter.pipeline.report import Counts, RunReport
from newsletter.storage import Storage
from newsletter.testing import SmtpSink

ADA = "ada@example.org"
SINCE = datetime(2026, 11, 20, 20, 28, 9, tzinfo=UTC)


def storage_of(deployment: Deployment) -> Storage:
    return Storage.open(f"sqlite:///{deployment.folder}/var/newsletter.db")


def suppress(deployment: Deployment, address: str) -> None:
    with storage_of(deployment) as storage:
        storage.suppressions.add(address, "bounced", at=SINCE)


def test_a_run_says_what_waits_for_its_next_try_and_why(deployment):
    with SmtpSink() as sink:
        sink.answer("RCPT", "450 4.2.1 mailbox busy")
        deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port})
        said = deployment("run", "--now", MORNING)
    assert said.code == 11
    assert "3 due: 2 sent, 1 waiting" in said.out
    [line] = said.err.splitlines()
    assert line.startswith("newsletter: 1 waits for its next try at 20")
    assert "450 4.2.1 mailbox busy" in line
    assert line.endswith("see `newsletter deliveries list`")
    assert "1 waits for a next try, until" in deployment("status").out


def test_mail_of_a_paused_edition_is_said_to_wait_for_it(deployment):
    deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": 9})
    edition = deployment("run", "--json", "--now", MORNING).json["edition"]
    deployment("editions", "pause", edition)
    deployment.write(provider={"kind": "files", "path": "outbox"})
    told = f"3 mails wait, for edition {edition} is paused; go on with `newsletter editions resume {edition}`"
    again = deployment("run", "--json", "--now", MORNING)
    assert (again.code, again.json["retrying"], again.json["warnings"]) == (11, 3, [told])
    assert told in deployment("status").out
    assert deployment("status", "--json").json["sending"]["paused"] == [{"edition": edition, "count": 3}]
    deployment("editions", "resume", edition)
    assert deployment("run", "--json", "--now", MORNING).json["warnings"] == []


@pytest.mark.parametrize(
    ("counts", "error", "line"),
    [
        (Counts(), Stopped("told to stop"), "R  told to stop  exit 11\n"),
        (Counts.of(sent=2), None, "R  2 due: 2 sent  exit 0\n"),
        (
            Counts.of(sent=1, retrying=1),
            Stopped("told to stop"),
            "R  2 due: 1 sent, 1 waiting; told to stop  exit 11\n",
        ),
        (Counts(), None, ""),
    ],
)
def test_a_service_says_of_each_run_what_it_did_or_why_it_stopped(capsys, counts, error, line):
    log_run(RunReport(run_id="R", date=date(2026, 11, 23), counts=counts, error=error))
    assert capsys.readouterr().out == line


def test_a_second_try_is_not_promised_to_a_suppressed_address(deployment):
    with SmtpSink() as sink:
        sink.answer("RCPT", "550 5.7.1 not today", "550 5.7.1 nor today")
        deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port})
        deployment("run", "--now", MORNING)
    failed = {
        one["subscriber"]: str(one["id"]) for one in deployment("deliveries", "list", "--json").json["deliveries"]
    }
    assert len(failed) == 2
    suppressed, _ = failed
    suppress(deployment, suppressed)
    said = deployment("deliveries", "retry", *failed.values())
    assert said.out.startswith("1 ready again; ")
    assert f"delivery {failed[suppressed]}: the address is suppressed (bounced)" in said.err


@pytest.mark.parametrize("decision", ["retry", "settle"])
def test_a_delivery_that_there_is_not_is_said_to_be_none(deployment, decision):
    said = deployment("deliveries", decision, "999")
    assert said.code == 2
    assert "there is no delivery 999" in said.err


def test_a_state_that_there_is_not_is_told_plainly(deployment):
    said = deployment("deliveries", "list", "--state", "sentt")
    assert said.code == 2
    assert "'--state': 'sentt' is not one of 'ready'" in said.err


def test_a_suppressed_reader_is_shown_as_one(deployment):
    deployment("run", "--now", MORNING)
    suppress(deployment, ADA)
    assert "active, but suppressed (bounced, since 2026-11-20 20:28 UTC)" in deployment("subscribers", "list").out
    assert "bounced, since 2026-11-20 20:28 UTC" in deployment("subscribers", "show", ADA).out
    assert deployment("subscribers", "show", ADA, "--json").json["suppressed"] == "bounced"
    for command in ("list", "export"):
        listed = deployment("subscribers", command, "--json").json["subscribers"]
        assert [one["suppressed"] for one in listed] == ["bounced", None, None]


def test_an_interest_with_a_weight_is_shown_as_words(deployment):
    interests = ["spiking neural networks", {"text": "continual learning", "weight": 2.0}]
    deployment.write_readers([{"email": ADA, "profile": {"interests": interests}}])
    shown = deployment("subscribers", "show", ADA).out
    assert "spiking neural networks; continual learning (weight 2)" in shown


def test_who_erases_a_reader_of_the_file_hears_of_the_lines_there(deployment):
    deployment("subscribers", "add", "new@example.org")
    assert deployment("subscribers", "erase", "new@example.org", "--yes").out == "erased new@example.org\n"
    said = deployment("subscribers", "erase", ADA, "--yes").out
    assert said == f"erased {ADA}; delete their lines in config/subscribers.yaml too\n"
