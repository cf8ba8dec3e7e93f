"""Through a mail server, over one connection that is kept.

TLS is never given up: without it, or with a certificate that is not to be trusted, nothing is sent. The settings see
to it that only this machine is talked to without TLS.
"""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from newsletter.addresses import wire_address
from newsletter.config.settings import SmtpProvider
from newsletter.delivery import NO_SURROUNDINGS, Surroundings
from newsletter.delivery.groups import Groups, Wait, describe
from newsletter.delivery.smtp_answers import Reply, Stage, outcome_of, refuses_us
from newsletter.delivery.smtp_dialogue import Envelope, clear_up, converse
from newsletter.errors import ProviderError, ProviderRefused
from newsletter.model import Message, Outcome, Verdict

GOODBYE_SECONDS = 5.0


class Smtp:
    """One connection to a mail server, kept from the first message to the last."""

    name = "smtp"
    idempotency_seconds = 0

    def __init__(self, settings: SmtpProvider, surroundings: Surroundings = NO_SURROUNDINGS) -> None:
        self._settings = settings
        self._surroundings = surroundings
        self._place = f"{settings.host}:{settings.port}"
        self._groups = Groups(self._deliver, place=self._place)
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        self._connected()
        return self

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """One outcome a message; see ``Provider.send``."""
        return self._groups.send(messages)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None and self._server.sock is not None:
            self._server.sock.settimeout(min(GOODBYE_SECONDS, self._settings.timeout_seconds))
            with suppress(OSError):
                self._server.quit()
        self._close()

    def _deliver(self, message: Message) -> Outcome:
        try:
            recipient = wire_address(message.recipient.email)
        except ValueError as error:
            return Outcome(verdict=Verdict.REFUSED, detail=str(error), address_is_bad=True)
        envelope = self._envelope(message, recipient)
        if envelope is None:
            return Outcome(verdict=Verdict.REFUSED, detail="the server takes no address with a non-ASCII local part")
        reply = self._converse(envelope, message.raw)
        if reply.stage is Stage.MAIL and reply.closes:
            # The server may have closed a connection that was idle: one more try on a new one.
            reply = self._converse(envelope, message.raw)
        if refuses_us(reply):
            raise ProviderRefused(f"{self._place}: refuses us at {reply.stage}: {describe(reply.text, message)}")
        outcome = outcome_of(reply, message)
        if reply.code == 421:
            raise Wait(outcome)
        return outcome

    def _envelope(self, message: Message, recipient: str) -> Envelope | None:
        """How the message is addressed, or ``None`` where this server cannot take the address."""
        try:
            sender = wire_address(message.sender.email)
        except ValueError as error:
            raise ProviderRefused(f"the sender {message.sender.email!r} is {error}; set from.email") from error
        server = self._connected()
        options = f" SIZE={len(message.raw)}" if server.has_extn("size") else ""
        if not (sender + recipient).isascii():
            if not server.has_extn("smtputf8"):
                return None
            options += " SMTPUTF8 BODY=8BITMIME"
        return Envelope(f"FROM:<{sender}>{options}", f"TO:<{recipient}>")

    def _converse(self, envelope: Envelope, raw: bytes) -> Reply:
        server = self._connected()
        reply = converse(server, envelope, raw)
        if not clear_up(server, reply):
            self._close()
        return reply

    def _connected(self) -> smtplib.SMTP:
        if self._server is None:
            self._server = _connect(self._settings, self._surroundings, place=self._place)
        return self._server

    def _close(self) -> None:
        if self._server is not None:
            with suppress(OSError):
                self._server.close()
        self._server = None


def _connect(settings: SmtpProvider, surroundings: Surroundings, *, place: str) -> smtplib.SMTP:
    """A connection that is greeted, encrypted as the settings say, and logged in."""
    try:
        server = _greet(settings, surroundings)
        try:
            _introduce(server, settings, surroundings)
        except BaseException:
            server.close()
            raise
    except ssl.SSLCertVerificationError as error:
        raise ProviderError(f"{place}: its certificate is not to be trusted: {error.verify_message}") from error
    except smtplib.SMTPNotSupportedError as error:
        raise ProviderError(f"{place}: {error}; provider.tls and provider.port must fit the server") from error
    except smtplib.SMTPResponseException as error:
        words = f"{place}: {error.smtp_code} {_words(error.smtp_error)}"
        raise (ProviderRefused if error.smtp_code >= 500 else ProviderError)(words) from error
    except (OSError, UnicodeError) as error:
        raise ProviderError(f"{place}: cannot be reached: {error}") from error
    return server


def _greet(settings: SmtpProvider, surroundings: Surroundings) -> smtplib.SMTP:
    if settings.tls == "implicit":
        return smtplib.SMTP_SSL(
            settings.host, settings.port, timeout=settings.timeout_seconds, context=surroundings.tls
        )
    return smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout_seconds)


def _introduce(server: smtplib.SMTP, settings: SmtpProvider, surroundings: Surroundings) -> None:
    if server.sock is not None:
        # The end of a message goes out by itself after its body: without this it would wait for an ACK each time.
        server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server.ehlo_or_helo_if_needed()
    if settings.tls == "starttls":
        server.starttls(context=surroundings.tls)
        server.ehlo_or_helo_if_needed()
    if server.has_extn("smtputf8"):
        server.command_encoding = "utf-8"
    if settings.username is not None and settings.password is not None:
        _log_in(server, settings.username, settings.password.get_secret_value())


def _log_in(server: smtplib.SMTP, username: str, password: str) -> None:
    """By PLAIN or LOGIN in UTF-8; the library's own login knows ASCII only."""
    mechanisms = server.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in mechanisms:
        code, text = server.docmd("AUTH", f"PLAIN {_base64(f'{chr(0)}{username}{chr(0)}{password}')}")
    elif "LOGIN" in mechanisms:
        code, text = server.docmd("AUTH", f"LOGIN {_base64(username)}")
        if code == 334:
            code, text = server.docmd(_base64(password))
    else:
        raise smtplib.SMTPNotSupportedError("it offers no login by PLAIN or LOGIN")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, text)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _words(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
