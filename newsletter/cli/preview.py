"""``newsletter preview``: what readers would get, to look at."""

from __future__ import annotations

import threading
import time
import webbrowser
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.checking import print_findings, print_readers
from newsletter.cli.context import Context, Now, read_now
from newsletter.cli.output import out, print_warning
from newsletter.cli.previewing import GALLERY, Previewed, write_preview
from newsletter.cli.serving import Changes, PreviewServer
from newsletter.errors import NewsletterError, UsageError
from newsletter.subscriptions import PREVIEW_FOLDER

POLL_SECONDS = 0.3


def preview(
    ctx: typer.Context,
    subscriber: Annotated[str | None, typer.Option("--subscriber", metavar="EMAIL", help="This reader alone.")] = None,
    out_dir: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Default: preview/ beside config/.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve it on loopback; pages reload when a template or the config changes.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Report size, links, headings, contrast and what mail clients lack.")
    ] = False,
    now: Now = None,
) -> int:
    """Render without sending: a folder a reader, and a gallery of them."""
    context: Context = ctx.obj
    folder = (out_dir or context.settings.folder / PREVIEW_FOLDER).absolute()

    def make() -> list[Previewed]:
        context.reload()
        with context.storage() as storage:
            return write_preview(context.settings, storage, folder, address=subscriber, now=read_now(now), check=check)

    def make_again() -> None:
        print_findings(make())
        out().print(f"made anew at {datetime.now().astimezone():%H:%M:%S}", style="dim")

    made = make()
    if check:
        print_readers(made)
    has_problems = print_findings(made)
    out().print(f"preview: [bold]{folder / GALLERY}[/]")
    if serve:
        watched = [context.settings.folder / "templates", *context.settings.templates, context.config_folder]
        serve_folder(folder, watched=watched, make=make_again, on_listening=webbrowser.open if open_ else None)
    elif open_:
        webbrowser.open((folder / GALLERY).as_uri())
    return UsageError.exit_code if has_problems else 0


def serve_folder(
    folder: Path,
    *,
    watched: Sequence[Path],
    make: Callable[[], object],
    on_listening: Callable[[str], object] | None = None,
) -> None:
    """Serves the folder until interrupted; makes it anew when something watched changes, and says so to open pages."""
    changes, seen = Changes(), _stamp(watched)
    with PreviewServer(folder, changes) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        out().print(f"serving {server.url} (Ctrl-C ends it)")
        try:
            if on_listening is not None:
                on_listening(server.url)
            _follow(watched, changes, make, seen=seen)
        except KeyboardInterrupt:
            out().print()  # what is printed next does not stand behind the terminal's ^C
            server.shutdown()


def _follow(
    watched: Sequence[Path], changes: Changes, make: Callable[[], object], *, seen: frozenset[tuple[str, int, int]]
) -> None:
    while True:
        time.sleep(POLL_SECONDS)
        if (stamp := _stamp(watched)) != seen:
            seen = stamp
            _make_again(changes, make)


def _make_again(changes: Changes, make: Callable[[], object]) -> None:
    try:
        make()
    except NewsletterError as error:
        print_warning(str(error))
        changes.announce(str(error))
    except Exception as error:  # noqa: BLE001 whatever a file half written leads to, the next change may mend it
        print_warning(f"{type(error).__name__}: {error}")
        changes.announce(f"{type(error).__name__}: {error}")
    else:
        changes.announce()


def _stamp(watched: Iterable[Path]) -> frozenset[tuple[str, int, int]]:
    """What changes when a file does; one that goes away while it is looked at changes it too."""
    stamps = set()
    for file in (file for path in watched for file in path.rglob("*")):
        try:
            status = file.stat()
        except OSError:
            continue
        stamps.add((str(file), status.st_mtime_ns, status.st_size))
    return frozenset(stamps)
