from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from newsletter.storage import Storage


def test_an_address_is_suppressed_in_every_spelling(storage: Storage, now: datetime) -> None:
    storage.suppressions.add("Ada@Bücher.example", "complaint", at=now)
    assert storage.suppressions.is_suppressed(" ada@xn--bcher-kva.example ")
    assert not storage.suppressions.is_suppressed("bob@bücher.example")


def test_among_gives_the_addresses_as_they_were_asked(storage: Storage, now: datetime) -> None:
    storage.suppressions.add("ada@example.org", "bounce", at=now)
    storage.suppressions.add("eve@example.org", "complaint", at=now)
    asked = ["ADA@example.org", "bob@example.org", "eve@example.org"]
    assert storage.suppressions.among(asked) == {"ADA@example.org", "eve@example.org"}
    assert storage.suppressions.among(asked, reason="bounce") == {"ADA@example.org"}
    assert storage.suppressions.among([]) == set()


def test_reasons_name_the_addresses_as_they_were_asked(storage: Storage, now: datetime) -> None:
    storage.suppressions.add("ada@example.org", "bounced", at=now)
    assert storage.suppressions.reasons(["ADA@example.org", "bob@example.org"]) == {"ADA@example.org": ("bounced", now)}
    assert storage.suppressions.reasons([]) == {}


def test_an_address_counts_once(storage: Storage, now: datetime) -> None:
    storage.suppressions.add("ada@example.org", "bounce", at=now)
    storage.suppressions.add("ADA@example.org", "complaint", at=now)
    assert storage.suppressions.count() == 1
    assert storage.suppressions.among(["ada@example.org"], reason="complaint")


def test_a_suppression_can_be_lifted(storage: Storage, now: datetime) -> None:
    storage.suppressions.add("ada@example.org", "bounce", at=now)
    assert storage.suppressions.remove("Ada@example.org")
    assert not storage.suppressions.remove("ada@example.org")
    assert storage.suppressions.count() == 0


@pytest.mark.parametrize("email", ["no address", "", "ada@" + "x" * 300, "half\ud800@example.org"])
def test_what_is_no_address_can_be_asked(storage: Storage, now: datetime, email: str) -> None:
    storage.suppressions.add(email, "bounce", at=now)
    assert storage.suppressions.is_suppressed(email)


def test_two_databases_hash_differently(storage_url: str, storage: Storage, tmp_path: Path) -> None:
    with Storage.open(f"sqlite:///{tmp_path / 'another.db'}") as other:
        assert other.suppressions.hash("ada@example.org") != storage.suppressions.hash("ada@example.org")
    with Storage.open(storage_url) as again:
        assert again.suppressions.hash("ada@example.org") == storage.suppressions.hash("ada@example.org")
