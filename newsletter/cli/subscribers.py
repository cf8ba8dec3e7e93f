"""``newsletter subscribers``: readers of the database, and a look at those of the file."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from newsletter.cli.context import Context, Json
from newsletter.cli.learning import learn, restore_votes, votes_document
from newsletter.cli.links import link
from newsletter.cli.output import out, print_json, print_warning, table
from newsletter.cli.reader_rows import COLUMNS, csv_row, read_row, reader_document, rows_of, schedule_words
from newsletter.errors import UsageError
from newsletter.model import Subscriber, SubscriberState
from newsletter.storage import Storage
from newsletter.subscriptions import (
    UNCONFIRMED,
    add_reader,
    approve_reader,
    decline_reader,
    erase_reader,
    export_reader,
    is_address,
    leave_by_address,
    pause_reader,
    reader_named,
    readers,
    resume_reader,
)
from newsletter.text.instants import told_instant

app = typer.Typer(help="Readers: list, add, import, pause, export, erase.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL")]
GONE = {SubscriberState.LEFT, SubscriberState.REMOVED, *UNCONFIRMED}
"""States that an import must not turn into mail."""


@app.command("list")
def show_all(ctx: typer.Context, json: Json = False) -> None:
    """List all readers, of the file and of the database."""
    context: Context = ctx.obj
    with context.storage() as storage:
        found = readers(context.settings, storage)
        barred = storage.suppressions.reasons(reader.email for reader in found)
    if json:
        documents = [reader_document(r, _reason(barred.get(r.email))) for r in found]
        print_json({"subscribers": documents, "error": None, "exit_code": 0})
        return
    rows = [
        (r.email, r.name, _state(r, barred.get(r.email)), r.owner, r.timezone, *schedule_words(r.schedule))
        for r in found
    ]
    out().print(table("address", "name", "state", "owner", "zone", "days", "at", rows=rows))


@app.command()
def show(ctx: typer.Context, email: Email, json: Json = False) -> None:
    """Show one reader with the whole profile."""
    context: Context = ctx.obj
    with context.storage() as storage:
        reader = reader_named(email, context.settings, storage)
        barred = storage.suppressions.reasons([reader.email]).get(reader.email)
    document = reader_document(reader, _reason(barred))
    if json:
        print_json({**document, "error": None})
        return
    document["suppressed"] = barred and _told(barred)
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
        added = add_reader(context.settings, storage, read_row(row, context.settings), now=datetime.now(UTC))
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
        for line, row in rows_of(file):
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
    reader = add_reader(context.settings, storage, read_row(row, context.settings), now=datetime.now(UTC))
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
            barred = storage.suppressions.reasons([reader.email]).get(reader.email)
            print_json({**reader_document(reader, _reason(barred)), **export_reader(storage, reader)})
            return
        found = readers(context.settings, storage)
        votes_of = storage.votes.of([reader.id for reader in found]) if json else {}
        suppressed = storage.suppressions.reasons(reader.email for reader in found) if json else {}
    if json:
        documents = [
            {
                **reader_document(reader, _reason(suppressed.get(reader.email))),
                "votes": votes_document(votes_of.get(reader.id, ())),
            }
            for reader in found
        ]
        print_json({"subscribers": documents, "error": None})
        return
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(csv_row(reader) for reader in found)


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


@app.command()
def approve(ctx: typer.Context, email: Email) -> None:
    """Say yes to somebody who signed up and waits for it; a mail tells them."""
    context: Context = ctx.obj
    with context.storage() as storage:
        approve_reader(context.settings, storage, email, now=datetime.now(UTC))
    out().print(f"approved {email}")


@app.command()
def decline(ctx: typer.Context, email: Email) -> None:
    """Say no to somebody who signed up and waits for a yes: all that is held of them goes, and no mail tells them."""
    context: Context = ctx.obj
    with context.storage() as storage:
        decline_reader(context.settings, storage, email)
    out().print(f"declined {email}")


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
    is_in_file = any(is_address(reader.email, email) for reader in context.settings.readers)
    more = f"; delete their lines in {context.config_folder.name}/subscribers.yaml too" if is_in_file else ""
    out().print(f"erased {email}{more}")


app.command("learn")(learn)
app.command("link")(link)


Barred = tuple[str, datetime]
"""Why an address is suppressed, and since when."""


def _reason(barred: Barred | None) -> str | None:
    return barred[0] if barred else None


def _told(barred: Barred) -> str:
    return f"{barred[0]}, since {told_instant(barred[1])}"


def _state(reader: Subscriber, barred: Barred | None) -> str:
    return f"{reader.state}, but suppressed ({_told(barred)})" if barred else reader.state.value


def _cell(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(map(_item, value))
    return "" if value is None else str(value)


def _item(item: object) -> str:
    """A member of a list; an interest with a weight of its own as words."""
    return f"{item['text']} (weight {item['weight']:g})" if isinstance(item, dict) else str(item)
