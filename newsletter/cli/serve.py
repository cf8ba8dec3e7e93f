"""``newsletter serve``."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from typing import Annotated

import typer

from newsletter.cli.context import Context
from newsletter.cli.output import out
from newsletter.cli.run import stop_on_sigterm
from newsletter.pipeline import RunReport
from newsletter.scheduling import start_ticking
from newsletter.web import serve_pages


def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on; loopback unless a proxy is in front.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8080,
) -> None:
    """Serve the web pages and run the scheduler, in one process."""
    context: Context = ctx.obj
    stop = stop_on_sigterm()
    with context.storage() as storage, ExitStack() as at_the_end:

        def start(taken: int) -> None:
            """Once the port is ours: who cannot listen there must not have mailed anybody."""
            out().print(f"serving http://{host}:{taken}/ (Ctrl-C ends it)")
            scheduler = start_ticking(context.settings, storage, stop=stop, on_run=log_run)
            at_the_end.callback(scheduler.shutdown, wait=True)
            at_the_end.callback(stop.set)

        serve_pages(context.settings, storage, host=host, port=port, on_listening=start)


def log_run(report: RunReport) -> None:
    """One line a run that had something to do, for whoever reads the service's log."""
    if report.counts.due or report.exit_code:
        counts = ", ".join(f"{name} {count}" for name, count in asdict(report.counts).items() if count)
        out().print(f"{report.run_id}  {counts or 'nothing due'}  exit {report.exit_code}", markup=False)
