"""``newsletter rank``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from newsletter import pipeline
from newsletter.cli.context import Context, Json, Now, read_now
from newsletter.cli.documents import rank_document
from newsletter.cli.output import out, print_json, print_warning, table
from newsletter.model import Ranked
from newsletter.text import readable


def rank(
    ctx: typer.Context,
    subscriber: Annotated[
        str | None,
        typer.Option("--subscriber", metavar="EMAIL", help="Whose order; may be left out where there is one reader."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many; default the reader's max_papers.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show what each score is made of.")] = False,
    now: Now = None,
    json: Json = False,
) -> None:
    """Show what a reader would get now, and why."""
    context: Context = ctx.obj
    with context.storage() as storage:
        view = pipeline.look(context.settings, storage, subscriber, now=read_now(now), limit=limit)
    for words in view.lost:
        print_warning(f"{view.reader.email}: {words}")
    if json:
        print_json(rank_document(view.digest, view.digest.items, view.reader))
        return
    left_out = f"; {view.left_out} already sent are left out" if view.left_out else ""
    reader = escape(view.reader.name or view.reader.email)
    out().print(f"{len(view.digest.items)} of {view.digest.candidates} papers for [bold]{reader}[/]{left_out}")
    rows = [(item.rank, f"{item.match:.2f}", readable(item.entry.title), _why(item)) for item in view.digest.items]
    out().print(table(">#", ">match", "title", "why", rows=rows))
    if explain:
        for item in view.digest.items:
            print_reasons(item)


def print_reasons(item: Ranked) -> None:
    """The parts of one score, strongest first; they add up to it."""
    parts = sorted(item.reasons, key=lambda reason: -abs(reason.contribution))
    rows = [(reason.kind, readable(reason.label), f"{reason.contribution:+.3f}") for reason in parts]
    rows.append(("score", f"match {item.match:.2f}", f"{item.score:+.3f}"))
    out().print(f"\n[bold]{item.rank}. {escape(readable(item.entry.title))}[/]")
    out().print(table("kind", "what", ">contribution", rows=rows))


def _why(item: Ranked) -> str:
    best = sorted((r for r in item.reasons if r.contribution > 0 and r.label), key=lambda r: -r.contribution)
    return "; ".join(f"{reason.kind}: {readable(reason.label)}" for reason in best[:2])
