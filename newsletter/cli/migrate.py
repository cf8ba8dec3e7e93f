"""``newsletter migrate``."""

from __future__ import annotations

import typer

from newsletter.cli.context import Context
from newsletter.cli.output import out
from newsletter.scheduling.crew import prepare
from newsletter.storage import Storage


def migrate(ctx: typer.Context) -> None:
    """Bring the database's schema to this version (SQLite does it by itself, after a copy)."""
    context: Context = ctx.obj
    with Storage.open(context.settings.database, migrate=True) as storage:
        out().print(_told(storage), markup=False)
    if prepare(context.settings.database):
        out().print("the tables for the jobs of `newsletter worker` were made")


def _told(storage: Storage) -> str:
    """What was done, if anything."""
    if (done := storage.upgrade) is None:
        return f"the schema was at version {storage.version} already"
    before = f"from version {done.before} " if done.before else ""
    kept = f"; the file as it was before is {done.copy}" if done.copy else ""
    return f"the schema was brought {before}to version {done.after}{kept}"
