"""What an answer of SendGrid's v3 mail/send means for a message.

=====================  ============================================================
status                 it means
=====================  ============================================================
2xx                    sent (200 is a sandbox's yes)
401, 403               it refuses us: ``ProviderRefused``
400 about ``from``     it refuses our sender: ``ProviderRefused``
3xx, 404, 405, 415     nothing that takes mail lives there: ``ProviderRefused``
429                    deferred, and everyone is to wait as long as it says
408                    deferred
5xx                    deferred: the service is ill
another 4xx            refused for its content; a bad address where it says so
=====================  ============================================================
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPMessage
from typing import Any

from newsletter.delivery.groups import describe
from newsletter.model import LONGEST_TOLD_WAIT_SECONDS, Message, Outcome, Trouble, Verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response, read to its end."""

    status: int
    headers: HTTPMessage
    """Found in any case of letters."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Complaint:
    """One of the ``errors`` in an answer."""

    message: str
    field: str

    def __str__(self) -> str:
        return f"{self.message} ({self.field})" if self.field else self.message


_REFUSES_US = (401, 403, 404, 405, 415)
_NOT_NOW = (408, 429)
_RECIPIENT = re.compile(r"personalizations\.\d+\.to\.\d+\.email")
_NO_ADDRESS = re.compile(r"valid (e-?mail )?address", re.IGNORECASE)


def refuses_us(answer: Answer) -> bool:
    """Whether no message can pass before our key, our sender or the address of the API are mended."""
    about_sender = answer.status == 400 and any(c.field.split(".")[0] == "from" for c in _complaints(answer))
    return answer.status in _REFUSES_US or 300 <= answer.status < 400 or about_sender


def outcome_of(answer: Answer, message: Message, *, clock: float) -> Outcome:
    """What the answer means for the message; ``clock`` is the POSIX time now."""
    verdict = _verdict(answer.status)
    return Outcome(
        verdict=verdict,
        detail=describe(words_of(answer), message),
        provider_id=answer.headers.get("X-Message-Id") if verdict is Verdict.SENT else None,
        retry_after_seconds=_wait_seconds(answer.headers, clock) if verdict is Verdict.DEFERRED else None,
        address_is_bad=verdict is Verdict.REFUSED and any(map(_bars_address, _complaints(answer))),
        trouble=_trouble(answer, verdict),
    )


def words_of(answer: Answer) -> str:
    """Status and complaints, or whatever stands in the body."""
    complaints = "; ".join(map(str, _complaints(answer))) or answer.body.decode("utf-8", "replace")
    return f"{answer.status} {complaints}".strip()


def _verdict(status: int) -> Verdict:
    if status < 300:
        return Verdict.SENT
    return Verdict.DEFERRED if status in _NOT_NOW or status >= 500 else Verdict.REFUSED


def _trouble(answer: Answer, verdict: Verdict) -> Trouble | None:
    if verdict is Verdict.REFUSED:
        is_about_recipient = any(c.field.startswith("personalizations") for c in _complaints(answer))
        return None if is_about_recipient else Trouble.CONTENT
    return Trouble.SERVICE if answer.status >= 500 else None


def _wait_seconds(headers: HTTPMessage, clock: float) -> float | None:
    """Seconds to wait from now on, a day at most, counted by the server's own clock where it tells the time."""
    now = _instant(headers.get("Date")) or clock
    until = _instant(headers.get("X-RateLimit-Reset")) or _instant(headers.get("Retry-After"))
    if until is not None:
        return min(max(0.0, until - now), LONGEST_TOLD_WAIT_SECONDS)
    after = headers.get("Retry-After", "")
    return min(float(after), LONGEST_TOLD_WAIT_SECONDS) if after.isdecimal() else None


def _instant(value: str | None) -> float | None:
    """POSIX time out of an HTTP date or a time stamp; a number too small for one is none."""
    if not value:
        return None
    if value.isdecimal():
        return float(value) if len(value) >= len("1000000000") else None
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None


def _bars_address(complaint: Complaint) -> bool:
    return bool(_RECIPIENT.fullmatch(complaint.field) and _NO_ADDRESS.search(complaint.message))


def _complaints(answer: Answer) -> list[Complaint]:
    """The ``errors`` of the body, of whatever shape they come in."""
    try:
        errors = json.loads(answer.body)["errors"]
        return [_complaint(error) for error in errors]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _complaint(error: Any) -> Complaint:
    if isinstance(error, str):
        return Complaint(error, "")
    field = error.get("field")
    return Complaint(str(error.get("message") or error), "" if field in (None, "null") else str(field))
