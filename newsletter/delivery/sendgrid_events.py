"""What SendGrid's Event Webhook posts: a list of events, each about one message.

==================  ==============================================================
``event``           it means
==================  ==============================================================
processed           queued
deferred            deferred
delivered           delivered
bounce              hard or soft, by what the server said; blocked where SendGrid says so
dropped             rejected, and why: bounced before, unsubscribed, complained …
spamreport          complained
unsubscribe,        unsubscribed
group_unsubscribe
open, click         opened, clicked (we ask for neither)
==================  ==============================================================
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from newsletter.delivery.refusals import judge_refusal
from newsletter.delivery.reports.words import without_addresses
from newsletter.delivery.sendgrid_payload import DELIVERY_ARGUMENT
from newsletter.delivery.sendgrid_signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, is_signed
from newsletter.errors import EventError, EventsTooLarge, NotSigned
from newsletter.model import Event, EventKind, Rejection
from newsletter.text import one_line

PROVIDER = "sendgrid"
MAX_BYTES = 1_000_000
"""SendGrid posts at most 768 kB."""
OLDEST = timedelta(hours=48)
"""SendGrid tries for a day to get rid of an event. What keeps a body from being played again is that ids count once."""
MAX_EVENTS = 10_000
MAX_ID = 200
_LARGEST_ID = 2**63 - 1

_KINDS = {
    "processed": EventKind.QUEUED,
    "deferred": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "bounce": EventKind.BOUNCED_HARD,
    "blocked": EventKind.BLOCKED,
    "dropped": EventKind.REJECTED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
}
_CLASSES = {
    "invalid address": EventKind.BOUNCED_HARD,
    "mailbox unavailable": EventKind.BOUNCED_SOFT,
    "technical": EventKind.BOUNCED_SOFT,
    "frequency": EventKind.BOUNCED_SOFT,
    "content": EventKind.BLOCKED,
    "reputation": EventKind.BLOCKED,
}
"""The beginnings of SendGrid's ``bounce_classification``."""
_REASONS = {
    "bounced": Rejection.BOUNCED,
    "unsubscribed": Rejection.UNSUBSCRIBED,
    "spam reporting": Rejection.COMPLAINED,
    "spam content": Rejection.BLOCKED,
    "blocked": Rejection.BLOCKED,
    "expired": Rejection.EXPIRED,
    "invalid smtpapi": Rejection.OTHER,
    "invalid": Rejection.INVALID,
}
"""The beginnings of the reason of a drop, the longer ones first."""


def require_signed(body: bytes, headers: Mapping[str, str], *, key: str, now: datetime) -> None:
    """NotSigned unless the owner of the key signed this very body at most 48 hours ago; EventsTooLarge over 1 MB.

    ``headers`` are the request's, in whatever case; ``key`` is what SendGrid's settings show.
    """
    if len(body) > MAX_BYTES:
        raise EventsTooLarge(f"{len(body)} bytes of events, expected {MAX_BYTES} at most")
    given = {name.lower(): value for name, value in headers.items()}
    signature, timestamp = given.get(SIGNATURE_HEADER.lower(), ""), given.get(TIMESTAMP_HEADER.lower(), "")
    if not signature or not timestamp:
        raise NotSigned(f"the events carry no signature; expected {SIGNATURE_HEADER} and {TIMESTAMP_HEADER}")
    if not is_signed(body, signature=signature, timestamp=timestamp, key=key):
        raise NotSigned("the events are not signed with the key of provider.webhook_key")
    signed_at = _instant(timestamp)
    if signed_at is None or abs(now - signed_at) > OLDEST:
        raise NotSigned("the events were signed more than 48 hours ago")


def read_events(body: bytes, *, now: datetime) -> list[Event]:
    """The events of a body, in its order; EventError where it is no list of them.

    One that is of a kind we do not know, or broken, is kept as unknown: the others of its body must not be lost.
    ``now`` stands for times that are missing or to come.
    """
    if len(body) > MAX_BYTES:
        raise EventsTooLarge(f"{len(body)} bytes of events, expected {MAX_BYTES} at most")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise EventError("the body is no JSON; expected SendGrid's list of events") from error
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise EventError("the body is no list of events; expected one as SendGrid's Event Webhook posts it")
    if len(told) > MAX_EVENTS:
        raise EventError(f"{len(told)} events in one body, expected {MAX_EVENTS} at most")
    try:
        return [_read(one, now) for one in told]
    except RecursionError as error:  # one level less than what cannot be read at all cannot be written down
        raise EventError("the events are nested too deeply; expected a flat list as SendGrid posts it") from error


def _read(told: Mapping[str, Any], now: datetime) -> Event:
    kind = _KINDS.get(_text(told, "event").lower(), EventKind.UNKNOWN)
    words = _text(told, "reason") or _text(told, "response")
    reason = None
    if kind is EventKind.BOUNCED_HARD:
        kind = _bounce(told, words)
    elif kind is EventKind.REJECTED:
        reason = _first(_REASONS, words) or Rejection.OTHER
    elif kind is EventKind.UNKNOWN:
        words = words or _text(told, "event")
    email = _text(told, "email").strip()
    at = _instant(told.get("timestamp"))
    return Event(
        kind=kind,
        at=min(now, at) if at else now,
        provider=PROVIDER,
        id=_id(told),
        delivery_id=_delivery(told),
        message_id=_text(told, "smtp-id")[:300] or None,
        recipients=(email,) if email else (),
        reason=reason,
        detail=without_addresses(f"{_text(told, 'status')} {words}".strip()),
    )


def _bounce(told: Mapping[str, Any], words: str) -> EventKind:
    """SendGrid calls everything a bounce that will not be delivered."""
    kind = _text(told, "type").lower()
    if kind == "blocked":
        return EventKind.BLOCKED
    judged = judge_refusal(_text(told, "status") or None, words)
    if kind == "expired":
        return EventKind.BOUNCED_SOFT
    classified: EventKind | None = _first(_CLASSES, _text(told, "bounce_classification"))
    # "Invalid Address" goes by the code alone at times: what was blocked is known by its words.
    if classified is not None and not (classified is EventKind.BOUNCED_HARD and judged is EventKind.BLOCKED):
        return classified
    return judged if words or _text(told, "status") else EventKind.BOUNCED_HARD


def _first(table: Mapping[str, Any], words: str) -> Any:
    told = words.strip().lower()
    return next((meaning for beginning, meaning in table.items() if told.startswith(beginning)), None)


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return one_line(value) if isinstance(value, str) else str(value) if abs(value) <= _LARGEST_ID else ""


def _delivery(told: Mapping[str, Any]) -> int | None:
    said = _text(told, DELIVERY_ARGUMENT)
    if not (said.isascii() and said.isdigit() and len(said) < 20):
        return None
    return int(said) if int(said) <= _LARGEST_ID else None


def _instant(said: object) -> datetime | None:
    """Seconds since 1970, as a number or in digits."""
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        return None
    try:
        return datetime.fromtimestamp(float(said), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _id(told: Mapping[str, Any]) -> str:
    """SendGrid's own; of an event without one, what stands for all that it says."""
    own = _text(told, "sg_event_id")
    if own.isascii() and own.isprintable() and 0 < len(own) <= MAX_ID and "@" not in own:
        return own
    said = own or json.dumps(told, sort_keys=True)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:40]
