"""``newsletter send-test``."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter import pipeline
from newsletter.cli.context import Context, Now, read_now
from newsletter.cli.output import out


def send_test(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Where it goes: your own address.")],
    as_reader: Annotated[
        str | None, typer.Option("--as", metavar="SUBSCRIBER", help="Whose digest; default the first reader's.")
    ] = None,
    now: Now = None,
) -> None:
    """Send one real mail to yourself, outside the ledger: proves the provider's settings."""
    context: Context = ctx.obj
    with context.storage() as storage:
        outcome = pipeline.send_test(context.settings, storage, to=email, as_reader=as_reader, now=read_now(now))
    provider = context.settings.provider.kind
    out().print(f"[green]accepted[/] by {provider} for {email}" + (f" ({outcome.detail})" if outcome.detail else ""))
