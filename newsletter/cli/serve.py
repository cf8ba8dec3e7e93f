"""``newsletter serve``."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from functools import partial
from threading import Event
from typing import Annotated

import typer

from newsletter.cli.context import Context
from newsletter.cli.output import out, print_warning
from newsletter.cli.run import stop_on_sigterm, words_of
from newsletter.config.env import SECRET_KEY
from newsletter.config.settings import Settings
from newsletter.errors import NewsletterError, UsageError
from newsletter.pipeline import RunReport
from newsletter.pipeline.incoming import require_webhook_key
from newsletter.pipeline.metrics import collect_metrics
from newsletter.pipeline.report import EXIT_RESUMES
from newsletter.pipeline.tuning_apart import TunerApart
from newsletter.scheduling import LetterBox, start_ticking
from newsletter.storage import Storage
from newsletter.web import serve_pages
from newsletter.web.metrics import serve_metrics

MAX_PORT = 65535


def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on; loopback unless a proxy is in front.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8080,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="[HOST:]PORT", help="Answer /metrics for Prometheus there; HOST is loopback if left out."),
    ] = None,
) -> None:
    """Serve the web pages and run the scheduler, in one process."""
    context: Context = ctx.obj
    watched = read_place(metrics) if metrics else None
    require_webhook_key(context.settings)
    require_key_for_desk(context.settings)
    stop = stop_on_sigterm()
    with context.storage() as storage:
        open_door(context.settings, storage, host=host, port=port, watched=watched, stop=stop)


def open_door(
    settings: Settings, storage: Storage, *, host: str, port: int, watched: tuple[str, int] | None, stop: Event
) -> None:
    """Pages and scheduler until SIGINT or SIGTERM; ``watched`` is where metrics are answered."""
    with ExitStack() as at_the_end:
        letters = LetterBox(settings, storage, stop=stop)
        tuner = TunerApart(settings)
        at_the_end.callback(tuner.close)

        def after_run(report: RunReport) -> None:
            log_run(report)
            with suppress(NewsletterError):  # whoever tries something out next is told
                tuner.make_ready()

        def start(taken: int) -> None:
            """Once the port is ours: who cannot listen there must not have mailed anybody."""
            out().print(f"serving http://{host}:{taken}/ (Ctrl-C ends it)")
            if watched:
                figures = partial(collect_metrics, settings, storage)
                answers = at_the_end.enter_context(serve_metrics(figures, host=watched[0], port=watched[1]))
                out().print(f"metrics at http://{watched[0]}:{answers}/metrics")
            scheduler = start_ticking(settings, storage, stop=stop, on_run=after_run)
            at_the_end.callback(scheduler.shutdown, wait=True)
            at_the_end.callback(stop.set)
            at_the_end.enter_context(letters)

        serve_pages(settings, storage, host=host, port=port, on_listening=start, post=letters.post, tuner=tuner)


def require_key_for_desk(settings: Settings) -> None:
    """UsageError where there is a desk, and nothing to seal its forms with."""
    if settings.desk.password_hash and not settings.secret_keys:
        raise UsageError(f"desk.password_hash is set, and {SECRET_KEY} is not: without it nobody could log in")


def read_place(given: str) -> tuple[str, int]:
    """Host and port of ``9464`` or ``0.0.0.0:9464``."""
    host, _, port = given.rpartition(":")
    if not port.isdecimal() or int(port) > MAX_PORT:
        raise UsageError(f"--metrics {given}: expected a port such as 9464, or a host and a port: 10.0.0.7:9464")
    return host.strip("[]") or "127.0.0.1", int(port)


def log_run(report: RunReport) -> None:
    """One line a run that had something to do, for whoever reads the service's log."""
    if report.counts.due or report.exit_code:
        done = f"{report.counts.due} due: {', '.join(words_of(report.counts))}" if report.counts.due else ""
        told = "; ".join(words for words in (done, str(report.error or "")) if words) or "nothing due"
        out().print(f"{report.run_id}  {told}  exit {report.exit_code}", markup=False)
        for warning in report.warnings if report.exit_code == EXIT_RESUMES else ():
            print_warning(warning)
