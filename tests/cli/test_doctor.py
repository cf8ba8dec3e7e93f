"""What doctor makes of a database and of the disk that it lies on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.cli.doctor import judge_database
from newsletter.errors import StorageError
from newsletter.storage import Health

WELL = Health(
    place="var/newsletter.db",
    engine="SQLite 3.40.1",
    revision="0007",
    size_bytes=1_200_000,
    journal="wal, synchronous FULL",
    refusal=None,
    free_bytes=10_000_000,
    damage=(),
)


@pytest.mark.parametrize("free", [10_000_000, None])
def test_a_database_with_room_is_well(free):
    check = judge_database(replace(WELL, free_bytes=free), is_stale=False)
    assert (check.health, check.detail) == ("ok", "SQLite 3.40.1, schema 0007, 1.2 MB, wal, synchronous FULL")


def test_a_disk_that_is_nearly_full_is_a_warning():
    check = judge_database(replace(WELL, free_bytes=9_900_000), is_stale=False)
    assert (check.health, check.exit_code) == ("warning", 0)
    assert check.detail.startswith("the disk is nearly full: 9.9 MB free; SQLite")


@pytest.mark.parametrize(
    ("health", "is_stale", "words"),
    [
        (replace(WELL, refusal="the disk is full"), False, "^the disk is full$"),
        (replace(WELL, damage=("page 3",), free_bytes=0), False, r"the database is damaged; .*\(page 3\)"),
        (WELL, True, "--confirm-resume"),
    ],
)
def test_a_database_that_a_run_could_not_use_is_an_error(health, is_stale, words):
    with pytest.raises(StorageError, match=words):
        judge_database(health, is_stale=is_stale)
