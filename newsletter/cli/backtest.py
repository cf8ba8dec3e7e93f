"""``newsletter backtest``: what a changed profile would have gained and lost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Annotated, Any

import typer

from newsletter.cli.context import Context, Json, Now, read_now
from newsletter.cli.documents import ranked_document
from newsletter.cli.output import listed, out, print_json, print_warning, progress, table
from newsletter.config.profiles import read_profile
from newsletter.model import Ranked, Subscriber
from newsletter.pipeline.backtesting import DAYS, Backtest, DayCompared
from newsletter.pipeline.backtesting import backtest as play_back
from newsletter.pipeline.editions import HISTORY_ENTRIES
from newsletter.subscriptions import reader_named
from newsletter.text import readable
from newsletter.text.numbers import counted

QUICK_HISTORY = 1_000
"""Two profiles are held against the same pools: fewer older entries change both alike, and save minutes."""


def backtest(
    ctx: typer.Context,
    subscriber: Annotated[str, typer.Option("--subscriber", metavar="EMAIL", help="Whose editions.")],
    profile: Annotated[
        Path | None,
        typer.Option(
            "--profile",
            metavar="FILE",
            help="A profile as in subscribers.yaml, to hold against the present one; without it the present one is "
            "held against what was sent.",
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="How far back.")] = DAYS,
    now: Now = None,
    json: Json = False,
) -> None:
    """Show what a changed profile would have gained and lost over the stored editions."""
    context: Context = ctx.obj
    spec = None if profile is None else read_profile(profile, folder=context.settings.folder)
    with context.storage() as storage, progress(quiet=json) as bars:
        reader = reader_named(subscriber, context.settings, storage)
        bar = bars.add_task("playing back", total=None, note="")
        found = play_back(
            context.settings,
            storage,
            reader,
            spec,
            days=days,
            now=read_now(now),
            history=HISTORY_ENTRIES if spec is None else QUICK_HISTORY,
            on_day=lambda done, total: bars.update(bar, completed=done, total=total),
        )
    if found.missing:
        print_warning(f"{len(found.missing)} liked or disliked papers not found in the store: {listed(found.missing)}")
    if json:
        print_json(backtest_document(found, reader, days))
    else:
        print_backtest(found, days)


def backtest_document(found: Backtest, reader: Subscriber, days: int) -> dict[str, Any]:
    """What ``backtest --json`` prints."""
    return {
        "subscriber": reader.email,
        "against": "sent" if found.against_sent else "profile",
        "days": [
            {
                "date": day.local_date.isoformat(),
                "edition": day.edition,
                "before": day.before,
                "after": day.after,
                "gained": [ranked_document(item) for item in day.gained],
                "lost": [ranked_document(item) for item in day.lost],
            }
            for day in found.days
        ],
        "gained": len(found.gained),
        "lost": len(found.lost),
        "kept": found.kept,
        "conclusion": conclude(found, days),
        "error": None,
        "exit_code": 0,
    }


def print_backtest(found: Backtest, days: int) -> None:
    """The papers that came or went, day by day, and the sum."""
    rows = [row for day in found.days for row in _rows(day)]
    if rows:
        out().print(table("date", "", ">match", "title", "why", rows=rows))
        out().print()
    out().print(conclude(found, days))


def _rows(day: DayCompared) -> Iterator[tuple[str, ...]]:
    dates = chain([day.local_date.isoformat()], repeat(""))
    for sign, items in (("+", day.gained), ("–", day.lost)):
        for item in items:
            yield next(dates), sign, f"{item.match:.2f}", readable(item.entry.title), _why(item)


def _why(item: Ranked) -> str:
    """What spoke most for it."""
    best = max(item.reasons, key=lambda reason: reason.contribution, default=None)
    return "" if best is None else f"{best.kind}: {readable(best.label)}"


def conclude(found: Backtest, days: int) -> str:
    """The sum in one sentence."""
    if not found.days:
        return f"Nothing to compare yet: no edition of the last {days} days is stored for this reader."
    came, went = len(found.gained), len(found.lost)
    span = f"{len(found.days)} {'day' if len(found.days) == 1 else 'days'}"
    if not came and not went:
        return f"Nothing would have changed in {span}: the same {counted(found.kept, 'paper', 'papers')}."
    if found.against_sent:
        return (
            f"Against what was sent in {span}, today's profile and version would have brought these {came} more, and "
            f"left out these {went}; {found.kept} are the same."
        )
    return f"In {span} you would have gained these {came} and lost these {went}; {found.kept} are the same."
