"""SendGrid's documented rules for the body of POST /v3/mail/send, as far as a mail of ours could break them.

Taken from the endpoint's reference and its pages on limitations and errors; attachments and templates are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

MAX_REQUEST_BYTES = 30 * 1024 * 1024
MAX_RECIPIENTS = 1000
MAX_CUSTOM_ARGS_BYTES = 10_000

FIELDS = frozenset(
    {
        "personalizations",
        "from",
        "reply_to",
        "reply_to_list",
        "subject",
        "content",
        "attachments",
        "template_id",
        "headers",
        "categories",
        "custom_args",
        "send_at",
        "batch_id",
        "asm",
        "ip_pool_name",
        "mail_settings",
        "tracking_settings",
    }
)
PERSONALIZATION_FIELDS = frozenset(
    {
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "headers",
        "substitutions",
        "dynamic_template_data",
        "custom_args",
        "send_at",
    }
)
RESERVED_HEADERS = frozenset(
    {
        "x-sg-id",
        "x-sg-eid",
        "received",
        "dkim-signature",
        "content-type",
        "content-transfer-encoding",
        "to",
        "from",
        "subject",
        "reply-to",
        "cc",
        "bcc",
    }
)
CONTENT_ORDER = ("text/plain", "text/x-amp-html", "text/html")
TRACKING: dict[str, dict[str, type]] = {
    "click_tracking": {"enable": bool, "enable_text": bool},
    "open_tracking": {"enable": bool, "substitution_tag": str},
    "subscription_tracking": {"enable": bool, "text": str, "html": str, "substitution_tag": str},
    "ganalytics": {"enable": bool},
}
MAIL_SETTINGS: dict[str, dict[str, type]] = {
    "sandbox_mode": {"enable": bool},
    "footer": {"enable": bool, "text": str, "html": str},
}

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule that a request breaks."""

    field: str
    message: str


def find_faults(payload: Any, *, size_bytes: int = 0) -> list[Fault]:
    """Every documented rule that the decoded JSON breaks."""
    if not isinstance(payload, dict):
        return [Fault("", "the body must be an object")]
    faults = [Fault(name, "additional property is not allowed") for name in payload.keys() - FIELDS]
    if size_bytes >= MAX_REQUEST_BYTES:
        faults.append(Fault("", "the total size must be less than 30MB"))
    for check in _CHECKS:
        faults.extend(check(payload))
    return faults


def _check_from(payload: dict[str, Any]) -> Iterator[Fault]:
    yield from _check_mailbox(payload.get("from"), "from")
    if "reply_to" in payload:
        yield from _check_mailbox(payload["reply_to"], "reply_to")
        if "reply_to_list" in payload:
            yield Fault("reply_to", "use either reply_to or reply_to_list")


def _check_personalizations(payload: dict[str, Any]) -> Iterator[Fault]:
    blocks = payload.get("personalizations")
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= MAX_RECIPIENTS:
        yield Fault("personalizations", "there must be 1 to 1000 personalizations")
        return
    total = 0
    for number, block in enumerate(blocks):
        field = f"personalizations.{number}"
        if not isinstance(block, dict):
            yield Fault(field, "must be an object")
            continue
        yield from (Fault(f"{field}.{name}", "is not allowed") for name in block.keys() - PERSONALIZATION_FIELDS)
        yield from _check_recipients(block, field)
        yield from _check_headers(block, f"{field}.")
        yield from _check_custom_args(block, f"{field}.")
        total += sum(len(block.get(kind, ())) for kind in ("to", "cc", "bcc"))
    if total > MAX_RECIPIENTS:
        yield Fault("personalizations", "there is a limit of 1000 total recipients")


def _check_recipients(block: dict[str, Any], field: str) -> Iterator[Fault]:
    if not isinstance(block.get("to"), list) or not block["to"]:
        yield Fault(f"{field}.to", "the to parameter is required")
        return
    seen: set[str] = set()
    for kind in ("to", "cc", "bcc"):
        for number, mailbox in enumerate(block.get(kind, ())):
            place = f"{field}.{kind}.{number}"
            faults = list(_check_mailbox(mailbox, place))
            yield from faults
            if faults:
                continue
            if set(mailbox.get("name", "")) & set(";,"):
                yield Fault(f"{place}.name", "cannot include ; or ,")
            if mailbox["email"].lower() in seen:
                yield Fault(f"{place}.email", "each address must be unique")
            seen.add(mailbox["email"].lower())


def _check_mailbox(mailbox: Any, field: str) -> Iterator[Fault]:
    if not isinstance(mailbox, dict) or mailbox.keys() - {"email", "name"}:
        yield Fault(field, "must be an object with email and perhaps name")
        return
    email = mailbox.get("email")
    if not isinstance(email, str) or not email.isascii() or not _ADDRESS.fullmatch(email):
        yield Fault(f"{field}.email", "does not contain a valid address")
    if not isinstance(mailbox.get("name", ""), str):
        yield Fault(f"{field}.name", "must be a string")


def _check_subject(payload: dict[str, Any]) -> Iterator[Fault]:
    blocks = payload.get("personalizations")
    subjects = [payload.get("subject")]
    if isinstance(blocks, list) and subjects == [None]:
        subjects = [block.get("subject") for block in blocks if isinstance(block, dict)]
    if not all(isinstance(subject, str) and subject for subject in subjects):
        yield Fault("subject", "a subject of at least one character is required")


def _check_content(payload: dict[str, Any]) -> Iterator[Fault]:
    parts = payload.get("content")
    if not isinstance(parts, list) or not parts:
        yield Fault("content", "must be an array of at least one object")
        return
    for number, part in enumerate(parts):
        if not isinstance(part, dict) or part.keys() != {"type", "value"}:
            yield Fault(f"content.{number}", "must be an object with type and value")
            return
        if not isinstance(part["value"], str) or not part["value"]:
            yield Fault(f"content.{number}.value", "must be a string of at least one character")
        if not isinstance(part["type"], str) or re.search(r"[;,\r\n]|^$", part["type"]):
            yield Fault(f"content.{number}.type", "must be a MIME type without parameters")
    known = [part["type"] for part in parts if part["type"] in CONTENT_ORDER]
    if known != sorted(known, key=CONTENT_ORDER.index) or [part["type"] for part in parts[: len(known)]] != known:
        yield Fault("content", "text/plain must be first, then text/x-amp-html, then text/html, then all others")


def _check_headers(holder: dict[str, Any], prefix: str = "") -> Iterator[Fault]:
    headers = holder.get("headers", {})
    if not isinstance(headers, dict):
        yield Fault(f"{prefix}headers", "must be an object")
        return
    for name, value in headers.items():
        field = f"{prefix}headers.{name}"
        if name.lower() in RESERVED_HEADERS:
            yield Fault(field, "is a reserved key")
        if not re.fullmatch(r"[!-9;-~]+", name):
            yield Fault(field, "is no header name")
        if not isinstance(value, str) or not value.isascii() or re.search(r"[\r\n]", value):
            yield Fault(field, "must be a string, with Unicode properly encoded")


def _check_custom_args(holder: dict[str, Any], prefix: str = "") -> Iterator[Fault]:
    arguments = holder.get("custom_args", {})
    if not isinstance(arguments, dict) or not all(isinstance(value, str) for value in arguments.values()):
        yield Fault(f"{prefix}custom_args", "must be an object of strings")
    elif len(json.dumps(arguments, ensure_ascii=False).encode()) >= MAX_CUSTOM_ARGS_BYTES:
        yield Fault(f"{prefix}custom_args", "must be less than 10000 bytes")


def _check_settings(payload: dict[str, Any]) -> Iterator[Fault]:
    for field, rules in (("tracking_settings", TRACKING), ("mail_settings", MAIL_SETTINGS)):
        settings = payload.get(field, {})
        if not isinstance(settings, dict):
            yield Fault(field, "must be an object")
            continue
        for name, setting in settings.items():
            types = rules.get(name)
            if types is None or not isinstance(setting, dict):
                yield Fault(f"{field}.{name}", "is not allowed")
            elif any(not isinstance(value, types.get(key, ())) for key, value in setting.items()):
                yield Fault(f"{field}.{name}", "has a property of the wrong type")


_CHECKS: tuple[Callable[[dict[str, Any]], Iterator[Fault]], ...] = (
    _check_from,
    _check_personalizations,
    _check_subject,
    _check_content,
    _check_headers,
    _check_custom_args,
    _check_settings,
)
