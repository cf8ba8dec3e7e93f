from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from newsletter.errors import LockHeld
from newsletter.storage import Storage

HOLD = """
import sys
from newsletter.storage import Storage

with Storage.open(sys.argv[1]) as storage, storage.lock():
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process has the lock."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout.readline() == "held\n"
        yield child


def test_the_lock_is_held_once(storage: Storage) -> None:
    with storage.lock() as lock:
        assert lock.is_held()
        with pytest.raises(LockHeld), storage.lock():
            pytest.fail("two have the lock")
    with storage.lock() as lock:
        assert lock.is_held()


def test_the_lock_is_given_back_after_an_error(storage: Storage) -> None:
    with pytest.raises(ZeroDivisionError), storage.lock():
        raise ZeroDivisionError
    with storage.lock() as lock:
        assert lock.is_held()


def test_the_lock_keeps_nobody_from_writing(storage: Storage, plan: object) -> None:
    with storage.lock():
        plan("ada")
    assert len(storage.deliveries.find()) == 1


def test_the_lock_holds_between_processes_and_dies_with_its_own(storage_url: str) -> None:
    with Storage.open(storage_url) as storage:
        with held_elsewhere(storage_url) as child:
            with pytest.raises(LockHeld) as caught, storage.lock():
                pytest.fail("two have the lock")
            assert caught.value.exit_code == 12
            if storage_url.startswith("sqlite"):
                assert re.search(rf"another run is at work \(process {child.pid}, .*\.lock\)", str(caught.value))
            child.send_signal(signal.SIGKILL)
        wait_until_free(storage)


def wait_until_free(storage: Storage) -> None:
    """PostgreSQL notices a dead client a moment after it died; a lock that stays is a test that hangs."""
    while True:
        try:
            with storage.lock() as lock:
                assert lock.is_held()
                return
        except LockHeld:
            continue


def test_a_lock_is_lost_with_its_connection(emptied_postgres_url: str) -> None:
    with Storage.open(emptied_postgres_url) as storage, storage.lock() as lock:
        assert lock.is_held()
        with psycopg.connect(emptied_postgres_url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        assert not lock.is_held()
        assert not lock.is_held()
        with storage.lock() as another:
            assert another.is_held()
