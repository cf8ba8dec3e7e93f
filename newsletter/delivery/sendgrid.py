"""Through SendGrid's v3 API, one request a message over a connection that is kept.

The ``sendgrid`` package says what stands in a request. Its client opens a connection a request, waits without limit and
does not tell whether a request left us, so the bytes travel over a connection of our own.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from types import TracebackType
from typing import Self

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import Url, parse_url

from newsletter.config.settings import SendgridProvider
from newsletter.delivery import NO_SURROUNDINGS, Surroundings
from newsletter.delivery.groups import Groups, Unsendable, Wait, describe
from newsletter.delivery.sendgrid_answers import Answer, outcome_of, refuses_us, words_of
from newsletter.delivery.sendgrid_request import write_request
from newsletter.errors import ProviderError, ProviderRefused, UsageError, reason_of
from newsletter.model import Message, Outcome, Verdict

MAX_ANSWER_BYTES = 65_536

_BROKEN = (OSError, HTTPException, HTTPError)
_UNCERTAIN = Outcome(verdict=Verdict.UNCERTAIN, detail="connection lost after the request, before its answer")
_DEFERRED = Outcome(verdict=Verdict.DEFERRED, detail="connection lost inside the request")


class Sendgrid:
    """One connection to SendGrid."""

    name = "sendgrid"
    idempotency_seconds = 0

    def __init__(self, settings: SendgridProvider, surroundings: Surroundings = NO_SURROUNDINGS) -> None:
        self._settings = settings
        self._surroundings = surroundings
        self._url = parse_url(settings.host + "/v3/mail/send")
        self._head = _request_head(self._url, settings.api_key.get_secret_value())
        self._ahead: tuple[Message, bytes] | None = None
        self._groups = Groups(place=settings.host)
        self._connection: HTTPConnection | None = None

    def __enter__(self) -> Self:
        self._connected()
        return self

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """One outcome a message; see ``Provider.send``. ``provider_id`` is SendGrid's X-Message-Id."""
        return self._groups.watch(map(self._deliver, messages, (*messages[1:], None)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _deliver(self, message: Message, following: Message | None) -> Outcome:
        try:
            body = self._body(message)
        except Unsendable as error:
            return error.outcome
        answer = self._ask(body, following)
        if isinstance(answer, Outcome):
            return answer
        if refuses_us(answer):
            raise ProviderRefused(f"{self._settings.host}: refuses us: {describe(words_of(answer), message)}")
        outcome = outcome_of(answer, message, clock=time.time())
        if answer.status == 429:
            raise Wait(outcome)
        return outcome

    def _body(self, message: Message) -> bytes:
        if self._ahead is not None and self._ahead[0] is message:
            return self._ahead[1]
        return write_request(message, sandbox=self._settings.sandbox)

    def _look_ahead(self, following: Message | None) -> None:
        """Writes the next request while the server reads this one; what is wrong with it is told in its turn."""
        with suppress(Unsendable, ProviderRefused):
            self._ahead = (following, self._body(following)) if following else None

    def _ask(self, body: bytes, following: Message | None) -> Answer | Outcome:
        """The answer to a request, or what it means that there is none."""
        for _ in range(2):  # a server may have closed a connection that was idle: one more try on a new one
            connection = self._connected()
            is_whole = self._write(connection, body)
            self._look_ahead(following)
            answer = self._read(connection)
            if answer is not None:
                return answer
            self._close()
            if is_whole:
                return _UNCERTAIN
        return _DEFERRED

    def _write(self, connection: HTTPConnection, body: bytes) -> bool:
        """Whether all of the request left us; nobody can act upon a part of it."""
        try:
            connection.sock.sendall(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        except OSError:
            return False
        return True

    def _read(self, connection: HTTPConnection) -> Answer | None:
        response = HTTPResponse(connection.sock, method="POST")
        try:
            response.begin()
        except _BROKEN:
            return None
        try:
            body = response.read(MAX_ANSWER_BYTES)
            is_read = not response.read(1)
        except _BROKEN:
            body, is_read = b"", False
        if response.will_close or not is_read:
            self._close()
        return Answer(response.status, response.headers, body)

    def _connected(self) -> HTTPConnection:
        if self._connection is not None and not _is_alive(self._connection):
            self._close()
        if self._connection is None:
            self._connection = _connect(self._url, self._settings, self._surroundings)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _request_head(url: Url, api_key: str) -> bytes:
    """The head of every request, up to its length."""
    if not re.fullmatch(r"[!-~]+", api_key):
        raise UsageError("provider.api_key is empty or holds characters that no key has")
    lines = (
        f"POST {url.request_uri} HTTP/1.1",
        f"Host: {url.netloc}",
        f"Authorization: Bearer {api_key}",
        "Content-Type: application/json",
        "Accept: application/json",
        "User-Agent: newsletter",
        "Content-Length: ",
    )
    return "\r\n".join(lines).encode("ascii")


def _connect(url: Url, settings: SendgridProvider, surroundings: Surroundings) -> HTTPConnection:
    timeout = settings.timeout_seconds
    host = (url.host or "").strip("[]")
    connection = (
        HTTPConnection(host, url.port, timeout=timeout)
        if url.scheme == "http"
        else HTTPSConnection(host, url.port, timeout=timeout, ssl_context=surroundings.tls)
    )
    try:
        connection.connect()
    except (*_BROKEN, UnicodeError) as error:
        connection.close()
        raise ProviderError(f"{settings.host}: cannot be reached: {reason_of(error)}") from error
    return connection


def _is_alive(connection: HTTPConnection) -> bool:
    """Whether an idle connection is open and quiet: one that the server has closed must not be given a request."""
    if connection.sock is None:
        return False
    connection.sock.settimeout(0)
    try:
        connection.sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    finally:
        connection.sock.settimeout(connection.timeout)
    return False
