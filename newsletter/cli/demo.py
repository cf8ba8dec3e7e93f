"""``newsletter demo``: what ``make demo`` runs."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from newsletter import pipeline
from newsletter.cli.context import Context
from newsletter.cli.output import out, print_error, progress
from newsletter.cli.run import print_run, stop_on_sigterm
from newsletter.cli.watching import watch_run
from newsletter.config.init import ensure_secret
from newsletter.config.settings import FilesProvider


def demo(ctx: typer.Context) -> int:
    """Run the main job for everyone and say where the mails are."""
    context: Context = ctx.obj
    settings = context.settings
    ensure_secret(settings.folder)
    with context.storage() as storage, progress(quiet=False) as bars:
        report = pipeline.run(
            settings,
            storage,
            now=datetime.now(UTC),
            everyone=True,
            watch=watch_run(bars, settings.sources),
            stop=stop_on_sigterm(),
        )
    print_run(report)
    if report.error:
        return print_error(str(report.error), report.exit_code)
    console = out()
    if not report.counts.sent:
        console.print("Everyone has had today's digest. To start over: make clean demo")
    if isinstance(settings.provider, FilesProvider):
        mails = sorted(settings.provider.path.glob("*.eml"))
        console.print(f"\n{len(mails)} mails as they would have been sent: [bold]{settings.provider.path}/*.eml[/]")
        console.print(f"The same to look at, in a browser:          [bold]{settings.provider.path / 'index.html'}[/]")
    console.print(
        "\nNext: put yourself into config/subscribers.yaml, or start your own with `newsletter init my-digest`."
    )
    return report.exit_code
