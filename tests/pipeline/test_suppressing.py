"""A run passes over addresses that must not be mailed, and says so once a date."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newsletter.storage import Storage

MORNING = "2026-11-23T08:00:00Z"


@pytest.fixture
def without_ben(deployment):
    deployment("run", "--dry-run", "--now", MORNING)
    deployment("subscribers", "pause", "ben@example.org")
    deployment("subscribers", "resume", "ben@example.org")
    with Storage.open(f"sqlite:///{deployment.folder}/var/newsletter.db") as storage:
        storage.suppressions.add("BEN@example.org", "complained", at=datetime.now(UTC))
    return deployment


def test_a_suppressed_reader_is_counted_once_and_gets_nothing(without_ben):
    first = without_ben("run", "--json", "--now", MORNING).json
    assert (first["due"], first["sent"], first["suppressed"]) == (3, 2, 1)
    second = without_ben("run", "--json", "--now", MORNING).json
    assert (second["due"], second["already_sent"], second["suppressed"]) == (2, 2, 0)
    assert {mail["To"] for mail in without_ben.mails()} == {"ada@example.org", "eve@example.org"}
    [row] = without_ben("deliveries", "list", "--state", "suppressed", "--json").json["deliveries"]
    assert row["subscriber"] == "ben@example.org"
    assert "suppressed" in row["error"]


def test_a_dry_run_does_not_count_a_suppressed_reader_among_those_who_would_get_mail(without_ben):
    assert without_ben("run", "--dry-run", "--json", "--now", MORNING).json["due"] == 2
    assert without_ben("status", "--json").json["ledger"] == {}


def test_the_next_date_says_it_again(without_ben):
    without_ben("run", "--now", MORNING)
    assert without_ben("run", "--json", "--now", "2026-11-24T08:00:00Z").json["suppressed"] == 1
