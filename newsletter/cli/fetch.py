"""``newsletter fetch``."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter import pipeline
from newsletter.cli.context import Context, Json, Now, read_now
from newsletter.cli.documents import fetch_document
from newsletter.cli.output import out, print_error, print_json, print_warning, progress, table
from newsletter.cli.watching import SourceBars
from newsletter.model import SourceReport
from newsletter.pipeline.report import nothing_to_read


def fetch(
    ctx: typer.Context,
    force: Annotated[
        bool, typer.Option("--force", help="Also sources that asked to be left alone for a while, or are gone (410).")
    ] = False,
    now: Now = None,
    json: Json = False,
) -> int:
    """Pull every source that is due and store what is new."""
    context: Context = ctx.obj
    with context.storage() as storage, progress(quiet=json) as bars:
        watching = SourceBars(bars, context.settings.sources)
        report = pipeline.fetch(context.settings, storage, now=read_now(now), on_fetched=watching.fetched, force=force)
        error = nothing_to_read(report) if report.all_failed and not storage.entries.count() else None
    if json:
        print_json(fetch_document(report, error))
    else:
        print_sources(report.sources)
        out().print(f"{report.entries} rows read, [bold]{report.new} new[/] entries")
    return print_error(str(error), error.exit_code) if error else 0


def print_sources(sources: tuple[SourceReport, ...]) -> None:
    """A table of what each source gave; failures also as warnings."""
    rows = [(one.name, one.kind, one.state, one.entries, one.new, one.seen, one.merged) for one in sources]
    out().print(table("source", "kind", "state", ">rows", ">new", ">seen", ">merged", rows=rows))
    for source in sources:
        if source.error:
            print_warning(f"{source.name}: {source.error}")
