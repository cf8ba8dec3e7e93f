"""``newsletter evaluate``: what the ranker is worth here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from newsletter.cli.context import Context, Json
from newsletter.cli.output import listed, out, print_json, print_warning, progress, table
from newsletter.pipeline.evaluating import TRIALS, Evaluation
from newsletter.pipeline.evaluating import evaluate as evaluate_library
from newsletter.text.numbers import counted


def evaluate(
    ctx: typer.Context,
    library: Annotated[
        Path | None, typer.Option("--library", metavar="FILE", help="Papers of yours, as among the liked by `file:`.")
    ] = None,
    subscriber: Annotated[
        str | None,
        typer.Option("--subscriber", metavar="EMAIL", help="Whose interests; whose liked papers without --library."),
    ] = None,
    trials: Annotated[
        int, typer.Option(min=2, max=100, help="How often papers are hidden: more narrow the interval.")
    ] = TRIALS,
    json: Json = False,
) -> None:
    """Hide some of a reader's own papers among the store's, and see who finds them."""
    context: Context = ctx.obj
    with context.storage() as storage, progress(quiet=json) as bars:
        bar = bars.add_task("hiding and looking", total=trials, note="")
        found = evaluate_library(
            context.settings,
            storage,
            library=library,
            address=subscriber,
            trials=trials,
            on_trial=lambda: bars.advance(bar),
        )
    if found.missing:
        known = counted(len(found.missing), "paper is known by its id", "papers are known by their ids")
        print_warning(f"{known} alone: {listed(found.missing)}")
    if json:
        print_json(evaluation_document(found))
    else:
        print_evaluation(found)


def evaluation_document(found: Evaluation) -> dict[str, Any]:
    """What ``evaluate --json`` prints."""
    document = asdict(found)
    return {**document, "conclusion": found.conclusion, "error": None, "exit_code": 0}


def print_evaluation(found: Evaluation) -> None:
    """How it came about, the table, and what it comes to."""
    text = "title and abstract" if found.has_summaries else "title alone (most have no abstract)"
    which = "of the later ones" if found.is_dated else "of them"
    console = out()
    console.print(
        f"{found.papers} of {found.named} papers, compared by {text}; {found.trials} times {found.hidden} {which} "
        f"hidden among {found.candidates} others of the store.\n"
    )
    console.print(table("told", "ranker", ">nDCG@10", ">95 % interval", ">precision@10", rows=_rows(found)))
    console.print(f"\n[bold]{found.conclusion}[/]")


def _rows(found: Evaluation) -> Iterator[tuple[str, ...]]:
    """A line a score; each setting is named once."""
    before = ""
    for score in found.scores:
        told = "" if score.setting == before else score.setting
        yield told, score.ranker, f"{score.ndcg:.2f}", f"{score.low:.2f} … {score.high:.2f}", f"{score.precision:.2f}"
        before = score.setting
