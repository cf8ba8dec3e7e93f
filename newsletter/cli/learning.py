"""``newsletter subscribers learn``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from newsletter.cli.context import Context, Json, Now, as_utc, read_now
from newsletter.cli.output import out, print_json, table
from newsletter.errors import UsageError
from newsletter.model import Subscriber, Vote
from newsletter.pipeline.learning import (
    as_patch,
    cast_vote,
    find_line,
    find_paper,
    take_back,
    what_was_learnt,
)
from newsletter.ranking.learning import Learnt, tell
from newsletter.sources.references import reference_of
from newsletter.storage import Storage
from newsletter.subscriptions import reader_named
from newsletter.text import readable

_VALUES: dict[object, Literal[1, -1]] = {1: 1, -1: -1}


def learn(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL")],
    more: Annotated[
        list[str] | None, typer.Option(metavar="REF", help="Vote for a paper: arXiv:…, doi:…, title: …, a link, an id.")
    ] = None,
    less: Annotated[list[str] | None, typer.Option(metavar="REF", help="Vote against one.")] = None,
    undo: Annotated[list[str] | None, typer.Option(metavar="N", help="Take back a line: its number or phrase.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Take back everything.")] = False,
    patch: Annotated[bool, typer.Option("--as-patch", help="Print what was learnt as YAML to paste.")] = False,
    now: Now = None,
    json: Json = False,
) -> None:
    """Show what a reader's votes taught, add to it, or take it back; subscribers.yaml is never changed."""
    context: Context = ctx.obj
    at = read_now(now)
    with context.storage() as storage:
        reader = reader_named(email, context.settings, storage)
        for one in (*(more or ()), *(less or ())):
            find_paper(context.settings, storage, one)  # a mistake is told before anything is touched
        done = _take_back(storage, reader, undo or [], everything=reset, now=at)
        for one in more or []:
            paper = cast_vote(context.settings, storage, email, reference=one, value=1, now=at)
            done.append(f"more like “{readable(paper.title)}”")
        for one in less or []:
            paper = cast_vote(context.settings, storage, email, reference=one, value=-1, now=at)
            done.append(f"less like “{readable(paper.title)}”")
        reader = reader_named(email, context.settings, storage)  # its first vote gave it an id
        lines = what_was_learnt(storage, reader.id, now=at)
    yaml = as_patch(context.settings, reader, lines) if patch else None
    if json:
        print_json(learnt_document(reader, lines, patch=yaml))
    elif yaml is not None:
        sys.stdout.write(yaml)
    else:
        _print(done, lines)


def learnt_document(reader: Subscriber, lines: Sequence[Learnt], *, patch: str | None = None) -> dict[str, Any]:
    """What ``subscribers learn --json`` prints."""
    return {
        "subscriber": reader.email,
        "learnt": [
            {
                "number": number,
                "direction": line.direction,
                "phrase": line.phrase,
                "weight": round(line.weight, 6),
                "votes": [
                    {"id": vote.entry.id, "title": vote.entry.title, "value": vote.value, "at": vote.at}
                    for vote in line.votes
                ],
            }
            for number, line in enumerate(lines, 1)
        ],
        **({} if patch is None else {"patch": patch}),
        "error": None,
        "exit_code": 0,
    }


def votes_document(votes: Iterable[Vote]) -> list[dict[str, Any]]:
    """Votes as ``export`` prints them, their papers named as in ``liked:``."""
    return [{"paper": reference_of(vote.entry), "value": vote.value, "at": vote.at} for vote in votes]


def restore_votes(context: Context, storage: Storage, address: str, given: object) -> Iterator[str]:
    """Casts the votes of an export for a reader who was imported, and says which could not be."""
    for vote in given if isinstance(given, list) else []:
        try:
            paper, value, at = str(vote["paper"]), _VALUES[vote["value"]], as_utc(datetime.fromisoformat(vote["at"]))
            cast_vote(context.settings, storage, address, reference=paper, value=value, now=at)
        except (TypeError, KeyError, ValueError):
            yield f"{address}: a vote is passed over; expected one such as `export --json` prints"
        except UsageError as error:
            yield f"{address}: a vote is passed over: {error}"


def _take_back(
    storage: Storage, reader: Subscriber, named: Sequence[str], *, everything: bool, now: datetime
) -> list[str]:
    if everything:
        return [f"took back all of {_votes(storage.votes.reset(reader.id))}"]
    if not named:
        return []
    lines = what_was_learnt(storage, reader.id, now=now)
    picked = [find_line(lines, one) for one in named]
    take_back(storage, reader.id, picked)
    return [f"took back {tell(line)}" for line in picked]


def _votes(count: int) -> str:
    return "1 vote" if count == 1 else f"{count} votes"


def _print(done: Sequence[str], lines: Sequence[Learnt]) -> None:
    for line in done:
        out().print(escape(line))
    if lines:
        out().print(table(">#", "learnt", rows=[(number, tell(line)) for number, line in enumerate(lines, 1)]))
    else:
        out().print("nothing was learnt from votes (`--more REF` and `--less REF` cast them)")
