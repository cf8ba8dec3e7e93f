"""The ledger in an operator's hands: what is listed, what is cut, and what was decided."""

from __future__ import annotations

import pytest

from newsletter.testing import DROP, SmtpSink

MORNING = "2026-11-23T08:00:00Z"


@pytest.fixture
def uncertain(deployment, once):
    """A deployment whose three digests were accepted, and the answers lost."""

    def lose_answers() -> None:
        with SmtpSink() as sink:
            sink.answer("END", DROP, DROP, DROP)
            deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port})
            assert deployment("run", "--json", "--now", MORNING).json["uncertain"] == 3

    once(deployment, lose_answers)
    deployment.write(provider={"kind": "files", "path": "outbox"})
    return deployment


def test_a_list_that_is_cut_says_so(uncertain):
    cut = uncertain("deliveries", "list", "--json", "--limit", "2")
    assert (len(cut.json["deliveries"]), cut.json["total"]) == (2, 3)
    assert "the latest 2 of 3 deliveries; `--limit 0` lists all" in cut.err
    for options in (["--limit", "0"], ["--limit", "0", "--all"], ["--limit", "3"], ["--state", "uncertain"], []):
        whole = uncertain("deliveries", "list", "--json", *options)
        assert (len(whole.json["deliveries"]), whole.json["total"], whole.err) == (3, 3, "")
    none = uncertain("deliveries", "list", "--json", "--state", "failed", "--limit", "0")
    assert (none.json["deliveries"], none.json["total"]) == ([], 0)


def test_status_says_what_to_do_about_what_is_uncertain(uncertain):
    said = uncertain("status").out
    assert "3 uncertain: handed over, and no clear answer came" in said
    assert "deliveries settle" in said
    assert "exit 10" in said
    document = uncertain("status", "--json").json
    assert document["ledger"] == {"uncertain": 3}
    assert (document["last_run"]["exit_code"], document["last_run"]["uncertain"]) == (10, 3)
    assert document["last_run"]["seconds"] > 0


def test_all_that_is_uncertain_is_settled_at_once(uncertain):
    assert uncertain("deliveries", "settle", "--all").out.strip() == "3 settled as sent"
    assert uncertain("status", "--json").json["ledger"] == {"sent": 3}
    assert uncertain("run", "--json", "--now", MORNING).json["already_sent"] == 3
    assert uncertain("deliveries", "settle", "--all").out.strip() == "0 settled as sent"


def test_one_is_settled_as_failed_and_one_is_sent_again(uncertain):
    ids = [str(one["id"]) for one in uncertain("deliveries", "list", "--json").json["deliveries"]]
    assert uncertain("deliveries", "settle", ids[0], "--as", "failed").code == 0
    assert uncertain("deliveries", "retry", ids[1]).code == 0
    again = uncertain("run", "--json", "--now", MORNING).json
    assert (again["sent"], again["already_sent"]) == (1, 1)
    assert uncertain("status", "--json").json["ledger"] == {"sent": 1, "uncertain": 1, "failed": 1}


@pytest.mark.parametrize("arguments", [["settle"], ["settle", "1", "--all"], ["settle", "99"], ["retry", "99"]])
def test_what_cannot_be_decided_is_one_line(uncertain, arguments):
    said = uncertain("deliveries", *arguments)
    assert said.code == 2
    assert len(said.err.splitlines()) == 1


def test_before_the_first_run_there_is_none(deployment):
    document = deployment("status", "--json").json
    assert (document["last_run"], document["ledger"]) == (None, {})
    assert "last run" not in deployment("status").out
