"""``newsletter feeds``: the feeds of other readers in, and ours out, as OPML."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from newsletter.cli.context import Context, Json
from newsletter.cli.output import out, print_error, print_json, print_warning, table
from newsletter.config import find_config
from newsletter.config.editing import has_sources, source_line, write_sources
from newsletter.config.files import read_bytes
from newsletter.config.settings import AnySource
from newsletter.errors import ConfigError, UsageError
from newsletter.sources.choosing import Choice, choose, feeds_of
from newsletter.sources.opml import MAX_BYTES, read_opml, write_opml
from newsletter.sources.trouble import show

app = typer.Typer(help="Feeds from and for other feed readers, as OPML.", no_args_is_help=True)


@app.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="OPML, as feed readers export it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the YAML, change nothing.")] = False,
    json: Json = False,
) -> int:
    """Add the feeds of an OPML file to newsletter.yaml, except those that are in it already."""
    context: Context = ctx.obj
    listed = read_opml(read_bytes(file, str(file), limit=MAX_BYTES), str(file))
    config = find_config(context.config, os.environ)
    sources, allow = configured(context, config)
    choice = choose(listed, sources, allow=allow)
    if choice.added and not dry_run:
        write_sources(config, [source.settings for source in choice.added], environ=os.environ)
    error = None if choice.added or choice.already or not choice.skipped else f"{file}: none of its feeds can be read"
    if json:
        print_json(import_document(choice, error, dry_run=dry_run))
    else:
        print_choice(choice, config, dry_run=dry_run)
    if not listed.is_whole:
        print_warning(f"{file}: breaks off before its end; what stands there was read")
    return print_error(error, UsageError.exit_code) if error else 0


@app.command("export")
def export(
    ctx: typer.Context,
    to: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Instead of stdout.")] = None,
) -> None:
    """Print the feeds among the sources as OPML 2.0, arXiv's announcements among them."""
    context: Context = ctx.obj
    feeds = feeds_of(context.settings.sources)
    content = write_opml(context.settings.title, feeds)
    for feed in feeds:
        if show(feed.url) != feed.url:
            print_warning(f"{feed.title}: its address holds a password or a key; keep this export to yourself")
    if to is None:
        sys.stdout.buffer.write(content)
        return
    try:
        to.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{to}: cannot be written: {error.strerror}") from error
    out().print(f"wrote {to}: {len(feeds)} feeds", markup=False)


def configured(context: Context, config: Path) -> tuple[Sequence[AnySource], Sequence[str]]:
    """The sources and ``network.allow``; none where the file awaits its first source."""
    try:
        return context.settings.sources, context.settings.network.allow
    except ConfigError:
        if has_sources(config):
            raise
        return (), ()


def import_document(choice: Choice, error: str | None, *, dry_run: bool) -> dict[str, Any]:
    """What ``feeds import --json`` prints."""
    return {
        "added": [{"name": source.name, "url": source.url} for source in choice.added],
        "already": [{"name": feed.title, "url": feed.url} for feed in choice.already],
        "skipped": [{"title": one.title, "reason": one.reason} for one in choice.skipped],
        "dry_run": dry_run,
        "error": error,
        "exit_code": UsageError.exit_code if error else 0,
    }


def print_choice(choice: Choice, config: Path, *, dry_run: bool) -> None:
    """What becomes of each feed, for people; a dry run prints the lines of YAML to stdout and all else to stderr."""
    for one in choice.skipped:
        print_warning(f"{one.title or 'an outline'}: {one.reason}")
    counts = f"{len(choice.added)} added, {len(choice.already)} already there, {len(choice.skipped)} skipped"
    if dry_run:
        sys.stdout.write("".join(f"  - {source_line(source.settings)}\n" for source in choice.added))
        print_warning(f"dry run: {counts}; {config} is as it was")
        return
    if choice.added:
        out().print(table("added", "address", rows=[(one.name, show(one.url)) for one in choice.added]))
    out().print(f"{counts}: {config}", markup=False)
