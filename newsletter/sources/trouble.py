"""What goes wrong between us and a source, in words that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from newsletter.errors import SourceError

LONGEST_RETRY_AFTER_SECONDS = 86_400.0
_SECRET = re.compile(r"(?i)([?&][^=&]*(?:key|token|secret|auth|pass|sig)[^=&]*=)[^&]*")


class Refused(SourceError):
    """The source answered, and the answer is an error."""

    def __init__(
        self, message: str, *, status: int, retry_after_seconds: float | None = None, body: bytes = b""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        self.body = body


class Unreachable(SourceError):
    """No whole answer came back; trying again may help."""


class Unreadable(SourceError):
    """The reader of an answer went wrong over it, or had to be ended."""


class Overdue(SourceError):
    """No whole answer came back within all the time there was."""


def retry_after_seconds(value: str | None, *, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header in either of its forms, at most a day; ``None`` where it says nothing.

    >>> retry_after_seconds("120", now=datetime(2026, 1, 1, tzinfo=UTC))
    120.0
    >>> retry_after_seconds("Thu, 01 Jan 2026 00:01:00 GMT", now=datetime(2026, 1, 1, tzinfo=UTC))
    60.0
    """
    if not value:
        return None
    if value.strip().isdecimal():
        seconds = float(value)
    else:
        try:
            at = parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)


def show(url: str) -> str:
    """The address as it may be printed: without a password, and without the values of keys and tokens."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return _SECRET.sub(r"\1…", f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}" if mark else url)


def refused(url: str, status: int, headers: Mapping[str, str], body: bytes) -> Refused:
    """The error for an answer with that status, with what to do about it."""
    wait = retry_after_seconds(headers.get("retry-after"), now=datetime.now(UTC))
    hint = _HINTS.get(status, "")
    if wait:
        hint = f"; asks us to come back in {wait:.0f} s"
    message = f"{show(url)}: answered {status} {_phrase(status)}".rstrip() + hint
    return Refused(message, status=status, retry_after_seconds=wait, body=body)


_HINTS = {
    401: "; it wants a password",
    403: "; it does not let us in",
    404: "; check the address",
    410: "; it is gone for good: remove the source",
    429: "; it wants fewer requests",
}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
