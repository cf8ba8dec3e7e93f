"""Delivery status reports (RFC 3464): one group of fields a recipient."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from newsletter.delivery.refusals import find_status, judge_refusal
from newsletter.delivery.reports.addresses import addresses_in, is_daemon
from newsletter.delivery.reports.parts import RETURNED, Headers, Mail, read_headers
from newsletter.model import EventKind

STATUS_KINDS = ("message/delivery-status", "message/global-delivery-status")
MAX_RECIPIENTS = 20

_RECIPIENT = re.compile(r"^(?:final|original|x-actual)-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
_DISPOSITION = re.compile(r"^disposition[ \t]*:", re.IGNORECASE | re.MULTILINE)
_TOLD = {
    "delivered": EventKind.DELIVERED,
    "relayed": EventKind.SENT,
    "expanded": EventKind.SENT,
    "delayed": EventKind.DEFERRED,
    "deliverable": EventKind.UNKNOWN,
}
_NAMES = ("final-recipient", "original-recipient", "x-actual-recipient")


@dataclass(frozen=True, slots=True)
class Told:
    """What a report says of one recipient."""

    kind: EventKind
    recipients: tuple[str, ...]
    """The address, and others that it goes by."""
    words: str = ""


def read_status(mail: Mail) -> list[Told]:
    """What the mail says of each recipient; empty where it is no delivery status report."""
    groups = list(islice(_groups(mail), MAX_RECIPIENTS))
    spoken = _spoken(mail) if len(groups) == 1 else ""
    return [_read_group(group, spoken) for group in groups]


def _groups(mail: Mail) -> Iterator[Headers]:
    for text in _status_texts(mail):
        for block in re.split(r"\n[ \t]*\n", text[_text_start(text) :]):
            for lines in _recipients_apart(block):
                group = read_headers(lines)
                if any(name in _NAMES for name, _ in group.fields) and not group.first("disposition"):
                    yield group


def _text_start(text: str) -> int:
    """Where the block begins that the first recipient stands in."""
    found = _RECIPIENT.search(text)
    return 0 if found is None else text.rfind("\n\n", 0, found.start()) + 1


def _recipients_apart(block: str) -> Iterator[str]:
    """The block, cut where a field comes for the second time: some reporters leave out the blank line."""
    lines: list[str] = []
    seen: set[str] = set()
    for line in block.strip("\n").split("\n"):
        name = line.partition(":")[0].strip().lower() if line[:1].strip() else ""
        if name in _NAMES and name in seen:
            yield "\n".join(lines)
            lines, seen = [], set()
        lines.append(line)
        seen.add(name)
    yield "\n".join(lines)


def _status_texts(mail: Mail) -> list[str]:
    """The parts made for machines; where they are not marked as such, all texts of what can only be a report."""
    marked = [part.text for part in mail.of_kind(*STATUS_KINDS)]
    if any(_RECIPIENT.search(text) for text in marked):
        return marked
    if mail.report_type not in {"delivery-status", ""} or not (mail.report_type or is_daemon(mail.headers)):
        return []
    texts = [part.text for part in mail.parts if part.kind not in RETURNED]
    return [text for text in texts if _RECIPIENT.search(text) and not _DISPOSITION.search(text)]


def _spoken(mail: Mail) -> str:
    """What the report says to people, before the part for machines."""
    texts = [part.text for part in mail.of_kind("text/plain")]
    return _RECIPIENT.split(texts[0], maxsplit=1)[0] if texts else ""


def _read_group(group: Headers, spoken: str) -> Told:
    recipients = _addresses(group)
    action = group.first("action").partition(";")[0].split("(")[0].strip().lower()
    told, words = group.first("status"), group.first("diagnostic-code")
    if action in _TOLD:
        return Told(_TOLD[action], recipients, words)
    status = find_status(told)
    if action == "" and status is not None and status.startswith("2"):
        return Told(EventKind.DELIVERED, recipients, words)
    judged = judge_refusal(told, f"{told} {words}" if words else f"{told} {spoken}")
    if action == "expired" and judged is EventKind.BOUNCED_HARD:
        judged = EventKind.BOUNCED_SOFT
    return Told(judged, recipients, words or told)


def _addresses(group: Headers) -> tuple[str, ...]:
    """The last address first, then those it was before it was forwarded."""
    found: list[str] = []
    for name in _NAMES:
        for value in group.all(name):
            _, semicolon, address = value.partition(";")
            found += addresses_in(address if semicolon else value)[:1]
    return tuple(dict.fromkeys(found))
