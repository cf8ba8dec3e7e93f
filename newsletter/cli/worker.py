"""``newsletter worker``."""

from __future__ import annotations

import typer

from newsletter.cli.context import Context
from newsletter.cli.output import out
from newsletter.scheduling.crew import work


def worker(ctx: typer.Context) -> None:
    """Send beside the runs, as many on as many machines as you like (PostgreSQL, extra `worker`)."""
    context: Context = ctx.obj
    with context.storage() as storage:
        work(context.settings, storage, on_ready=lambda: out().print("a worker is at work (Ctrl-C ends it)"))
