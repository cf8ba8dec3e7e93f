"""``newsletter editions``: what digests were drawn from, and holding their mail back."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli.context import Context, Json
from newsletter.cli.output import out, print_json, table
from newsletter.errors import UsageError
from newsletter.text.instants import iso
from newsletter.text.numbers import counted

app = typer.Typer(help="Editions: list them; pause, resume or cancel their mail.", no_args_is_help=True)

Edition = Annotated[str, typer.Argument(metavar="EDITION", help="Its id, as `editions list` shows it.")]


@app.command("list")
def show(ctx: typer.Context, limit: Annotated[int, typer.Option(min=1)] = 20, json: Json = False) -> None:
    """List editions, latest first."""
    context: Context = ctx.obj
    with context.storage() as storage:
        found = storage.editions.list(limit)
    if json:
        editions = [{"id": e.id, "made_at": iso(e.made_at), "entries": e.entries, "paused": e.paused} for e in found]
        print_json({"editions": editions, "error": None, "exit_code": 0})
        return
    rows = [(e.id, e.entries, "paused" if e.paused else "") for e in found]
    out().print(table("edition", ">entries", "mail", rows=rows))


@app.command()
def pause(ctx: typer.Context, edition: Edition) -> None:
    """Hand over none of its mail until it is resumed."""
    context: Context = ctx.obj
    with context.storage() as storage:
        _require(storage.editions.pause(edition), edition)
    out().print(f"paused {edition}")


@app.command()
def resume(ctx: typer.Context, edition: Edition) -> None:
    """Let its mail go out with the next run."""
    context: Context = ctx.obj
    with context.storage() as storage:
        _require(storage.editions.resume(edition), edition)
    out().print(f"resumed {edition}")


@app.command()
def cancel(ctx: typer.Context, edition: Edition) -> None:
    """Give up what was not handed over of it; nothing that was sent is undone."""
    context: Context = ctx.obj
    with context.storage() as storage:
        _require(storage.editions.has(edition), edition)
        stopped = storage.deliveries.cancel(edition)
    out().print(f"{counted(stopped, 'delivery', 'deliveries')} of {edition} cancelled")


def _require(known: bool, edition: str) -> None:
    if not known:
        raise UsageError(f"there is no edition {edition}; `newsletter editions list` shows those there are")
