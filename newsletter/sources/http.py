"""The only door to the network: bounded in time, bytes and hops, polite, and deaf to private addresses."""

from __future__ import annotations

import base64
import logging
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import SplitResult, unquote, urljoin, urlsplit, urlunsplit

from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import HTTPError

from newsletter import __version__
from newsletter.errors import SourceError
from newsletter.sources.addresses import Allowed
from newsletter.sources.connection import Door, Resolve, explained, pooled, resolve
from newsletter.sources.inflate import Inflater
from newsletter.sources.trouble import Overdue, Refused, Unreachable, refused, show

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 100
"""Kept open to one host."""
_CHUNK_BYTES = 65_536
_SAFE_ELSEWHERE = frozenset({"Accept", "Accept-Encoding", "User-Agent", "If-None-Match", "If-Modified-Since"})
"""Headers that may follow a redirect to another host: those without a secret."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one request may take."""

    seconds: float = 60.0
    """From the first look-up to the last byte: redirects, further attempts and the pauses before them included."""
    connect_seconds: float = 10.0
    read_seconds: float = 20.0
    """Without a single byte."""
    wire_bytes: int = 10_000_000
    plain_bytes: int = 30_000_000
    ratio: int = 100
    """Plain bytes a wire byte."""
    redirects: int = 5
    attempts: int = 3
    """All in all, where the trouble may pass: 429, 5xx, no connection; what took too long is left to a later run."""
    backoff_seconds: float = 1.0
    """Before the second attempt; three times as long before each further one, give or take half."""
    patience_seconds: float = 10.0
    """A Retry-After beyond this is left to a later run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a source answered."""

    status: int
    url: str
    """Where the answer came from in the end."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""
    unchanged: bool = False
    """304: nothing new since ``etag`` and ``last_modified``."""
    moved_to: str | None = None
    """The new address, where every hop on the way said that the move is for good."""


class Http:
    """A pooled client that any number of threads may use at once."""

    def __init__(
        self,
        *,
        contact: str,
        allow: Sequence[str] = (),
        limits: Limits = Limits(),
        resolve: Resolve = resolve,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``contact`` goes into the User-Agent; ``allow`` lists private hosts and networks that may be read."""
        self._limits = limits
        self._sleep = sleep
        self._door = Door(Allowed(allow), connect_seconds=limits.connect_seconds, resolve=resolve)
        self._pools = pooled(self._door, connections=MAX_CONNECTIONS)
        self._agent = f"newsletter/{__version__} (+{re.sub(r'[^!-~]', '', contact)})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def within(self, **limits: Any) -> Self:
        """The same client, with the same connections, that keeps to some other ``Limits``."""
        other = copy(self)
        other._limits = replace(self._limits, **limits)  # noqa: SLF001 one of our own
        return other

    def close(self) -> None:
        """Lets go of all idle connections."""
        self._pools.clear()

    def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The answer to a GET; raises SourceError, a Refused where the source answered with an error.

        Trouble that may pass is tried again a few times, within the patience of a run that is started by cron.
        """
        validators = {"If-None-Match": etag or "", "If-Modified-Since": last_modified or ""}
        return self._ask(url, {**(headers or {}), **{name: value for name, value in validators.items() if value}})

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str] | None = None) -> Response:
        """The answer to a question that is too long for an address; as ``get``, and never redirected."""
        return self._ask(url, headers or {}, body)

    def _ask(self, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        asked = {"Accept-Encoding": "gzip, deflate", **headers, "User-Agent": self._agent}
        ends_at = time.monotonic() + self._limits.seconds
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._attempt(url, asked, body, seconds=ends_at - time.monotonic())
            except (Refused, Unreachable) as error:
                pause = self._pause(attempt, error)
                if pause is None or time.monotonic() + pause >= ends_at:
                    raise
                log.debug("%s; trying again in %.1f s", error, pause)
                self._sleep(pause)

    def _pause(self, attempt: int, error: Refused | Unreachable) -> float | None:
        """Seconds to wait before the next attempt; ``None`` where there should be none in this run."""
        if attempt >= self._limits.attempts:
            return None
        backoff = self._limits.backoff_seconds * 3.0 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 only jitter
        if isinstance(error, Unreachable):
            return backoff
        if not error.may_pass:
            return None
        wished = error.retry_after_seconds or 0.0
        return max(wished, backoff) if wished <= self._limits.patience_seconds else None

    def _attempt(self, url: str, headers: Mapping[str, str], body: bytes | None, *, seconds: float) -> Response:
        with self._door.watch(seconds) as watch:
            try:
                answer = self._follow(url, dict(headers), body)
            except Refused:
                raise
            except SourceError as error:
                if watch.expired:
                    raise self._overdue(url) from error
                raise type(error)(f"{show(url)}: {error}") from error
            if watch.expired:  # a connection that is shut may look like one that has ended well
                raise self._overdue(url)
            return answer

    def _overdue(self, url: str) -> Overdue:
        return Overdue(f"{show(url)}: took longer than {self._limits.seconds:g} s")

    def _follow(self, url: str, headers: dict[str, str], body: bytes | None) -> Response:
        """Asks, and asks again where the answer is elsewhere; each hop passes the door anew."""
        here = _checked(url)
        if here.username is not None:
            pair = f"{unquote(here.username)}:{unquote(here.password or '')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode("ascii")
        first, for_good = here, here.username is None
        for _ in range(self._limits.redirects + 1):
            response = self._send(here, headers, body)
            there = response.headers.get("location")
            if response.status not in _REDIRECTS or not there or body is not None:
                moved_to = _bare(here) if for_good and here != first else None
                return self._received(response, url, _bare(here), moved_to)
            response.close()
            for_good = for_good and response.status in _PERMANENT
            before, here = here, _checked(there, base=_bare(here))
            if (before.scheme, before.netloc) != (here.scheme, here.netloc):
                headers = {name: value for name, value in headers.items() if name in _SAFE_ELSEWHERE}
        raise SourceError(f"was redirected more than {self._limits.redirects} times")

    def _send(self, url: SplitResult, headers: Mapping[str, str], body: bytes | None) -> BaseHTTPResponse:
        timeout = Timeout(connect=self._limits.connect_seconds, read=self._limits.read_seconds)
        try:
            return self._pools.request(
                "GET" if body is None else "POST",
                _bare(url),
                body=body,
                headers=headers,
                timeout=timeout,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except (HTTPError, OSError, UnicodeError) as error:
            raise explained(error) from error

    def _received(self, response: BaseHTTPResponse, asked: str, url: str, moved_to: str | None) -> Response:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if (response.status >= 300 and response.status != 304) or response.status == 206:
            raise refused(asked, response.status, headers, self._body_of_error(response))
        return Response(
            status=response.status,
            url=url,
            headers=headers,
            body=self._body(response),
            unchanged=response.status == 304,
            moved_to=moved_to,
        )

    def _body(self, response: BaseHTTPResponse) -> bytes:
        limits = self._limits
        inflater = Inflater(
            response.headers.get("content-encoding", ""),
            wire_limit=limits.wire_bytes,
            plain_limit=limits.plain_bytes,
            ratio=limits.ratio,
        )
        whole = False
        try:
            for chunk in response.stream(_CHUNK_BYTES, decode_content=False):
                inflater.feed(chunk)
            whole = True
        except (HTTPError, OSError, ValueError) as error:  # ValueError: a chunk of negative size
            raise explained(error) from error
        finally:
            if not whole:
                response.close()
        response.release_conn()
        return inflater.finish()

    def _body_of_error(self, response: BaseHTTPResponse) -> bytes:
        """What the source says of its error, or nothing: an error is not worth another one."""
        try:
            return self._body(response)
        except SourceError:
            return b""


def _checked(url: str, *, base: str = "") -> SplitResult:
    """The address taken apart, with its host as DNS knows it."""
    try:
        parts = urlsplit(urljoin(base, url))
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https"):
        raise SourceError(f"{show(url)[:120]!r} is no http(s) address")
    user, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}{at}{f'[{host}]' if ':' in host else host}{port}")


def _bare(url: SplitResult) -> str:
    """The address without a password and without a fragment."""
    return urlunsplit(url._replace(netloc=url.netloc.rpartition("@")[2], fragment=""))
