from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import IntegrityError

from newsletter.errors import NewsletterError, StorageError, UsageError
from newsletter.model import Entry, EntryChanges, SourceMemory, Subscriber
from newsletter.storage import Storage
from newsletter.storage.failures import POSTGRESQL, SQLITE, explain, explained

NO_ROOM = """
import resource, sys
from datetime import UTC, datetime
from newsletter.errors import StorageError
from newsletter.model import Entry, EntryChanges
from newsletter.storage import Storage

now = datetime(2026, 11, 22, tzinfo=UTC)
storage = Storage.open(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, -1))
saved = 0
try:
    for number in range(100):
        entries = tuple(Entry(title=f"{number}-{n}", summary="x" * 1000) for n in range(100))
        storage.entries.save(EntryChanges(entries=entries), now=now)
        saved += 100
except StorageError as error:
    print(error.exit_code, error)
print(saved > 0, storage.entries.count() == saved)
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
print(storage.check().is_sound)
storage.entries.save(EntryChanges(entries=(Entry(title="room again"),)), now=now)
print(storage.entries.count() == saved + 1)
"""

AS_NOBODY = """
import os, sys
from newsletter.errors import StorageError
from newsletter.model import SourceMemory
from newsletter.storage import Storage

if os.geteuid() == 0:
    os.setuid(65534)
try:
    with Storage.open(sys.argv[1]) as storage:
        print(storage.sources.memories().keys(), storage.check().is_writable)
        storage.sources.save("s", "feed", SourceMemory())
except StorageError as error:
    print(error.exit_code, error)
"""


def run_child(script: str, url: str) -> list[str]:
    """What another process printed, its errors included."""
    # Not measured: who may write nothing cannot write down what was covered either, and says so.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run([sys.executable, "-c", script, url], capture_output=True, text=True, check=False, env=env)
    return (done.stdout + done.stderr).splitlines()


@pytest.fixture
def for_others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that any user can reach, which pytest's own are not."""
    folder = tmp_path_factory.mktemp("others")
    opened = [parent for parent in [folder, *folder.parents] if parent.stat().st_mode & 0o005 != 0o005]
    modes = [parent.stat().st_mode for parent in opened]
    for parent, mode in zip(opened, modes, strict=True):
        parent.chmod(mode | 0o055)
    yield folder
    for parent, mode in zip(opened, modes, strict=True):
        parent.chmod(mode)


def refused(url: str) -> str:
    """The one line with which a database is refused."""
    with pytest.raises(StorageError) as caught:
        Storage.open(url)
    assert caught.value.exit_code == 22
    assert "\n" not in str(caught.value)
    return str(caught.value)


# -- SQLite ------------------------------------------------------------------------------------------------------


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Dear diary, " * 100)
    assert refused(f"sqlite:///{file}").startswith(f"{file}: the file is no SQLite database; check `database`")
    assert file.read_text().startswith("Dear diary")


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "var").touch()
    assert refused(f"sqlite:///{tmp_path}/var/newsletter.db").startswith(f"{tmp_path}/var/newsletter.db: the file ")


def test_a_file_that_is_a_folder(tmp_path: Path) -> None:
    assert "the file cannot be opened" in refused(f"sqlite:///{tmp_path}")


def test_a_database_that_another_program_has_locked(sqlite_url: str) -> None:
    file = make_url(sqlite_url).database
    with Storage.open(f"{sqlite_url}?timeout=0.05") as storage:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="another program has locked the database"):
            storage.sources.save("s", "feed", SourceMemory())
        assert storage.sources.memories() == {}
        other.rollback()
        storage.sources.save("s", "feed", SourceMemory())
        other.close()


def damage(file: Path, pages: slice) -> None:
    """Writes over pages of a database."""
    content = bytearray(file.read_bytes())
    first, last, _ = pages.indices(len(content) // 4096)
    content[first * 4096 : last * 4096] = b"\xff" * (last - first) * 4096
    file.write_bytes(content)


def test_a_database_whose_schema_is_damaged(sqlite_url: str, tmp_path: Path) -> None:
    damage(tmp_path / "newsletter.db", slice(1, None))
    assert "the database is damaged; put back a copy" in refused(sqlite_url)


def test_a_database_with_a_damaged_page(sqlite_url: str, tmp_path: Path, now: datetime) -> None:
    with Storage.open(sqlite_url) as storage:
        entries = tuple(Entry(title=f"{number}", summary="x" * 500) for number in range(200))
        storage.entries.save(EntryChanges(entries=entries), now=now)
    damage(tmp_path / "newsletter.db", slice(-20, -1))
    with Storage.open(sqlite_url) as storage:
        health = storage.check()
        assert health.damage
        assert not health.is_sound
        with pytest.raises(StorageError, match="the database is damaged; put back a copy"):
            storage.entries.history(now, limit=1000)


def test_a_full_disk_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'newsletter.db'}"
    error, *rest = run_child(NO_ROOM, url)
    assert error.startswith(f"22 {tmp_path / 'newsletter.db'}: the disk ")
    assert rest == ["True True", "True", "True"]


def test_a_file_that_may_only_be_read(for_others: Path) -> None:
    url = f"sqlite:///{for_others / 'newsletter.db'}"
    with Storage.open(url) as storage:
        storage.sources.save("s", "feed", SourceMemory())
    (for_others / "newsletter.db").chmod(0o444)
    for_others.chmod(0o555)
    [told] = run_child(AS_NOBODY, url)
    assert told.startswith(f"22 {for_others / 'newsletter.db'}: ")
    assert "may be written" in told or "right to write" in told


def test_a_folder_in_which_nothing_may_be_made(for_others: Path) -> None:
    for_others.chmod(0o555)
    [told] = run_child(AS_NOBODY, f"sqlite:///{for_others / 'var' / 'newsletter.db'}")
    assert told.startswith(f"22 {for_others / 'var' / 'newsletter.db'}: the file cannot be used")


# -- PostgreSQL --------------------------------------------------------------------------------------------------


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    told = refused(f"postgresql://ada:s3cret@/papers?host={tmp_path}")
    assert "the database server cannot be reached" in told
    assert "s3cret" not in told
    assert told.startswith(f"postgresql:///papers?host={tmp_path}: ")


def test_a_server_without_that_database(postgres_server: str) -> None:
    url = make_url(postgres_server).set(database="nowhere").render_as_string()
    assert 'database "nowhere" does not exist' in refused(url)


def test_a_server_without_that_user(postgres_server: str) -> None:
    url = make_url(postgres_server).set(username="mallory").render_as_string()
    assert 'role "mallory" does not exist' in refused(url)


def test_a_server_that_takes_no_writes(emptied_postgres_url: str) -> None:
    with Storage.open(f"{emptied_postgres_url}&options=-c%20default_transaction_read_only%3Don") as storage:
        assert not storage.check().is_writable
        with pytest.raises(StorageError, match="the database server is read-only"):
            storage.sources.save("s", "feed", SourceMemory())


def test_a_session_that_the_server_ends_is_replaced(emptied_postgres_url: str) -> None:
    with Storage.open(emptied_postgres_url) as storage:
        storage.sources.save("s", "feed", SourceMemory())
        with psycopg.connect(emptied_postgres_url, autocommit=True) as other:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            other.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        assert storage.sources.memories().keys() == {"s"}


def test_text_that_postgresql_cannot_hold(emptied_postgres_url: str) -> None:
    with Storage.open(emptied_postgres_url) as storage, pytest.raises(StorageError, match="NUL"):
        storage.subscribers.save(Subscriber(id="", email="ada@example.org", name="a\x00b"))


# -- both --------------------------------------------------------------------------------------------------------


def test_half_a_surrogate_pair_is_bad_input(storage: Storage) -> None:
    with pytest.raises(UsageError, match="this text cannot be stored"):
        storage.subscribers.save(Subscriber(id="", email="ada@example.org", name="\ud800"))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("no url", "this is no database URL"),
        ("mysql://localhost/x", "mysql:// is not supported"),
        ("sqlite+aiosqlite:///x.db", "is not supported"),
        ("postgresql+asyncpg://localhost/x", "is not supported"),
        ("sqlite://", "a file is needed"),
        ("sqlite:///:memory:", "a file is needed"),
        ("sqlite://host/x.db", "a file is needed"),
    ],
)
def test_a_url_that_is_none_of_ours(url: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Storage.open(url)


def test_postgresql_without_its_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match=r"pip install 'newsletter\[postgresql\]'"):
        Storage.open("postgresql://localhost/papers")


def test_a_broken_constraint_is_left_to_who_caused_it(storage: Storage) -> None:
    with pytest.raises(IntegrityError), storage._database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO notes (name) VALUES ('x')")


@pytest.mark.parametrize("code", sorted(POSTGRESQL))
def test_every_state_of_postgresql_has_its_advice(code: str) -> None:
    error = psycopg.OperationalError("what the server said\nand more")
    error.sqlstate = code.ljust(5, "0")
    assert str(explain(error, "db")) == f"db: {POSTGRESQL[code]} (what the server said)"


@pytest.mark.parametrize("name", sorted(SQLITE))
def test_every_code_of_sqlite_has_its_advice(name: str) -> None:
    error = sqlite3.OperationalError("what SQLite said")
    error.sqlite_errorname = f"{name}_EXTENDED"
    assert str(explain(error, "db")) == f"db: {SQLITE[name]} (what SQLite said)"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (sqlite3.OperationalError("near x"), "db: the database refused (near x)"),
        (sqlite3.OperationalError(""), "db: the database refused (OperationalError)"),
        (psycopg.errors.lookup("22P02")("no int"), "db: the database refused (no int)"),
        (psycopg.OperationalError("no route"), f"db: {POSTGRESQL['08']} (no route)"),
        (StorageError("as it is"), "as it is"),
    ],
)
def test_other_errors_are_one_line_too(error: Exception, told: str) -> None:
    assert str(explain(error, "db")) == told


def test_errors_of_files_are_explained() -> None:
    with pytest.raises(NewsletterError, match="db: the file cannot be used"), explained("db"):
        Path("/no/such/file").stat()
