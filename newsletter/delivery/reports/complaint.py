"""Complaints: feedback reports (RFC 5965), and the shapes that complaints had before it or have beside it."""

from __future__ import annotations

import re

from newsletter.delivery.reports.addresses import addresses_in
from newsletter.delivery.reports.parts import RETURNED, Headers, Mail, read_headers, readable_header
from newsletter.delivery.reports.status import MAX_RECIPIENTS, Told
from newsletter.model import EventKind

_FEEDBACK = "message/feedback-report"
_KINDS = {
    "abuse": EventKind.COMPLAINED,
    "fraud": EventKind.COMPLAINED,
    "virus": EventKind.COMPLAINED,
    "other": EventKind.COMPLAINED,
    "opt-out": EventKind.UNSUBSCRIBED,
    "opt-out-list": EventKind.UNSUBSCRIBED,
    # The reader has nothing to do with these: a server tells how DKIM and DMARC came out, or that it was no spam.
    "auth-failure": EventKind.UNKNOWN,
    "dkim": EventKind.UNKNOWN,
    "not-spam": EventKind.UNKNOWN,
}
_NAMED = ("original-rcpt-to", "removal-recipient", "redacted-address", "x-original-recipient")
_RECEIVED = (
    "x-hmxmroriginalrecipient",
    "x-original-recipient",
    "x-apparently-to",
    "to",
    "delivered-to",
    "x-original-to",
)
_TYPE = re.compile(r"^feedback-type[ \t]*:[ \t]*([\w-]+)", re.IGNORECASE | re.MULTILINE)
_BESIDE_TYPE = re.compile(
    r"^(?:user-agent|version|source-ip|original-(?:mail-from|rcpt-to)|arrival-date|received-date)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_ABUSE = re.compile(
    r"\bthis is (?:a|an) (?:email|e-mail|spam)? ?(?:abuse|spam|opt-?out|complaint)\w* (?:report|notification)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"^\s*(?:complaint about message from|email feedback report for|abuse report|spam complaint)", re.IGNORECASE
)


def read_complaint(mail: Mail) -> Told | None:
    """What a reader's mail program or provider complains of; ``None`` where the mail is no complaint."""
    report = _report(mail)
    if report is not None:
        kind = _KINDS.get(report.first("feedback-type").partition(" ")[0].lower(), EventKind.COMPLAINED)
        words = f"feedback report: {report.first('feedback-type') or 'of no kind'}"
        return Told(kind, _recipients(mail, report), words)
    if mail.headers.first("x-apple-unsubscribe").lower() == "true":
        return Told(EventKind.UNSUBSCRIBED, tuple(addresses_in(mail.headers.first("from"))[:1]), "asked to be let go")
    if _is_older_complaint(mail):
        return Told(EventKind.COMPLAINED, _recipients(mail, Headers()), "complaint")
    return None


def _report(mail: Mail) -> Headers | None:
    """The fields for machines; in a mail that says it is a report they may lie in any part."""
    parts = mail.of_kind(_FEEDBACK)
    if not parts:
        typed = [part for part in mail.parts if part.kind not in RETURNED and _TYPE.search(part.text)]
        parts = [one for one in typed if mail.report_type == "feedback-report" or _BESIDE_TYPE.search(one.text)]
    if parts:
        return read_headers(_without_blank_lines(parts[0].text))
    return Headers() if mail.report_type == "feedback-report" else None


def _without_blank_lines(text: str) -> str:
    """Some reporters put headers of a part before the fields."""
    return "\n".join(line for line in text.split("\n") if line.strip())


def _is_older_complaint(mail: Mail) -> bool:
    returned = [read_headers(part.text.lstrip("\n")) for part in mail.of_kind(*RETURNED)]
    if any(headers.first("x-hmxmroriginalrecipient") for headers in returned):
        return True
    subject = readable_header(mail.headers.first("subject"))
    texts = [part.text[:2000] for part in mail.of_kind("text/plain")]
    return bool(_SUBJECT.search(subject)) or any(_ABUSE.search(text) for text in texts[:1])


def _recipients(mail: Mail, report: Headers) -> tuple[str, ...]:
    """Who complains: as the report names them, else as the mail they got does."""
    found = [address for value in _values(report, _NAMED) for address in addresses_in(value)]
    for part in mail.parts:
        if part.kind in RETURNED:
            returned = read_headers(part.text.lstrip("\n"))
            found += [address for value in _values(returned, _RECEIVED) for address in addresses_in(value)[:1]]
    return tuple(dict.fromkeys(found))[:MAX_RECIPIENTS]


def _values(headers: Headers, names: tuple[str, ...]) -> list[str]:
    return [value for name in names for value in headers.all(name)][:MAX_RECIPIENTS]
