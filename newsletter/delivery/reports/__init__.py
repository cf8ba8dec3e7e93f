"""Mails that come back: delivery status reports, complaints, bounces in plain English; and what is none of them."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from newsletter.delivery.reports.addresses import addresses_in
from newsletter.delivery.reports.complaint import read_complaint
from newsletter.delivery.reports.leaving import find_leaver
from newsletter.delivery.reports.marks import Marks
from newsletter.delivery.reports.parts import RETURNED, Headers, Mail, read_headers, take_apart
from newsletter.delivery.reports.plain import read_plain
from newsletter.delivery.reports.status import Told, read_status
from newsletter.delivery.reports.words import without_addresses
from newsletter.model import Event, EventKind

__all__ = ["MAX_BYTES", "PROVIDER", "Marks", "read_report"]

PROVIDER = "mail"
"""Who tells of events that came by mail."""
MAX_BYTES = 1_000_000
"""Of a mail that are read; reports come first in theirs, and what they return last."""
_MESSAGE_ID = re.compile(r"^message-id[ \t]*:\s*(<[^<>\s]{1,250}>)", re.IGNORECASE | re.MULTILINE)
_WAYS_OUT = re.compile(r"^list-unsubscribe[ \t]*:((?:[^\n]|\n[ \t])*)", re.IGNORECASE | re.MULTILINE)


def read_report(raw: bytes, *, now: datetime, marks: Marks | None = None) -> tuple[Event, ...]:
    """What a mail tells about messages of ours, one event a recipient; empty where it tells nothing of the kind.

    Whatever the bytes, it raises nothing. ``now`` stands for the date of a report that has none, or one to come.
    """
    mail = take_apart(raw[:MAX_BYTES])
    at = _date(mail.headers, now)
    if leaver := find_leaver(mail):
        return (_leaving(leaver, at),)
    complaint = read_complaint(mail)
    told = [complaint] if complaint else read_status(mail) or read_plain(mail)
    if not told:
        return ()
    found = _Found(mail, marks or Marks())
    return tuple(
        Event(
            kind=one.kind,
            at=at,
            provider=PROVIDER,
            id=_id(mail, one, raw),
            delivery_id=found.delivery_id,
            subscriber=found.subscriber,
            message_id=found.message_id,
            recipients=one.recipients or found.intended,
            is_vouched_for=False,
            detail=without_addresses(one.words),
        )
        for one in told
    )


def _leaving(reader: str, at: datetime) -> Event:
    """That the reader whom the subject names has left, and nothing of whatever mail is quoted below it."""
    said = hashlib.sha256(f"{reader} {at.isoformat()}".encode()).hexdigest()[:40]
    return Event(
        kind=EventKind.UNSUBSCRIBED,
        at=at,
        provider=PROVIDER,
        id=said,
        subscriber=reader,
        is_vouched_for=False,
        detail="asked to be let go",
    )


class _Found:
    """Our marks in a report, and what the mail that came back says of itself."""

    def __init__(self, mail: Mail, marks: Marks) -> None:
        texts = [part.text for part in sorted(mail.parts, key=lambda part: part.kind not in RETURNED)]
        everything = "\n\n".join(texts)
        to = mail.headers.all("to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
        self.delivery_id = marks.find_delivery("\n".join(to)) or marks.find_delivery(everything)
        way_out = _WAYS_OUT.search(everything)
        self.subscriber = marks.find_reader(re.sub(r"\s+", "", way_out[1])) if way_out else None
        message_id = _MESSAGE_ID.search(everything)
        self.message_id = message_id[1] if message_id else None
        returned = mail.of_kind(*RETURNED)
        original = read_headers(returned[0].text.lstrip("\n")) if returned else Headers()
        self.intended = tuple(addresses_in(original.first("to"))[:1])


def _date(headers: Headers, now: datetime) -> datetime:
    try:
        said = parsedate_to_datetime(headers.first("date"))
        return min(now, said.astimezone(UTC) if said.tzinfo else said.replace(tzinfo=UTC))
    except (ValueError, TypeError, IndexError, OverflowError):
        return now


def _id(mail: Mail, told: Told, raw: bytes) -> str:
    """The same for the same word on the same recipient, however often the report is delivered."""
    own = mail.headers.first("message-id") or hashlib.sha256(raw.replace(b"\r\n", b"\n")).hexdigest()
    said = "\0".join((own, told.kind, *told.recipients))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:40]
