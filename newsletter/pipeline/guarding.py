"""What has to be as we left it before a run may send: the database, and the machine's clock."""

from __future__ import annotations

from datetime import timedelta

from newsletter.errors import StorageError
from newsletter.storage import Storage

STALE = (
    "the database is older than the counter beside it: it was restored from a copy, or lost its -wal file, and what "
    "was sent since is forgotten; to send all the same, run once with --confirm-resume"
)
SLIPPED = timedelta(minutes=5)
"""A clock that is behind by more is told of."""
WRONG = timedelta(days=2)
"""One that is behind by more would mail dates that the ledger knows nothing of; a day back, it knows all."""


def guard(storage: Storage, *, confirmed: bool, dry_run: bool) -> tuple[str, ...]:
    """Warnings, where there is anything to tell; StorageError where only the operator can say to go on.

    ``confirmed`` is that word: what stands is taken as it is. A dry run changes nothing.
    """
    if confirmed and not dry_run:
        storage.confirm_resume()
        storage.clock.accept()
    elif not confirmed and storage.snapshot_is_stale():
        raise StorageError(STALE)
    behind = timedelta(0) if dry_run else storage.clock.look()
    if behind > WRONG:
        raise StorageError(
            f"the machine's clock is {behind.days} days behind what this database has seen; set it right, or, if it is "
            "right now, run once with --confirm-resume"
        )
    return (f"the machine's clock went back by {_told(behind)}",) if behind > SLIPPED else ()


def _told(behind: timedelta) -> str:
    hours, minutes = divmod(int(behind.total_seconds()) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
