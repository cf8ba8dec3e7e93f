"""``newsletter run``: the main job."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import asdict
from threading import Event
from typing import Annotated

import typer

from newsletter import pipeline
from newsletter.cli.context import Context, Json, Now, read_now
from newsletter.cli.documents import run_document
from newsletter.cli.fetch import print_sources
from newsletter.cli.output import out, print_error, print_json, print_warning, progress
from newsletter.cli.watching import watch_run
from newsletter.pipeline.report import Counts, RunReport
from newsletter.scheduling.crew import find_crew


def run(
    ctx: typer.Context,
    everyone: Annotated[
        bool, typer.Option("--everyone", help="Pass over days and hours, never over once a date.")
    ] = False,
    only: Annotated[str | None, typer.Option("--only", metavar="EMAIL", help="This reader alone, if due.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Fetch and rank, but write and send nothing.")] = False,
    confirm_resume: Annotated[
        bool, typer.Option("--confirm-resume", help="Go on after the database was put back from a copy.")
    ] = False,
    now: Now = None,
    json: Json = False,
) -> int:
    """Fetch, rank, render and deliver to every reader who is due; safe to call from cron at any rate."""
    context: Context = ctx.obj
    with context.storage() as storage, progress(quiet=json) as bars:
        report = pipeline.run(
            context.settings,
            storage,
            now=read_now(now),
            everyone=everyone,
            only=only,
            dry_run=dry_run,
            confirm_resume=confirm_resume,
            watch=watch_run(bars, context.settings.sources),
            stop=stop_on_sigterm(),
            crew=find_crew(context.settings),
        )
    print_json(run_document(report)) if json else print_run(report)
    for warning in report.warnings:
        print_warning(warning)
    return print_error(str(report.error), report.exit_code) if report.error else report.exit_code


def stop_on_sigterm() -> Event:
    """An event that SIGTERM sets, so that the group at hand is finished and no other begun."""
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    return stop


def print_run(report: RunReport) -> None:
    """What a run did, for people."""
    print_sources(report.sources)
    due = report.counts.due
    told = ", ".join(words_of(report.counts)) or "nothing to send"
    what = f"dry run: {due} would be sent" if report.dry_run else f"{due} due: {told}"
    out().print(f"[bold]{report.date}[/]  {report.candidates} candidates, {what}")


def words_of(counts: Counts) -> Iterator[str]:
    """What became of those who were due, without what came to nothing."""
    for name, count in asdict(counts).items():
        if count and name != "due":
            yield f"{count} {'waiting' if name == 'retrying' else name.replace('_', ' ')}"
