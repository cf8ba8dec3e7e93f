"""The commands by name, in the order of the data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from newsletter import __version__
from newsletter.cli import (
    backtest,
    configure,
    deliveries,
    demo,
    desk,
    doctor,
    editions,
    evaluate,
    feeds,
    fetch,
    init,
    logs,
    migrate,
    preview,
    rank,
    replay,
    run,
    send_test,
    serve,
    status,
    subscribers,
    suppressions,
    tokens,
    worker,
)
from newsletter.cli.context import Context

app = typer.Typer(
    name="newsletter",
    help="Trending papers in your inbox: ranked for each reader, explained, self-hosted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def show_version(wanted: bool) -> None:
    """Prints the version and leaves, before any command is asked for."""
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def newsletter(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            help="A folder or a newsletter.yaml; default $NEWSLETTER_CONFIG, then ./config.", show_default=False
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say on stderr what is being done.")] = False,
    log_format: Annotated[
        logs.LogFormat, typer.Option(help="How log lines on stderr are written: json has one line a run.")
    ] = logs.LogFormat.TEXT,
    version: Annotated[  # noqa: ARG001 its callback does it all
        bool, typer.Option("--version", help="Print the version and leave.", is_eager=True, callback=show_version)
    ] = False,
) -> None:
    """Takes what all commands share."""
    logs.set_up(log_format, verbose=verbose)
    ctx.obj = Context(config)


app.command("init")(init.init)
app.command("demo", hidden=True)(demo.demo)
app.command("fetch")(fetch.fetch)
app.command("rank")(rank.rank)
app.command("preview")(preview.preview)
app.command("run")(run.run)
app.command("send-test")(send_test.send_test)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("status")(status.status)
app.add_typer(subscribers.app, name="subscribers")
app.add_typer(suppressions.app, name="suppressions")
app.add_typer(feeds.app, name="feeds")
app.add_typer(editions.app, name="editions")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(tokens.app, name="tokens")
app.add_typer(desk.app, name="desk")
app.command("evaluate")(evaluate.evaluate)
app.command("backtest")(backtest.backtest)
app.command("replay")(replay.replay)
app.command("doctor")(doctor.doctor)
app.command("migrate")(migrate.migrate)
app.add_typer(configure.app, name="config")
