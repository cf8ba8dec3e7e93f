"""``newsletter suppressions``: addresses that are not mailed any more, and letting one be mailed again."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli.context import Context, Json
from newsletter.cli.output import out, print_json, short_time, table
from newsletter.errors import UsageError
from newsletter.model import SubscriberState
from newsletter.storage.suppressions import BOUNCED, COMPLAINED, ERASED, UNSUBSCRIBED
from newsletter.subscriptions import Barred, find_suppression, lift_suppression
from newsletter.text.instants import iso, told_instant
from newsletter.text.numbers import counted

app = typer.Typer(help="Addresses that are not mailed: list them, lift one.", no_args_is_help=True)

CONSEQUENCES = {
    BOUNCED: "its bounces are forgotten; if the mailbox is still gone, the next mail suppresses it again",
    UNSUBSCRIBED: "whoever unsubscribed has left all the same, and can sign up again",
    COMPLAINED: "somebody there called a mail spam: lift it only if they asked you to",
    ERASED: "somebody there asked to be forgotten: with this a file or an import may mail them again",
}


@app.command("list")
def show(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="At most so many readers, latest first.")] = 100,
    json: Json = False,
) -> None:
    """List suppressed readers, and how many addresses are suppressed for each reason."""
    context: Context = ctx.obj
    with context.storage() as storage:
        counts, found = storage.suppressions.counts(), storage.suppressions.latest(limit)
    if json:
        listed = [{"subscriber": one.email, "reason": one.reason, "at": iso(one.at)} for one in found]
        print_json({"reasons": counts, "readers": listed, "error": None, "exit_code": 0})
        return
    if not counts:
        out().print("no address is suppressed")
        return
    told = ", ".join(f"{count} {reason}" for reason, count in counts.items())
    out().print(f"{counted(sum(counts.values()), 'address', 'addresses')}: {told}")
    rows = [(one.email, one.reason, short_time(one.at)) for one in found]
    out().print(table("reader", "reason", "since", rows=rows))


@app.command()
def lift(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Let an address be mailed again, as if nothing had ever bounced there; who has left stays away."""
    context: Context = ctx.obj
    with context.storage() as storage:
        barred = find_suppression(storage, email)
        if barred is None:
            raise UsageError(f"{email}: is not suppressed (`newsletter suppressions list` shows the readers who are)")
        out().print(f"{email}: {barred.reason}, since {told_instant(barred.since)}", markup=False)
        out().print(CONSEQUENCES.get(barred.reason, "mail to it may start again"), markup=False)
        if not yes:
            typer.confirm("Lift it?", abort=True)
        lift_suppression(storage, email)
    out().print(f"lifted {email}{_what_is_left(barred)}", markup=False)


def _what_is_left(barred: Barred) -> str:
    """Why lifting alone starts no mail."""
    if barred.reader is None:
        return "; no reader has this address"
    if barred.reader.state is SubscriberState.ACTIVE:
        return "; mail starts with the next run"
    return f"; the reader is {barred.reader.state}, so that no mail goes there yet"
