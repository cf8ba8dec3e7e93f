"""Addresses that are not mailed: why, and what an operator can do about it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from product import MORNING, Deployment

from newsletter.config import load
from newsletter.storage import Storage

ADA = "ada@example.org"


@pytest.fixture
def suppressed(deployment: Deployment) -> Deployment:
    """Ada's mail bounced; somebody who is no reader was erased."""
    deployment.write_plain_look()
    deployment("run", "--now", MORNING, "--dry-run")
    with storage_of(deployment) as storage:
        storage.suppressions.add(ADA, "bounced", at=datetime(2026, 11, 20, 8, tzinfo=UTC))
        storage.suppressions.add("gone@example.org", "erased", at=datetime(2026, 11, 21, 8, tzinfo=UTC))
    return deployment


def storage_of(deployment: Deployment) -> Storage:
    return Storage.open(load(deployment.folder / "config", environ={}).database)


def test_what_is_suppressed_is_listed_with_its_reason(suppressed: Deployment) -> None:
    said = suppressed("suppressions", "list")
    assert "2 addresses: 1 bounced, 1 erased" in said.out
    assert suppressed("suppressions", "list", "--json").json["reasons"] == {"bounced": 1, "erased": 1}


def test_nothing_suppressed_is_told(deployment: Deployment) -> None:
    assert deployment("suppressions", "list").out == "no address is suppressed\n"


def test_a_lifted_address_is_mailed_again(suppressed: Deployment) -> None:
    assert suppressed("run", "--now", MORNING, "--json").json["suppressed"] == 1
    listed = suppressed("suppressions", "list", "--json").json["readers"]
    assert [(one["subscriber"], one["reason"]) for one in listed] == [(ADA, "bounced")]
    said = suppressed("suppressions", "lift", "Ada@Example.org", "--yes")
    assert said.code == 0
    assert "Ada@Example.org: bounced, since" in said.out
    assert "the next mail suppresses it again" in said.out
    assert "mail starts with the next run" in said.out
    assert suppressed("run", "--now", "2026-11-24T08:00:00Z", "--json").json["suppressed"] == 0


def test_who_has_left_stays_away(suppressed: Deployment) -> None:
    suppressed("subscribers", "leave", ADA)
    assert "the reader is left, so that no mail goes there yet" in suppressed("suppressions", "lift", ADA, "--yes").out


def test_lifting_says_what_it_means_and_asks(suppressed: Deployment) -> None:
    said = suppressed("suppressions", "lift", "gone@example.org")
    assert "somebody there asked to be forgotten" in said.out
    assert said.code != 0
    with storage_of(suppressed) as storage:
        assert storage.suppressions.is_suppressed("gone@example.org")
    assert "no reader has this address" in suppressed("suppressions", "lift", "gone@example.org", "--yes").out


def test_what_is_not_suppressed_cannot_be_lifted(suppressed: Deployment) -> None:
    said = suppressed("suppressions", "lift", "bob@example.org", "--yes")
    assert (said.code, said.out) == (2, "")
    assert "bob@example.org: is not suppressed" in said.err
