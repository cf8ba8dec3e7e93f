"""Messages as text on the terminal: what a mail client without HTML would show."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator, Sequence
from email.utils import format_datetime
from types import TracebackType
from typing import Self

from newsletter.config.settings import ConsoleProvider
from newsletter.delivery import NO_SURROUNDINGS, Surroundings
from newsletter.errors import ProviderError, reason_of
from newsletter.model import Mailbox, Message, Outcome, Verdict
from newsletter.text import one_line

RULE = "-" * 72

_KEPT_CONTROLS = "\n\t"
_CONTROLS = ("Cc", "Cs")


class Console:
    """Writes headers and text part of each message to a stream."""

    name = "console"
    idempotency_seconds = 0

    def __init__(self, settings: ConsoleProvider, surroundings: Surroundings = NO_SURROUNDINGS) -> None:
        del settings  # there is nothing to set
        self._stream = surroundings.stream or sys.stdout

    def __enter__(self) -> Self:
        return self

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """One outcome a message; see ``Provider.send``."""
        for message in messages:
            try:
                self._stream.write(_fit(show(message), self._stream.encoding))
                self._stream.flush()
            except (OSError, ValueError) as error:
                raise ProviderError(f"the terminal cannot be written to: {reason_of(error)}") from error
            yield Outcome(verdict=Verdict.SENT)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leaves the stream open: it is not ours."""


def show(message: Message) -> str:
    """The message as a person reads it: headers decoded, text part, a rule; no control characters."""
    headers = (
        ("From", _mailbox(message.sender)),
        ("To", _mailbox(message.recipient)),
        ("Subject", message.subject),
        ("Date", format_datetime(message.date)),
        ("Message-ID", message.message_id),
        *message.headers,
    )
    head = "\n".join(f"{name}: {one_line(value)}" for name, value in headers)
    body = "".join(c for c in message.text if c in _KEPT_CONTROLS or unicodedata.category(c) not in _CONTROLS)
    return f"{head}\n\n{body.rstrip()}\n{RULE}\n"


def _mailbox(mailbox: Mailbox) -> str:
    return f"{mailbox.name} <{mailbox.email}>" if mailbox.name else mailbox.email


def _fit(text: str, encoding: str | None) -> str:
    """The text with what the terminal has no letters for as question marks."""
    encoding = encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
