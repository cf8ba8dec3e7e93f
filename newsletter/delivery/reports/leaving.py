"""Mails that a reader's mail program writes by itself to our ``List-Unsubscribe``."""

from __future__ import annotations

import re

from newsletter.delivery.reports.addresses import is_daemon
from newsletter.delivery.reports.parts import Mail, readable_header

_SUBJECT = re.compile(r"\s*(?:\[[^\[\]]{1,40}\]\s*)*unsubscribe(?:\s|\+|%20)+([0-9a-f]{16})\s*", re.IGNORECASE)
"""``unsubscribe`` and a reader's id, as we wrote it; mail systems put words in brackets before subjects."""


def find_leaver(mail: Mail) -> str | None:
    """The id of the reader who asks to be let go; ``None`` where nobody does, for what a machine writes is no wish."""
    headers = mail.headers
    if mail.report_type or is_daemon(headers) or headers.first("auto-submitted").lower() not in {"", "no"}:
        return None
    found = _SUBJECT.fullmatch(readable_header(headers.first("subject")))
    return found[1].lower() if found else None
