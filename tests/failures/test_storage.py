"""Storage that fails under a run: it stops before it sends what it cannot record, says so, and goes on once mended.

The truth is what a real mail server accepted.
"""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from product import Deployment, Said, deploy

from benchmarks.faults.child import start_command
from newsletter.testing import STALL, SmtpSink

MORNING = "2026-11-23T08:00:00Z"
READERS = [f"reader{number}@example.org" for number in range(45)]
NOBODY = 65534
UNLOCKED = "sqlite:///var/newsletter.db"
LOCKED = f"{UNLOCKED}?timeout=0.2"
"""For a database that somebody keeps locked: no run waits long for it."""


class Server(SmtpSink):
    """A mail server whose behaviour changes while it runs."""

    def __init__(self) -> None:
        self.behave: Callable[[str, str], str | None] | None = None
        super().__init__(lambda step, argument: self.behave(step, argument) if self.behave else None)


@pytest.fixture
def sink() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def mailing(deployment: Deployment, sink: Server, once: Callable[..., None]) -> Deployment:
    """45 readers, and papers that are stored already."""
    once(deployment, lambda: fill(deployment))
    return connect(deployment, sink)


def set_up(deployment: Deployment, sink: Server) -> Deployment:
    fill(deployment)
    return connect(deployment, sink)


def fill(deployment: Deployment) -> None:
    deployment.write_readers([{"email": address} for address in READERS])
    assert deployment("fetch", "--now", MORNING).code == 0


def connect(deployment: Deployment, sink: Server) -> Deployment:
    deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port}, retention={"messages": "1d"})
    return deployment


def in_a_process(deployment: Deployment, *arguments: str, limit: int = -1, user: int | None = None) -> Said:
    """The command in a process that may write no file beyond ``limit`` bytes, or is another user's."""
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder) / "printed.out"
        command = ["--config", str(deployment.folder / "config"), *arguments]
        process = start_command(command, printed, user=user, file_bytes=limit)
        process.join()
        return Said(process.exitcode, printed.read_text(), printed.with_suffix(".err").read_text())


def database(deployment: Deployment) -> Path:
    return deployment.folder / "var" / "newsletter.db"


def refused(said: Said, *words: str) -> None:
    """It ended with 22, in one clear line, and in the document too."""
    assert said.code == 22, said
    [line] = said.err.strip().splitlines()
    assert line.startswith("newsletter: ")
    for word in words:
        assert word in line
    if said.out:
        assert said.json["exit_code"] == 22


def diagnosed(deployment: Deployment, *words: str) -> None:
    """``doctor`` says the same of the database, and blames nobody else."""
    said = deployment("doctor", "--json")
    assert said.code == 22
    assert [one["name"] for one in said.json["checks"] if one["health"] == "failed"] == ["database"]
    [check] = [one for one in said.json["checks"] if one["name"] == "database"]
    assert check["health"] == "failed"
    for word in words:
        assert word in check["detail"]


def none_lost_none_doubled(deployment: Deployment, sink: Server) -> dict[str, int]:
    """After another run every reader has one mail, or is on the list of the uncertain; the ledger by state."""
    after = deployment("run", "--json", "--now", MORNING)
    assert after.code in {0, 10}, after
    had = Counter(message.recipient for message in sink.messages)
    assert set(had.values()) == {1}
    listed = deployment("deliveries", "list", "--state", "uncertain", "--json").json["deliveries"]
    uncertain = {one["subscriber"] for one in listed}
    assert set(READERS) - set(had) <= uncertain
    assert len(uncertain) <= 20
    ledger = deployment("status", "--json").json["ledger"]
    assert sum(ledger.values()) == len(READERS)
    return ledger


@pytest.mark.parametrize("limit", [40_000, 120_000, 200_000, 300_000, 400_000, 500_000])
def test_a_disk_that_is_full_at_any_moment(mailing, sink, limit):
    said = in_a_process(mailing, "run", "--json", "--now", MORNING, limit=limit)
    if said.code:
        refused(said, "the disk")
    recorded = mailing("status", "--json").json["ledger"].get("sent", 0)
    assert len(sink.messages) - recorded <= 20
    assert none_lost_none_doubled(mailing, sink).get("sent", 0) >= len(READERS) - 20


def test_a_disk_too_full_for_anything_is_named_by_doctor(mailing, sink):
    said = in_a_process(mailing, "run", "--json", "--now", MORNING, limit=4096)
    refused(said, "the disk")
    assert sink.messages == []
    checked = in_a_process(mailing, "doctor", "--json", limit=4096)
    assert checked.code == 22
    assert "the disk" in next(one["detail"] for one in checked.json["checks"] if one["name"] == "database")
    assert none_lost_none_doubled(mailing, sink) == {"sent": len(READERS)}


def test_a_database_that_somebody_keeps_locked(mailing, sink):
    mailing.write(database=LOCKED)
    other = sqlite3.connect(database(mailing), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    refused(mailing("run", "--json", "--now", MORNING), "locked the database", "run again")
    diagnosed(mailing, "locked the database")
    assert sink.messages == []
    other.rollback()
    other.close()
    mailing.write(database=UNLOCKED)
    assert none_lost_none_doubled(mailing, sink) == {"sent": len(READERS)}


def test_a_database_that_is_locked_in_the_middle_of_sending(mailing, sink):
    """What was accepted while nothing could be written is uncertain, and never sent again by itself."""
    mailing.write(database=LOCKED)
    other = sqlite3.connect(database(mailing), isolation_level=None, check_same_thread=False)

    def lock_it(step: str, _argument: str) -> None:
        if step == "END" and len(sink.messages) == 5:
            other.execute("BEGIN IMMEDIATE")

    sink.behave = lock_it
    refused(mailing("run", "--json", "--now", MORNING), "locked the database")
    assert len(sink.messages) == 20
    other.rollback()
    other.close()
    sink.behave = None
    mailing.write(database=UNLOCKED)
    assert none_lost_none_doubled(mailing, sink) == {"sent": 25, "uncertain": 20}


@pytest.fixture
def of_others(sink: Server) -> Iterator[Deployment]:
    """A deployment in a folder that any user can reach, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="newsletter-"))
    folder.chmod(0o755)
    yield set_up(deploy(folder), sink)
    shutil.rmtree(folder)


def test_a_file_and_a_folder_that_may_only_be_read(of_others, sink):
    file = database(of_others)
    for path, mode in [(file, 0o444), (file.parent, 0o555), (of_others.folder, 0o555)]:
        path.chmod(mode)
    said = in_a_process(of_others, "run", "--json", "--now", MORNING, user=NOBODY)
    refused(said, str(file), "right to write" if "right to write" in said.err else "may be written")
    checked = in_a_process(of_others, "doctor", "--json", user=NOBODY)
    assert checked.json["checks"], checked
    assert "write" in next(one["detail"] for one in checked.json["checks"] if one["name"] == "database")
    assert sink.messages == []
    for path, mode in [(of_others.folder, 0o755), (file.parent, 0o755), (file, 0o600)]:
        path.chmod(mode)
    assert none_lost_none_doubled(of_others, sink) == {"sent": len(READERS)}


def test_a_page_that_is_damaged(mailing, sink):
    file = database(mailing)
    whole = file.read_bytes()
    page = sqlite3.connect(file).execute("SELECT rootpage FROM sqlite_schema WHERE name = 'deliveries'").fetchone()[0]
    file.write_bytes(whole[: (page - 1) * 4096] + b"\xff" * 4096 + whole[page * 4096 :])
    refused(mailing("run", "--json", "--now", MORNING), "the database is damaged", "put back a copy")
    diagnosed(mailing, "the database is damaged", "put back a copy")
    assert sink.messages == []
    file.write_bytes(whole)
    assert none_lost_none_doubled(mailing, sink) == {"sent": len(READERS)}


def test_a_log_that_is_gone_after_a_crash(mailing, sink):
    """Killed while a group is under way, its log deleted: what was sent is forgotten, and nothing goes out unasked."""
    seen: list[int] = []

    def stall(step: str, _argument: str) -> str | None:
        if step == "END" and len(sink.messages) == 20:
            seen.append(1)
            return STALL
        return None

    sink.behave = stall
    command = [sys.executable, "-m", "newsletter", "--config", str(mailing.folder / "config"), "run", "--now", MORNING]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/") as process:
        while not seen:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    sink.behave = None
    accepted = len(sink.messages)
    log = database(mailing).with_name("newsletter.db-wal")
    kept = log.read_bytes()
    log.unlink()
    refused(mailing("run", "--json", "--now", MORNING), "-wal", "--confirm-resume")
    diagnosed(mailing, "-wal", "--confirm-resume")
    assert len(sink.messages) == accepted
    for name in ("newsletter.db-wal", "newsletter.db-shm"):
        database(mailing).with_name(name).unlink(missing_ok=True)
    log.write_bytes(kept)  # it was found again
    assert none_lost_none_doubled(mailing, sink) == {"sent": 25, "uncertain": 20}


def test_a_database_that_was_deleted_under_its_counter(mailing, sink):
    assert mailing("run", "--json", "--now", MORNING).json["sent"] == len(READERS)
    for file in database(mailing).parent.glob("newsletter.db*"):
        if not file.name.endswith(".counter"):
            file.unlink()
    refused(mailing("run", "--json", "--now", MORNING), "--confirm-resume")
    assert len(sink.messages) == len(READERS)


def test_a_schema_of_a_later_version(mailing, sink):
    with sqlite3.connect(database(mailing)) as connection:
        [[head]] = connection.execute("SELECT version_num FROM newsletter_schema").fetchall()
        connection.execute("UPDATE newsletter_schema SET version_num = '9999'")
    refused(mailing("run", "--json", "--now", MORNING), "newer version (9999", "upgrade newsletter")
    diagnosed(mailing, "newer version", "upgrade newsletter")
    with sqlite3.connect(database(mailing)) as connection:
        connection.execute("UPDATE newsletter_schema SET version_num = ?", (head,))
    assert none_lost_none_doubled(mailing, sink) == {"sent": len(READERS)}


def test_a_postgresql_database_without_its_schema(deployment, sink, postgres_url):
    deployment.write(database=postgres_url)
    refused(deployment("run", "--json", "--now", MORNING), "run `newsletter migrate`")
    diagnosed(deployment, "run `newsletter migrate`")
    assert deployment("migrate").code == 0
    set_up(deployment, sink)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("ALTER TABLE runs RENAME TO elsewhere")
    refused(deployment("run", "--json", "--now", MORNING), "lacks a table", "run `newsletter migrate`")
    assert sink.messages == []
    with psycopg.connect(postgres_url) as connection:
        connection.execute("ALTER TABLE elsewhere RENAME TO runs")
    assert none_lost_none_doubled(deployment, sink) == {"sent": len(READERS)}


def test_a_log_line_and_a_document_say_the_same(mailing):
    mailing.write(database=LOCKED)
    other = sqlite3.connect(database(mailing), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    said = mailing("--log-format", "json", "run", "--json", "--now", MORNING)
    other.close()
    [run] = [line for line in map(json.loads, said.err.splitlines()) if line.get("event") == "run"]
    assert (run["exit_code"], run["error"]) == (22, said.json["error"])
