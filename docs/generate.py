"""Writes docs/cli.md out of the commands themselves; a test holds the file to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.text import Text
from typer.main import get_command

from newsletter.cli.app import app

PAGE = Path(__file__).with_name("cli.md")
HEAD = """# Commands

`newsletter [--config PATH] [-v] [--log-format json] COMMAND`. PATH is a folder or a `newsletter.yaml`; default
`$NEWSLETTER_CONFIG`, then `./config`. Relative paths in the configuration start at the deployment folder (the parent of
`config/`), so cron may call it from anywhere.

With `--json` one JSON document goes to stdout at every exit, with `error` filled where there is one; everything else
goes to stderr. With `--log-format json` each line on stderr is a JSON object, and each run has one, told of in
[operations.md](operations.md). In `run`'s document `due` is the sum of the six counts after it; a dry run sends to
nobody, and its `due` says to how many it would. Exit codes:

| code | meaning |
|---|---|
| 0 | done, or nothing to do |
| 2 | usage or configuration; nothing was touched |
| 10 | finished, and deliveries became failed or uncertain in this run |
| 11 | stopped part-way, or retries are pending: the next run resumes |
| 12 | another run holds the lock |
| 13 | nothing could be read and nothing was stored to send |
| 21 | the mail provider refused us (authentication) |
| 22 | storage: full, locked, read-only, corrupt, or of another version |
| 70 | a fault of ours: run with `-v` and report what it says |
| 130 | Ctrl-C: the next run resumes |

This page is made by `make docs`.
"""


def pages() -> str:
    """The whole page."""
    return HEAD + "".join(f"\n## {name}\n\n```\n{text}\n```\n" for name, text in helps(get_command(app), "newsletter"))


def helps(command: Any, name: str) -> Iterator[tuple[str, str]]:
    """Each command's name and its help, in the order of the data."""
    children = getattr(command, "commands", None)
    if children is None:
        yield name, text_of(command, name)
        return
    for child, below in children.items():
        if not below.hidden:
            yield from helps(below, f"{name} {child}")


def text_of(command: Any, name: str) -> str:
    """One command's usage, purpose, arguments and options as plain text."""
    context = command.make_context(name, [], resilient_parsing=True)
    records = filter(None, (parameter.get_help_record(context) for parameter in command.params))
    lines = [f"{name} {' '.join(usage(command))}".rstrip(), "", str(command.help or "").strip(), ""]
    lines += [f"  {plain(typed):<38}{plain(meaning)}".rstrip() for typed, meaning in records]
    return "\n".join(lines).rstrip()


def plain(text: str) -> str:
    """The text without the terminal's markup."""
    return Text.from_markup(text).plain


def usage(command: Any) -> Iterator[str]:
    """``[OPTIONS]`` and the arguments."""
    if any(parameter.param_type_name == "option" for parameter in command.params):
        yield "[OPTIONS]"
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            name = parameter.metavar or parameter.name.upper()
            yield name if parameter.required or name.startswith("[") else f"[{name}]"


if __name__ == "__main__":
    PAGE.write_text(pages(), encoding="utf-8")
