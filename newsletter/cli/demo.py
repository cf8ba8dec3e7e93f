"""``newsletter demo``: what ``make demo`` and ``make serve`` run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from newsletter import pipeline
from newsletter.cli.context import Context
from newsletter.cli.output import out, print_error, progress
from newsletter.cli.run import print_run, stop_on_sigterm
from newsletter.cli.serve import open_door
from newsletter.cli.watching import watch_run
from newsletter.config.init import ensure_secret
from newsletter.config.settings import Archive, FilesProvider, Settings, Signup
from newsletter.model import Subscriber
from newsletter.pipeline.messages import Letterhead
from newsletter.storage import Storage
from newsletter.subscriptions import readers, stored_reader

HOST = "127.0.0.1"
VISITOR = "you@example.org"


def demo(
    ctx: typer.Context,
    serve: Annotated[int | None, typer.Option(metavar="PORT", help="Then serve the pages at this port.")] = None,
) -> int:
    """Run the main job for everyone and say where the mails are."""
    context: Context = ctx.obj
    ensure_secret(context.settings.folder)
    context.reload()
    settings = context.settings if serve is None else _with_door(context.settings, serve)
    stop = stop_on_sigterm()
    with context.storage() as storage:
        if serve is not None:
            _add_visitor(settings, storage)
        with progress(quiet=False) as bars:
            watch = watch_run(bars, settings.sources)
            report = pipeline.run(settings, storage, now=datetime.now(UTC), everyone=True, watch=watch, stop=stop)
        print_run(report)
        if report.error:
            return print_error(str(report.error), report.exit_code)
        if serve is not None:
            _tell_doors(settings, storage)
            open_door(settings, storage, host=HOST, port=serve, watched=None, stop=stop)
            return 0
    _tell_mails(settings, sent=report.counts.sent)
    return report.exit_code


def _with_door(settings: Settings, port: int) -> Settings:
    """The same with everything open that pages can show, on this machine alone."""
    open_to_all = {"base_url": f"http://{HOST}:{port}", "archive": Archive(public=True), "signup": Signup()}
    return settings.model_copy(update=open_to_all)


def _tell_mails(settings: Settings, *, sent: int) -> None:
    console = out()
    if not sent:
        console.print("Everyone has had today's digest. To start over: make clean demo")
    if isinstance(settings.provider, FilesProvider):
        mails = sorted(settings.provider.path.glob("*.eml"))
        console.print(f"\n{len(mails)} mails as they would have been sent: [bold]{settings.provider.path}/*.eml[/]")
        console.print(f"The same to look at, in a browser:          [bold]{settings.provider.path / 'index.html'}[/]")
    console.print(
        "\nNext: put yourself into config/subscribers.yaml, or start your own with `newsletter init my-digest`."
    )


def _add_visitor(settings: Settings, storage: Storage) -> None:
    """A reader for whoever looks around, with the wishes of the first one: those of the file have no Save to press."""
    if storage.subscribers.by_email(VISITOR) is None:
        first = readers(settings, storage)[0]
        storage.subscribers.save(
            Subscriber(
                id="",
                email=VISITOR,
                name="You",
                timezone=first.timezone,
                profile=first.profile,
                created_at=datetime.now(UTC),
            )
        )


def _tell_doors(settings: Settings, storage: Storage) -> None:
    """Where to look: what everybody sees, and the pages of a reader."""
    now = datetime.now(UTC)
    reader = stored_reader(settings, storage, VISITOR, now=now)
    links = Letterhead(settings).links(reader, now.astimezone(ZoneInfo(reader.timezone)).date())
    console = out()
    console.print()
    for what, address in (
        ("Subscribe", f"{settings.base_url}/"),
        ("What was trending", f"{settings.base_url}/archive"),
        ("Your preferences", links.preferences),
        ("Your digest of today", links.archive),
        ("Out again, with one button", links.unsubscribe),
    ):
        console.print(f"{what + ':':<28} {address}", soft_wrap=True, markup=False, highlight=False)
    console.print(f"Mails, a confirmation among them, are written to {settings.folder / 'outbox'}\n", soft_wrap=True)
