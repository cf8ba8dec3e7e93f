"""Through a mail server, over one connection that is kept."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from types import TracebackType
from typing import Self, cast

from newsletter.addresses import wire_address
from newsletter.config.settings import SmtpProvider
from newsletter.delivery import NO_SURROUNDINGS, Surroundings
from newsletter.delivery.groups import Groups, Unsendable, Wait, describe
from newsletter.delivery.smtp_answers import Reply, Stage, asks_everyone_to_wait, outcome_of, refuses_us
from newsletter.delivery.smtp_body import wire_body
from newsletter.delivery.smtp_connection import connect
from newsletter.delivery.smtp_dialogue import Dialogue, Envelope
from newsletter.errors import ProviderRefused
from newsletter.model import Message, Outcome

GOODBYE_SECONDS = 5.0


class Smtp:
    """One connection to a mail server, kept from the first message to the last."""

    name = "smtp"
    idempotency_seconds = 0

    def __init__(self, settings: SmtpProvider, surroundings: Surroundings = NO_SURROUNDINGS) -> None:
        self._settings = settings
        self._surroundings = surroundings
        self._place = f"{settings.host}:{settings.port}"
        self._groups = Groups(place=self._place)
        self._server: smtplib.SMTP | None = None
        self._dialogue: Dialogue | None = None
        self._ahead: Letter | None = None

    def __enter__(self) -> Self:
        self._connected()
        return self

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """One outcome a message; see ``Provider.send``."""
        following = (*messages[1:], None)
        return self._groups.watch(map(self._deliver, messages, following))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._dialogue is not None:
            self._dialogue.leave(timeout_seconds=min(GOODBYE_SECONDS, self._settings.timeout_seconds))
        self._close()

    def _deliver(self, message: Message, following: Message | None) -> Outcome:
        try:
            letter = self._letter(message)
        except Unsendable as error:
            return error.outcome
        reply = self._converse(letter, following)
        if reply.stage is Stage.MAIL and reply.closes:
            # The server may have closed a connection that was idle: one more try on a new one.
            reply = self._converse(letter, following)
        if refuses_us(reply):
            raise ProviderRefused(f"{self._place}: refuses us at {reply.stage}: {describe(reply.text, message)}")
        outcome = outcome_of(reply, message)
        if asks_everyone_to_wait(reply):
            raise Wait(outcome)
        return outcome

    def _converse(self, letter: Letter, following: Message | None) -> Reply:
        """The reply that decided about the message: the first no, or the one to its end."""
        _, dialogue = self._connected()
        reply = dialogue.announce(letter.envelope)
        if reply.accepts:
            self._ahead = self._look_ahead(following)
            lost = dialogue.hand_over(letter.body, self._ahead.envelope if self._ahead else None)
            if self._ahead:
                _ = self._ahead.body  # made while the server reads this one
            reply = lost or dialogue.read_answer()
        if not dialogue.is_open:
            self._close()
        return reply

    def _look_ahead(self, following: Message | None) -> Letter | None:
        """The letter that comes next, where it can be announced already; what is wrong with it is told in its turn."""
        try:
            return self._letter(following) if following else None
        except (Unsendable, ProviderRefused):
            return None

    def _letter(self, message: Message) -> Letter:
        if self._ahead is not None and self._ahead.message is message:
            return self._ahead
        return Letter(message, self._envelope(message))

    def _envelope(self, message: Message) -> Envelope:
        """How the message is addressed; raises ``Unsendable`` where this server cannot take the address."""
        try:
            recipient = wire_address(message.recipient.email)
        except ValueError as error:
            raise Unsendable(str(error), address_is_bad=True) from error
        try:
            sender = wire_address(message.return_path or message.sender.email)
        except ValueError as error:
            raise ProviderRefused(f"the sender {message.sender.email!r} is {error}; set from.email") from error
        server, _ = self._connected()
        options = f" SIZE={len(message.raw)}" if server.has_extn("size") else ""
        if not (sender + recipient).isascii():
            if not server.has_extn("smtputf8"):
                raise Unsendable("the server takes no address with a non-ASCII local part")
            options += " SMTPUTF8 BODY=8BITMIME"
        return Envelope(f"FROM:<{sender}>{options}", f"TO:<{recipient}>")

    def _connected(self) -> tuple[smtplib.SMTP, Dialogue]:
        if self._server is None or self._dialogue is None:
            self._server = connect(self._settings, self._surroundings, place=self._place)
            connection = cast("socket.socket", self._server.sock)
            self._dialogue = Dialogue(connection, pipelining=self._server.has_extn("pipelining"))
        return self._server, self._dialogue

    def _close(self) -> None:
        if self._server is not None:
            with suppress(OSError):
                self._server.close()
        self._server = self._dialogue = None


class Letter:
    """A message, addressed."""

    def __init__(self, message: Message, envelope: Envelope) -> None:
        self.message = message
        self.envelope = envelope

    @cached_property
    def body(self) -> bytes:
        """As it travels."""
        return wire_body(self.message.raw)
