"""How commands talk: JSON documents to stdout, tables for people, one line for an error."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from newsletter.cli.logs import are_structured
from newsletter.text.instants import iso

log = logging.getLogger("newsletter")


def out() -> Console:
    """The terminal, or plain text of any width where stdout is piped."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=200, soft_wrap=True)


def err() -> Console:
    """The same for stderr: progress, warnings, errors."""
    console = Console(stderr=True, highlight=False)
    return console if console.is_terminal else Console(stderr=True, highlight=False, width=200, soft_wrap=True)


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document and a line end."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=_plain) + "\n")
    sys.stdout.flush()


def print_error(message: str, code: int) -> int:
    """One line a problem on stderr; gives the code back."""
    if are_structured():
        log.error("%s", message, extra={"fields": {"exit_code": code}})
        return code
    for line in message.splitlines():
        err().print(f"[bold red]newsletter:[/] {escape(line)}", soft_wrap=True)
    return code


def print_warning(message: str) -> None:
    """A line on stderr that stops nothing."""
    if are_structured():
        log.warning("%s", message)
        return
    err().print(f"[yellow]newsletter:[/] {escape(message)}", soft_wrap=True)


def table(*columns: str, rows: Iterable[Sequence[object]]) -> Table:
    """A table of plain cells; markup in them is printed, not obeyed."""
    made = Table(header_style="bold", box=None, pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        made.add_column(column.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    for row in rows:
        made.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    return made


def progress(*, quiet: bool) -> Progress:
    """Bars on stderr when a person looks; nothing when piped or ``quiet``, or where log lines are for a machine."""
    console = err()
    return Progress(
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("[dim]{task.fields[note]}"),
        TimeElapsedColumn(),
        console=console,
        disable=quiet or are_structured() or not console.is_terminal,
        transient=False,
        redirect_stdout=sys.stdout.isatty(),  # what is piped elsewhere belongs to no bar
    )


def listed(names: Sequence[str], *, most: int = 3) -> str:
    """The first few of them, for a line."""
    return "; ".join(names[:most]) + ("; …" if len(names) > most else "")


def short_time(at: datetime | None) -> str:
    """A time for a table, to the minute, in UTC."""
    return at.strftime("%Y-%m-%d %H:%M") if at else "–"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    return str(value)
