"""``newsletter desk``: the password of the operator's pages."""

from __future__ import annotations

import sys

import typer

from newsletter.cli.output import err
from newsletter.config.passwords import LONGEST, SHORTEST, hash_password
from newsletter.errors import UsageError

app = typer.Typer(help="The operator's pages: their password.", no_args_is_help=True)

VARIABLE = "NEWSLETTER_DESK_HASH"


@app.callback()
def desk() -> None:
    """Takes nothing; there is one command so far, and it keeps its name."""


@app.command()
def password() -> None:
    """Ask for a password twice, unseen, and print what belongs into .env: a slow hash of it, never itself."""
    given = typer.prompt("Password of the desk", hide_input=True, confirmation_prompt="Once more", err=True)
    if not SHORTEST <= len(given) <= LONGEST:
        raise UsageError(f"a password of {len(given)} characters; expected {SHORTEST} or more, such as four words")
    sys.stdout.write(f"{VARIABLE}={hash_password(given)}\n")
    sys.stdout.flush()
    err().print(f'Put this line into .env, and `desk: {{password_hash: "${{{VARIABLE}}}"}}` into newsletter.yaml.')
