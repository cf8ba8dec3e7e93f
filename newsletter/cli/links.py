"""``newsletter subscribers link``: a reader's way to their own page, for whoever has lost all mails."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from newsletter.cli.context import Context, Json
from newsletter.cli.output import out, print_json
from newsletter.errors import UsageError
from newsletter.pipeline.messages import Letterhead
from newsletter.subscriptions import stored_reader


def link(ctx: typer.Context, email: Annotated[str, typer.Argument(metavar="EMAIL")], json: Json = False) -> None:
    """Print the link to a reader's preferences, to hand to them alone: whoever has it may change what they get."""
    context: Context = ctx.obj
    now = datetime.now(UTC)
    letterhead = Letterhead(context.settings)
    with context.storage() as storage:
        reader = stored_reader(context.settings, storage, email, now=now)
    address = letterhead.links(reader, now.date()).preferences
    if address is None:
        raise UsageError("there are no links without `base_url` in newsletter.yaml and NEWSLETTER_SECRET_KEY")
    if json:
        print_json({"email": reader.email, "preferences": address, "error": None, "exit_code": 0})
    else:
        out().print(address, soft_wrap=True, markup=False, highlight=False)
