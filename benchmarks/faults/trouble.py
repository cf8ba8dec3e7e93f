"""T13: the disk is full, the database read-only, locked, without its log or damaged, while the main job runs."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from benchmarks.faults.child import at_once
from benchmarks.faults.deployment import Deployment, deploy
from benchmarks.faults.kills import mailed
from benchmarks.faults.rows import GROUP, Row, add_up, judge, read_ledger
from benchmarks.faults.world import addresses, let_time_pass
from newsletter.testing import SmtpSink

STORAGE = 22
NOBODY = 65534
PAGE = 4096
TMPFS_BYTES = 64_000_000
LEAST_ROOM_BYTES = 20_000
ROOM_A_READER_BYTES = 12_000
OPEN_MODE = 0o755


def break_the_disk(*, readers: int, sizes: int) -> Iterator[Row]:
    """A row a fault; ``sizes``: how many different amounts of room there are before the disk is full."""
    yield _limit_files(readers, sizes)
    yield _fill_a_disk(readers, sizes)
    yield _apart("T13 read-only", readers, _make_read_only)
    yield _apart("T13 locked", readers, _lock_it)
    yield _apart("T13 log deleted", readers, _delete_the_log)
    yield _apart("T13 page damaged", readers, _damage_a_page)


def _apart(name: str, readers: int, fault: Callable[[Path, int], Row]) -> Row:
    with open_folder() as folder:
        return replace(fault(folder, readers), scenario=name)


@contextmanager
def open_folder() -> Iterator[Path]:
    """One that any user can reach."""
    with tempfile.TemporaryDirectory(prefix="newsletter-faults-") as folder:
        Path(folder).chmod(OPEN_MODE)
        yield Path(folder)


def _told(deployment: Deployment, sink: SmtpSink, readers: int, name: str, **how: Any) -> Row:
    return judge(name, read_ledger(deployment.url), mailed(sink), eligible=addresses(readers), **how)


def _recover(deployment: Deployment) -> int:
    """Runs until nothing waits; the last exit code."""
    code = 0
    for _ in range(4):
        code, _said = deployment.run()
        if code in (0, 10):
            break
        with suppress(Exception):
            let_time_pass(deployment.url)
    return code


def _examine(deployment: Deployment, **how: Any) -> str:
    """What ``doctor`` says is wrong with the database; nothing where it is well."""
    _, printed, _ = deployment.command("doctor", "--json", **how)
    checks = json.loads(printed)["checks"] if printed else []
    return next((one["detail"] for one in checks if one["name"] == "database" and one["health"] == "failed"), "")


def _mend(
    deployment: Deployment,
    sink: SmtpSink,
    readers: int,
    *,
    name: str,
    mend: Callable[[], object],
    stopped: tuple[int, object],
) -> Row:
    """What became of the mail after a run that could send nothing, once what was wrong is mended."""
    code, said = stopped
    none = not mailed(sink)
    mend()
    after = _recover(deployment)
    return _told(deployment, sink, readers, name).with_checks(
        it_says_22=code == STORAGE,
        nothing_was_sent=none,
        the_error_is_one_line="Traceback" not in str(said),
        then_it_ends=after == 0,
    )


# -- no room -------------------------------------------------------------------------------------------------------


def _limit_files(readers: int, sizes: int) -> Row:
    """No file may grow beyond a size: each time another one, from too little to begin with to nearly enough."""
    rows = at_once(_limit, [(readers, number, sizes) for number in range(sizes)])
    stopped = sum(row.kills for row in rows)
    row = add_up("T13 RLIMIT_FSIZE", [replace(row, kills=0) for row in rows])
    return replace(row, remark=f"{sizes} sizes, {stopped} runs stopped with 22").with_checks(
        some_were_stopped=stopped > 0
    )


def _limit(readers: int, number: int, sizes: int) -> Row:
    with open_folder() as folder, SmtpSink() as sink:
        deployment = deploy(folder, sink, readers=readers)
        deployment.command("fetch", "--now", "2026-11-23T07:00:00Z")
        room = _room(readers, number, sizes)
        code, _ = deployment.run(file_bytes=room)
        after = _recover(deployment)
        row = _told(deployment, sink, readers, f"{room} bytes", at_stake=GROUP)
    return replace(row, kills=int(code == STORAGE)).with_checks(
        it_ends_or_says_22=code in (0, STORAGE), then_it_ends=after in (0, 10)
    )


def _room(readers: int, number: int, sizes: int) -> int:
    """Bytes: from too little to begin with to nearly enough."""
    return LEAST_ROOM_BYTES + number * readers * ROOM_A_READER_BYTES // sizes


def _fill_a_disk(readers: int, sizes: int) -> Row:
    """The same on a small file system of memory that something else has filled."""
    if os.geteuid() != 0:
        return Row(scenario="T13 full tmpfs", remark="left out: only root may mount one")
    rows = []
    for number in range(sizes):
        with open_folder() as folder, _mounted(folder / "disk") as disk, SmtpSink() as sink:
            if disk is None:
                return Row(scenario="T13 full tmpfs", remark="left out: none could be mounted")
            rows.append(_fill(folder, disk, sink, readers=readers, room=_room(readers, number, sizes)))
    stopped = sum(row.kills for row in rows)
    row = add_up("T13 full tmpfs", [replace(row, kills=0) for row in rows])
    return replace(row, remark=f"64 MB, {sizes} amounts of room, {stopped} runs stopped with 22")


def _fill(folder: Path, disk: Path, sink: SmtpSink, *, readers: int, room: int) -> Row:
    deployment = deploy(folder, sink, readers=readers, database=disk / "newsletter.db")
    deployment.command("fetch", "--now", "2026-11-23T07:00:00Z")
    filler = disk / "filler"
    filler.write_bytes(b"\0" * (shutil.disk_usage(disk).free - room))
    code, _ = deployment.run()
    said = _examine(deployment)
    filler.unlink()
    after = _recover(deployment)
    row = _told(deployment, sink, readers, f"{room} bytes", at_stake=GROUP)
    return replace(row, kills=int(code == STORAGE)).with_checks(
        it_ends_or_says_22=code in (0, STORAGE),
        doctor_names_nothing_else=not said or "disk" in said,
        then_it_ends=after in (0, 10),
    )


@contextmanager
def _mounted(folder: Path) -> Iterator[Path | None]:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        yield None
        return
    folder.chmod(OPEN_MODE)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


# -- not to be written ---------------------------------------------------------------------------------------------


def _make_read_only(folder: Path, readers: int) -> Row:
    """By a user who may only read it."""
    user = NOBODY if os.geteuid() == 0 else None
    with SmtpSink() as sink:
        deployment = deploy(folder, sink, readers=readers)
        deployment.command("fetch")
        (folder / ".env").unlink()
        modes = {file: file.stat().st_mode for file in (deployment.database, deployment.database.parent)}
        deployment.database.chmod(0o444)
        deployment.database.parent.chmod(0o555)

        def make_writable() -> None:
            for file, mode in modes.items():
                file.chmod(mode)

        stopped, told = deployment.run(user=user), _examine(deployment, user=user)
        row = _mend(deployment, sink, readers, name="read-only", mend=make_writable, stopped=stopped)
    return row.with_checks(doctor_names_it="cannot be written" in told)


class AtNth:
    """The script of a sink: does something once, when so many messages have come to their end."""

    def __init__(self, nth: int, act: Callable[[], object]) -> None:
        self._left, self._act, self._lock = nth, act, Lock()

    def __call__(self, step: str, argument: str) -> None:
        if step == "END":
            with self._lock:
                self._left -= 1
                if self._left == 0:
                    self._act()


def _lock_it(folder: Path, readers: int) -> Row:
    """Another program locks it before the run, and another time in the middle of it."""
    holder: list[sqlite3.Connection] = []
    database = folder / "var" / "newsletter.db"

    def lock() -> None:
        holder.append(sqlite3.connect(database, isolation_level=None, timeout=10, check_same_thread=False))
        holder[-1].execute("BEGIN IMMEDIATE")

    with SmtpSink(AtNth(readers // 2, lock)) as sink:
        deployment = deploy(folder, sink, readers=readers, busy_seconds=0.3)
        deployment.command("fetch")
        lock()
        before, _ = deployment.run()
        told = _examine(deployment)
        none = not mailed(sink)
        holder.pop().close()
        inside, _ = deployment.run()
        while holder:
            holder.pop().close()
        after = _recover(deployment)
        row = _told(deployment, sink, readers, "locked", at_stake=GROUP)
    return replace(row, remark="before the run, and inside of it").with_checks(
        it_says_22=before == STORAGE,
        nothing_was_sent=none,
        doctor_names_it="locked" in told,
        it_says_22_in_the_middle=inside == STORAGE,
        then_it_ends=after in (0, 10),
    )


# -- damaged -------------------------------------------------------------------------------------------------------


def _delete_the_log(folder: Path, readers: int) -> Row:
    """SQLite's log is unlinked while the run writes to it; what was in it may be gone, and must not be sent again."""
    database = folder / "var" / "newsletter.db"

    def unlink() -> None:
        for suffix in ("-wal", "-shm"):
            database.with_name(database.name + suffix).unlink(missing_ok=True)

    with SmtpSink(AtNth(readers // 2, unlink)) as sink:
        deployment = deploy(folder, sink, readers=readers)
        deployment.command("fetch")
        inside, _ = deployment.run()
        after, said = deployment.run()
        sent = len(mailed(sink))
        again, _ = deployment.run()
        row = _told(deployment, sink, readers, "log deleted", at_stake=GROUP, may_wait=True)
        still = len(mailed(sink))
    return replace(row, remark=f"exit codes {inside}, then {after}").with_checks(
        the_next_run_says_so_or_has_nothing_to_do=after in (0, 10, STORAGE),
        nobody_is_mailed_by_later_runs=sent == still,
        later_runs_say_the_same=again in (after, 0),
        the_error_is_one_line="Traceback" not in str(said),
    )


def _damage_a_page(folder: Path, readers: int) -> Row:
    """Pages are overwritten between two runs; a copy from before is put back."""
    with SmtpSink() as sink:
        deployment = deploy(folder, sink, readers=readers)
        deployment.command("fetch")
        copy = folder / "copy.db"
        with sqlite3.connect(deployment.database) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(deployment.database, copy)
        size = copy.stat().st_size
        with deployment.database.open("r+b") as file:
            file.seek(PAGE)
            file.write(b"\xff" * (size - PAGE))
        stopped, told = deployment.run(), _examine(deployment)
        put_back = partial(shutil.copy, copy, deployment.database)
        row = _mend(deployment, sink, readers, name="damaged", mend=put_back, stopped=stopped)
    return row.with_checks(doctor_names_it="damaged" in told)
