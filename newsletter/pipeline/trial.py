"""One real mail to the operator, outside the ledger."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime

from newsletter.addresses import wire_address
from newsletter.config.settings import Settings
from newsletter.errors import ProviderError, UsageError
from newsletter.model import Outcome, Verdict
from newsletter.pipeline.looking import look_at_all
from newsletter.pipeline.messages import Letterhead
from newsletter.pipeline.providers import make_provider
from newsletter.rendering import message_id
from newsletter.rendering.headers import BY_A_MACHINE
from newsletter.storage import Storage

NOBODY = "test"
"""The id in the links of a test mail; no subscriber has it."""


def send_test(settings: Settings, storage: Storage, *, to: str, as_reader: str | None, now: datetime) -> Outcome:
    """Sends the digest of ``as_reader`` (default: the first reader) to ``to``, and tells what the provider said.

    ProviderError where it did not take the mail; ProviderRefused where it does not let us in.
    """
    try:
        wire_address(to)
    except ValueError as error:
        raise UsageError(f"{to}: {error}; expected one such as you@example.org") from error
    letterhead = Letterhead(settings)
    first = next(iter(look_at_all(settings, storage, address=as_reader, now=now)))
    # Of nobody: the links of a test mail must not unsubscribe the reader whose digest it shows.
    reader = replace(first.reader, email=to, id=NOBODY)
    # A new Message-ID each time: mail programs hide a second mail with the same one.
    named = message_id(settings.sender, first.digest.edition, reader.id, secrets.token_hex(4))
    message = letterhead.render(first.digest, reader, message_id=named, date=now, headers=[BY_A_MACHINE])
    with make_provider(settings) as provider:
        outcome = next(iter(provider.send([message])))
    if outcome.verdict is not Verdict.SENT:
        raise ProviderError(f"{provider.name} did not take the mail for {to}: {outcome.verdict}, {outcome.detail}")
    return outcome
