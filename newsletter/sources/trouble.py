"""What goes wrong between us and a source, in words that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from newsletter.errors import SourceError

LONGEST_RETRY_AFTER_SECONDS = 86_400.0
FIRST_PAUSE = timedelta(minutes=5)
"""After the second failure in a row; doubled by each further one."""
LONGEST_PAUSE = timedelta(hours=6)
_OVERLOADED = frozenset({429, 503})
_PASSING = _OVERLOADED | {500, 502, 504}
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

    @property
    def may_pass(self) -> bool:
        """Whether the same question may be answered at another time."""
        return self.status in _PASSING


class Unreachable(SourceError):
    """No whole answer came back; trying again may help."""


class Unreadable(SourceError):
    """The reader of an answer went wrong over it, or had to be ended."""


class Overdue(SourceError):
    """No whole answer came back in the time there was: trying again would take as long."""


def is_away(error: Exception) -> bool:
    """Whether it is the whole site, as far as one can tell, and no time for further requests."""
    overloaded = isinstance(error, Refused) and error.status in _OVERLOADED
    return overloaded or isinstance(error, Unreachable | Overdue)


def retry_at(error: BaseException, *, failures: int) -> datetime | None:
    """When to ask again, by the machine's clock: the source's own wish, or ever later; at once after a first failure.

    ``failures`` counts those in a row, this one included.
    """
    wished = error.retry_after_seconds if isinstance(error, Refused) else None
    pause = timedelta(seconds=wished or 0.0)
    if failures > 1:
        pause = max(pause, min(FIRST_PAUSE * 2 ** min(failures - 2, 10), LONGEST_PAUSE))
    return datetime.now(UTC) + pause if pause else None


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
    410: "; it is gone for good: remove the source, or ask once more with `fetch --force`",
    429: "; it wants fewer requests",
}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
