"""``newsletter preview``: what readers would get, to look at."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.context import Context, Now, read_now
from newsletter.cli.output import out, print_warning
from newsletter.cli.previewing import serve_folder, write_preview
from newsletter.errors import UsageError
from newsletter.subscriptions import PREVIEW_FOLDER


def preview(
    ctx: typer.Context,
    subscriber: Annotated[str | None, typer.Option("--subscriber", metavar="EMAIL", help="This reader alone.")] = None,
    out_dir: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Default: preview/ beside config/.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve it on loopback, made anew when a template or the config changes.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Look for what would go wrong in mail clients.")] = False,
    now: Now = None,
) -> int:
    """Render without sending: a folder a reader, and a gallery of them."""
    context: Context = ctx.obj
    folder = (out_dir or context.settings.folder / PREVIEW_FOLDER).absolute()

    def make() -> list[str]:
        context.reload()
        with context.storage() as storage:
            return write_preview(context.settings, storage, folder, address=subscriber, now=read_now(now), check=check)

    problems = make()
    for problem in problems:
        print_warning(problem)
    out().print(f"preview: [bold]{folder / 'index.html'}[/]")
    if open_:
        webbrowser.open((folder / "index.html").as_uri())
    if serve:
        serve_folder(folder, watched=[*context.settings.templates, context.config_folder], make=make)
    return UsageError.exit_code if problems else 0
