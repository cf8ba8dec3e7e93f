from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.errors import StorageError
from newsletter.model import Delivery
from newsletter.storage import Storage

Plan = Callable[..., None]
Lease = Callable[..., tuple[Delivery, ...]]


def hand_all(storage: Storage, lease: Lease, *, groups_of: int) -> None:
    while leased := lease(limit=groups_of):
        storage.deliveries.hand(leased, owner="a", bodies={})


@pytest.fixture
def counter(tmp_path: Path) -> Path:
    """The file beside the SQLite database."""
    return tmp_path / "newsletter.db.counter"


@pytest.fixture
def storage_url(sqlite_url: str) -> str:
    """These tests are of SQLite files."""
    return sqlite_url


def test_a_database_that_never_sent_is_not_stale(storage: Storage, counter: Path) -> None:
    assert not storage.snapshot_is_stale()
    assert not counter.exists()


def test_every_hand_over_is_counted_beside_the_database(
    storage: Storage, plan: Plan, lease: Lease, counter: Path
) -> None:
    plan("ada", "bob", "eve")
    hand_all(storage, lease, groups_of=2)
    assert int(counter.read_text()) == 2
    assert stat.S_IMODE(counter.stat().st_mode) == 0o600
    assert not storage.snapshot_is_stale()


def test_handing_over_nothing_is_not_counted(storage: Storage, plan: Plan, lease: Lease, counter: Path) -> None:
    plan("ada")
    leased = lease()
    storage.deliveries.hand(leased, owner="another", bodies={})
    assert not counter.exists()


def test_a_copy_that_is_put_back_is_stale_until_confirmed(
    storage: Storage, plan: Plan, lease: Lease, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    plan("ada", "bob")
    storage.check()
    with storage._database.bare() as driver:
        driver.execute(f"VACUUM INTO '{copy}'")
    hand_all(storage, lease, groups_of=1)
    storage.close()
    for old in tmp_path.glob("newsletter.db-*"):
        old.unlink()
    shutil.copy(copy, tmp_path / "newsletter.db")
    with Storage.open(f"sqlite:///{tmp_path / 'newsletter.db'}") as restored:
        assert restored.snapshot_is_stale()
        restored.confirm_resume()
        assert not restored.snapshot_is_stale()
        [first, _] = restored.deliveries.find()
        assert first.attempt == 0
    with Storage.open(f"sqlite:///{tmp_path / 'newsletter.db'}") as again:
        assert not again.snapshot_is_stale()


def test_a_new_database_beside_an_old_counter_is_stale(storage: Storage, counter: Path) -> None:
    counter.write_text("00000000000000000007")
    assert storage.snapshot_is_stale()


def test_a_counter_that_was_lost_stops_nobody(storage: Storage, plan: Plan, lease: Lease, counter: Path) -> None:
    plan("ada", "bob")
    hand_all(storage, lease, groups_of=1)
    counter.unlink()
    assert not storage.snapshot_is_stale()


def test_a_counter_that_is_no_number_is_named(storage: Storage, counter: Path) -> None:
    counter.write_text("seven")
    with pytest.raises(StorageError, match="counter: expected a number; delete the file if"):
        storage.snapshot_is_stale()


def test_a_counter_that_cannot_be_written_is_named(storage: Storage, plan: Plan, lease: Lease, counter: Path) -> None:
    counter.mkdir()
    plan("ada")
    with pytest.raises(StorageError, match="counter: the file cannot be used"):
        hand_all(storage, lease, groups_of=1)


def test_postgresql_counts_nothing(emptied_postgres_url: str) -> None:
    with Storage.open(emptied_postgres_url) as storage:
        assert not storage.snapshot_is_stale()
        storage.confirm_resume()
        assert not storage.snapshot_is_stale()
