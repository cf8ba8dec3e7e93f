"""``newsletter tokens``: who may call the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from newsletter.cli.context import Context, Json
from newsletter.cli.output import out, print_json, short_time, table
from newsletter.errors import UsageError
from newsletter.model import ApiToken
from newsletter.text import one_line
from newsletter.text.instants import iso
from newsletter.web.api.scopes import MEANINGS, Scope

app = typer.Typer(help="Tokens of the API: add, list, revoke.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the token is for, such as dashboard.")]


@app.command()
def add(
    ctx: typer.Context,
    name: Name,
    scope: Annotated[list[Scope] | None, typer.Option(help="What it may do; may be given more than once.")] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3660, help="It expires after so many; never without.", show_default=False)
    ] = None,
) -> None:
    """Make a token and show it, this once: only its hash is kept."""
    context: Context = ctx.obj
    if not scope:
        told = "; ".join(f"{one}: {meaning}" for one, meaning in MEANINGS.items())
        raise UsageError(f"say what it may do, with at least one --scope ({told})")
    if not name.strip() or one_line(name) != name:
        raise UsageError("a token's name is one line of text, such as dashboard")
    now = datetime.now(UTC)
    with context.storage() as storage:
        expires_at = None if days is None else now + timedelta(days=days)
        _, secret = storage.api_tokens.add(name, scope, at=now, expires_at=expires_at)
    typer.echo(secret)


@app.command("list")
def show(ctx: typer.Context, json: Json = False) -> None:
    """List tokens; what they are is nowhere to be seen any more."""
    context: Context = ctx.obj
    with context.storage() as storage:
        found = storage.api_tokens.all()
    if json:
        print_json({"tokens": [_document(token) for token in found], "error": None, "exit_code": 0})
        return
    if not found:
        out().print("there are no tokens (`newsletter tokens add NAME --scope status:read` makes one)")
        return
    rows = [
        (
            token.name,
            ", ".join(sorted(token.scopes)),
            short_time(token.created_at),
            short_time(token.expires_at) if token.expires_at else "never",
            token.used_on or "never",
        )
        for token in found
    ]
    out().print(table("name", "may", "made", "expires", "last used", rows=rows))


@app.command()
def revoke(ctx: typer.Context, name: Name) -> None:
    """End a token, at once."""
    context: Context = ctx.obj
    with context.storage() as storage:
        if not storage.api_tokens.revoke(name):
            raise UsageError(f"{name}: there is no token of this name; `newsletter tokens list` shows those there are")
    out().print(f"revoked {name}")


def _document(token: ApiToken) -> dict[str, object]:
    return {
        "name": token.name,
        "scopes": sorted(token.scopes),
        "created_at": iso(token.created_at),
        "expires_at": iso(token.expires_at),
        "used_on": token.used_on.isoformat() if token.used_on else None,
    }
