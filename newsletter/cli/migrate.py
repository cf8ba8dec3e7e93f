"""``newsletter migrate``."""

from __future__ import annotations

import typer

from newsletter.cli.context import Context
from newsletter.cli.output import out
from newsletter.storage import Storage


def migrate(ctx: typer.Context) -> None:
    """Bring the database's schema to this version (SQLite does it by itself, after a copy)."""
    context: Context = ctx.obj
    with Storage.open(context.settings.database, migrate=True) as storage:
        out().print(f"the schema is at version {storage.version}")
