"""``newsletter replay``."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Annotated

import typer

from newsletter.cli.context import Context
from newsletter.errors import UsageError
from newsletter.subscriptions import reader_named


def replay(
    ctx: typer.Context,
    date: Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD", help="The reader's local date.")],
    subscriber: Annotated[str, typer.Option("--subscriber", metavar="EMAIL", help="Whose message.")],
) -> None:
    """Print the very message that was sent, raw, to stdout."""
    context: Context = ctx.obj
    try:
        day = dt.date.fromisoformat(date)
    except ValueError as error:
        raise UsageError(f"--date {date}: not a date; expected one such as 2026-11-22") from error
    with context.storage() as storage:
        reader = reader_named(subscriber, context.settings, storage)
        raw = storage.deliveries.message(reader.id, day)
    if raw is None:
        kept = context.settings.retention.messages.days
        raise UsageError(f"{subscriber}: no message of {day} is kept (sent messages are kept for {kept} days)")
    sys.stdout.buffer.write(raw)
    sys.stdout.buffer.flush()
