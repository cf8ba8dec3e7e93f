from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from newsletter.storage import Storage
from newsletter.storage.schema import HEAD


def test_a_sqlite_file_is_examined(sqlite_url: str, tmp_path: Path) -> None:
    with Storage.open(sqlite_url) as storage:
        health = storage.check()
    assert health.place == str(tmp_path / "newsletter.db")
    assert health.engine.startswith("SQLite 3.")
    assert (health.revision, health.journal) == (HEAD, "wal, synchronous FULL")
    assert health.size_bytes > 4096
    assert health.free_bytes == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.5)
    assert health.is_writable
    assert health.is_sound


def test_durability_is_of_the_callers_choice(sqlite_url: str) -> None:
    with Storage.open(sqlite_url, durability="process") as storage:
        assert storage.check().journal == "wal, synchronous NORMAL"


def test_a_postgresql_database_is_examined(emptied_postgres_url: str) -> None:
    with Storage.open(emptied_postgres_url) as storage:
        health = storage.check()
    assert health.engine.startswith("PostgreSQL ")
    assert health.journal == "synchronous_commit on"
    assert health.size_bytes > 4096
    assert health.is_sound


def test_a_database_that_is_locked_is_not_writable(sqlite_url: str) -> None:
    with Storage.open(f"{sqlite_url}?timeout=0.05") as storage, Storage.open(sqlite_url) as other:
        with other._database.writing():
            health = storage.check()
        assert not health.is_writable
        assert not health.is_sound
        assert "another program has locked the database" in str(health.refusal)
        assert storage.check().is_sound


def test_rows_without_a_parent_are_damage(sqlite_url: str) -> None:
    with Storage.open(sqlite_url) as storage:
        with storage._database.bare() as driver:
            driver.execute("PRAGMA foreign_keys = OFF")
            driver.execute("INSERT INTO entry_keys VALUES ('key', 'nobody')")
        assert storage.check().damage == ("entry_keys: row 1 has no parent",)


@pytest.mark.parametrize("url", ["postgresql://", "postgres://", "postgresql+psycopg://"])
def test_all_spellings_of_postgresql_are_understood(emptied_postgres_url: str, url: str) -> None:
    with Storage.open(emptied_postgres_url.replace("postgresql://", url)) as storage:
        assert storage.check().is_writable
