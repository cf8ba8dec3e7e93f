"""``newsletter serve``."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli.context import Context
from newsletter.cli.output import out
from newsletter.cli.run import print_run, stop_on_sigterm
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
    with context.storage() as storage:
        scheduler = start_ticking(context.settings, storage, stop=stop, on_run=print_run)
        try:
            serve_pages(
                context.settings,
                storage,
                host=host,
                port=port,
                on_listening=lambda taken: out().print(f"serving http://{host}:{taken}/ (Ctrl-C ends it)"),
            )
        finally:
            stop.set()
            scheduler.shutdown(wait=True)
