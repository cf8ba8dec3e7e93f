"""``newsletter subscribers``: readers of the database, and a look at those of the file."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from newsletter.cli.context import Context, Json
from newsletter.cli.learning import learn, restore_votes, votes_document
from newsletter.cli.output import iso, out, print_json, print_warning, table
from newsletter.config import read_reader
from newsletter.errors import UsageError
from newsletter.model import Delivery, Interest, Schedule, Subscriber, SubscriberState
from newsletter.storage import Storage
from newsletter.subscriptions import (
    add_reader,
    erase_reader,
    leave_by_address,
    pause_reader,
    reader_named,
    readers,
    resume_reader,
)

app = typer.Typer(help="Readers: list, add, import, pause, export, erase.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL")]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LIST_FIELDS = ("interests", "authors", "organizations", "categories", "liked", "disliked", "muted", "muted_authors")
COLUMNS = ("email", "name", "timezone", "days", "at", *LIST_FIELDS, "state", "owner")
LIST_SEPARATOR = ";"
PROFILE_FIELDS = ("trending", "max_papers", "min_score", "explore")
"""Of a profile, what only JSON carries."""
GONE = {SubscriberState.LEFT, SubscriberState.REMOVED, SubscriberState.PENDING}
"""States that an import must not turn into mail."""


@app.command("list")
def show_all(ctx: typer.Context, json: Json = False) -> None:
    """List all readers, of the file and of the database."""
    context: Context = ctx.obj
    with context.storage() as storage:
        found = readers(context.settings, storage)
    if json:
        print_json({"subscribers": [reader_document(reader) for reader in found], "error": None, "exit_code": 0})
        return
    rows = [(r.email, r.name, r.state, r.owner, r.timezone, *_schedule(r.schedule)) for r in found]
    out().print(table("address", "name", "state", "owner", "zone", "days", "at", rows=rows))


@app.command()
def show(ctx: typer.Context, email: Email, json: Json = False) -> None:
    """Show one reader with the whole profile."""
    context: Context = ctx.obj
    with context.storage() as storage:
        document = reader_document(reader_named(email, context.settings, storage))
    if json:
        print_json({**document, "error": None})
        return
    out().print(table("field", "value", rows=[(key, _cell(value)) for key, value in document.items()]))


@app.command()
def add(
    ctx: typer.Context,
    email: Email,
    name: Annotated[str, typer.Option()] = "",
    timezone: Annotated[str | None, typer.Option(help="Such as Europe/Berlin.")] = None,
    days: Annotated[str | None, typer.Option(help="daily, weekdays, weekly, or mon,wed,fri.")] = None,
    at: Annotated[str | None, typer.Option(help="Such as 07:30.")] = None,
    interest: Annotated[list[str] | None, typer.Option(help="May be given more than once.")] = None,
    author: Annotated[list[str] | None, typer.Option(help="To follow.")] = None,
    category: Annotated[list[str] | None, typer.Option()] = None,
    liked: Annotated[list[str] | None, typer.Option(help="arXiv:…, doi:…, title: …, or a link.")] = None,
) -> None:
    """Add a reader to the database; mail starts with the next run."""
    context: Context = ctx.obj
    row = {
        "email": email, "name": name, "timezone": timezone, "days": days, "at": at,
        "interests": interest, "authors": author, "categories": category, "liked": liked,
    }  # fmt: skip
    with context.storage() as storage:
        added = add_reader(context.settings, storage, _read(context, row), now=datetime.now(UTC))
    out().print(f"added {added.email}")


@app.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, or JSON as `export --json` prints it.")],
) -> int:
    """Add readers from a file, CSV with a header line or JSON; bad ones are told and passed over."""
    context: Context = ctx.obj
    added = bad = 0
    with context.storage() as storage:
        for line, row in _rows_of(file):
            try:
                import_reader(context, storage, row)
                added += 1
            except UsageError as error:
                bad += 1
                print_warning(f"{file}:{line}: {error}")
    out().print(f"{added} added, {bad} passed over")
    return UsageError.exit_code if bad and not added else 0


def import_reader(context: Context, storage: Storage, row: Mapping[str, Any]) -> None:
    """Adds the reader of one row, paused and with votes where it says so; who has left is not brought back."""
    if row.get("state") in GONE:
        raise UsageError(f"{row.get('email')}: is {row['state']}; only they can start the mail again")
    reader = add_reader(context.settings, storage, _read(context, row), now=datetime.now(UTC))
    if row.get("state") == SubscriberState.PAUSED:
        pause_reader(context.settings, storage, reader.email, until=None, now=datetime.now(UTC))
    for complaint in restore_votes(context, storage, reader.email, row.get("votes")):
        print_warning(complaint)


@app.command("export")
def export(
    ctx: typer.Context,
    email: Annotated[str | None, typer.Argument(metavar="[EMAIL]", help="All that is held of one reader.")] = None,
    json: Json = False,
) -> None:
    """Print readers as CSV, or as JSON; with an address everything that is held of that reader."""
    context: Context = ctx.obj
    with context.storage() as storage:
        if email is not None:
            reader = reader_named(email, context.settings, storage)
            votes = storage.votes.of([reader.id]).get(reader.id, ())
            deliveries = _deliveries(storage.deliveries.find(subscriber=reader.id))
            print_json({**reader_document(reader), "votes": votes_document(votes), "deliveries": deliveries})
            return
        found = readers(context.settings, storage)
        votes_of = storage.votes.of([reader.id for reader in found]) if json else {}
    if json:
        documents = [
            {**reader_document(reader), "votes": votes_document(votes_of.get(reader.id, ()))} for reader in found
        ]
        print_json({"subscribers": documents, "error": None})
        return
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_csv_row(reader) for reader in found)


@app.command()
def pause(
    ctx: typer.Context,
    email: Email,
    days: Annotated[
        int | None, typer.Option(min=1, help="Mail starts again after so many; never by itself without.")
    ] = None,
) -> None:
    """Stop the mail for a while."""
    context: Context = ctx.obj
    until = date.today() + timedelta(days=days) if days else None  # noqa: DTZ011 the operator's own calendar
    with context.storage() as storage:
        pause_reader(context.settings, storage, email, until=until, now=datetime.now(UTC))
    out().print(f"paused {email}" + (f" until {until}" if until else ""))


@app.command()
def resume(ctx: typer.Context, email: Email) -> None:
    """Start the mail of a paused reader again."""
    context: Context = ctx.obj
    with context.storage() as storage:
        resume_reader(context.settings, storage, email, now=datetime.now(UTC))
    out().print(f"resumed {email}")


@app.command("leave")
def leave_(ctx: typer.Context, email: Email) -> None:
    """Unsubscribe a reader who asked for it by mail; only the reader can undo it."""
    context: Context = ctx.obj
    with context.storage() as storage:
        leave_by_address(context.settings, storage, email, now=datetime.now(UTC))
    out().print(f"{email} will get no more mail")


@app.command()
def erase(
    ctx: typer.Context,
    email: Email,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase all that is held of a reader, kept mails too; a salted hash stays, so that no import mails them again."""
    context: Context = ctx.obj
    if not yes:
        typer.confirm(f"Erase everything held of {email}?", abort=True)
    with context.storage() as storage:
        erase_reader(context.settings, storage, email, now=datetime.now(UTC))
    out().print(f"erased {email}")


app.command("learn")(learn)


def reader_document(reader: Subscriber) -> dict[str, Any]:
    """One reader as JSON."""
    days, at = _schedule(reader.schedule)
    profile = reader.profile
    return {
        "email": reader.email,
        "name": reader.name,
        "timezone": reader.timezone,
        "days": days,
        "at": at,
        "interests": [_interest(interest) for interest in profile.interests],
        **{field: list(getattr(profile, field)) for field in LIST_FIELDS[1:]},
        "trending": profile.trending,
        "max_papers": profile.max_papers,
        "min_score": profile.min_score,
        "explore": profile.explore,
        "state": reader.state.value,
        "paused_until": reader.paused_until.isoformat() if reader.paused_until else None,
        "owner": reader.owner.value,
    }


def _read(context: Context, row: Mapping[str, Any]) -> Subscriber:
    """The subscriber that a row of a CSV file, or the options of ``add``, describe."""
    given = {key: value for key, value in row.items() if value not in (None, "", [])}
    schedule = {key: given.pop(key) for key in ("days", "at") if key in given}
    if isinstance(schedule.get("days"), str) and "," in schedule["days"]:
        schedule["days"] = [day.strip() for day in schedule["days"].split(",")]
    profile = {key: _listed(given.pop(key)) for key in LIST_FIELDS if key in given}
    profile |= {key: given[key] for key in PROFILE_FIELDS if key in given}
    reader: dict[str, Any] = {key: given[key] for key in ("email", "name", "timezone") if key in given}
    if schedule:
        reader["schedule"] = schedule
    return read_reader({**reader, "profile": profile}, context.settings)


def _listed(value: str | list[str]) -> list[Any]:
    items = value if isinstance(value, list) else [item.strip() for item in value.split(LIST_SEPARATOR) if item.strip()]
    return [_with_weight(item) for item in items]


def _rows_of(file: Path) -> Iterable[tuple[int, Mapping[str, Any]]]:
    """The readers of a file as mappings, each with its line, or its place in a JSON list."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
        if file.suffix.casefold() == ".json":
            yield from enumerate(json.loads(text)["subscribers"], start=1)
            return
        reader = csv.DictReader(io.StringIO(text, newline=""))
        if "email" not in (reader.fieldnames or ()):
            raise UsageError(f"{file}:1: no column `email`; expected a header line such as email,name,interests")
        for row in reader:
            yield reader.line_num, row
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise UsageError(f"{file}: is neither CSV nor JSON in UTF-8: {error}") from error


def _csv_row(reader: Subscriber) -> dict[str, Any]:
    document = reader_document(reader)
    interests = [_interest_text(interest) for interest in reader.profile.interests]
    return {
        column: LIST_SEPARATOR.join(interests if column == "interests" else value) if isinstance(value, list) else value
        for column in COLUMNS
        for value in [document[column]]
    }


def _schedule(schedule: Schedule) -> tuple[str, str | None]:
    """Days and hour as they are written in the YAML."""
    names = {frozenset(range(7)): "daily", frozenset(range(5)): "weekdays", frozenset({0}): "weekly"}
    days = names.get(schedule.days) or ",".join(DAYS[day] for day in sorted(schedule.days))
    return days, schedule.at.isoformat("minutes") if schedule.at else None


def _interest(interest: Interest | str) -> str | dict[str, Any]:
    interest = Interest.of(interest)
    return interest.text if interest.weight == 1 else {"text": interest.text, "weight": interest.weight}


def _interest_text(interest: Interest | str) -> str:
    interest = Interest.of(interest)
    return interest.text if interest.weight == 1 else f"{interest.text}^{interest.weight:g}"


def _with_weight(text: Any) -> Any:
    """``continual learning^2``: an interest of weight 2, as CSV files and options write it."""
    if not isinstance(text, str):
        return text
    phrase, caret, weight = text.rpartition("^")
    return {"text": phrase, "weight": weight} if caret and weight.replace(".", "", 1).isdigit() else text


def _cell(value: object) -> str:
    return "; ".join(str(item) for item in value) if isinstance(value, list) else "" if value is None else str(value)


def _deliveries(found: Iterable[Delivery]) -> list[dict[str, Any]]:
    return [
        {
            "date": one.local_date.isoformat(),
            "state": one.state.value,
            "sent_at": iso(one.sent_at),
            "shown": list(one.shown),
        }
        for one in found
    ]
