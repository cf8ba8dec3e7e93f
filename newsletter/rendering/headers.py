"""The headers that tell mail systems what a mail is, how to leave it and which list it belongs to."""

from __future__ import annotations

import re
from functools import lru_cache

from newsletter.model import Links, Mailbox
from newsletter.rendering.mime import ascii_address
from newsletter.text import slug

Header = tuple[str, str]

NO_LINKS = Links()

SENDER_ID_CHARACTERS = 15
"""Gmail's limit for the last field of Feedback-ID."""

MAX_LINK = 960
"""What leaves room for a header's name on a line of 998."""
MAX_PHRASE = 200
_PHRASE = re.compile(r"[A-Za-z0-9 ]+")
_QUOTABLE = re.compile(r"[\x20-\x7e]*")
_ONE_CLICK: Header = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
_BULK: Header = ("Precedence", "bulk")
BY_A_MACHINE: Header = ("Auto-Submitted", "auto-generated")


def digest_headers(*, edition: str, title: str, sender: Mailbox, links: Links) -> list[Header]:
    """All headers of a digest beside the common ones, each on one line: a folded link is a broken link.

    ``links`` have been checked; one that is too long for a line is left to the body. One-click unsubscribing (RFC 8058)
    is promised for https only.
    """
    list_id, feedback_id = _of_edition(edition, title, sender)
    headers = [*_leave_headers(links), list_id]
    for name, link in (("List-Help", links.preferences), ("List-Archive", links.archive)):
        if link and len(link) <= MAX_LINK:
            headers.append((name, f"<{link}>"))
    headers += (feedback_id, _BULK)
    return headers


def system_headers(kind: str, *, sender: Mailbox, links: Links = NO_LINKS) -> list[Header]:
    """The headers of a mail that belongs to no list, such as a confirmation; nobody is to answer it by machine.

    ``links`` have been checked; the way out is for those who get a list's mail too.
    """
    return [BY_A_MACHINE, *_leave_headers(links), _feedback_id("system", kind, sender)]


def _leave_headers(links: Links) -> list[Header]:
    ways = _ways_out(links)
    if not ways:
        return []
    return [("List-Unsubscribe", ways), *([_ONE_CLICK] if ways.startswith("<https://") else [])]


def _ways_out(links: Links) -> str:
    """The link, and the address where there is room for both."""
    by_web, by_mail = links.unsubscribe, links.unsubscribe_mailto
    if not by_web or len(by_web) > MAX_LINK:
        return f"<{by_mail}>" if by_mail and len(by_mail) <= MAX_LINK else ""
    return f"<{by_web}>, <{by_mail}>" if by_mail and len(by_web) + len(by_mail) <= MAX_LINK else f"<{by_web}>"


@lru_cache(maxsize=64)
def _of_edition(edition: str, title: str, sender: Mailbox) -> tuple[Header, Header]:
    """``List-Id`` and ``Feedback-ID``, which are the same for all readers."""
    local, _, domain = ascii_address(sender.email).rpartition("@")
    return ("List-Id", f"{_phrase(title)}<{slug(local)}.{domain}>"), _feedback_id(edition, "digest", sender)


def _feedback_id(edition: str, kind: str, sender: Mailbox) -> Header:
    """What complaints are counted by: from the narrowest to the widest."""
    local, _, domain = ascii_address(sender.email).rpartition("@")
    sender_id = slug(domain).replace("-", "")[:SENDER_ID_CHARACTERS]
    return ("Feedback-ID", f"{slug(edition)}:{slug(kind)}:{slug(local)}:{sender_id}")


def _phrase(title: str) -> str:
    """The title before the id; left out where it would need encoded words, for machines read these headers."""
    if len(title) > MAX_PHRASE or "=?" in title or not _QUOTABLE.fullmatch(title) or not title.strip():
        return ""
    escaped = title.replace("\\", r"\\").replace('"', r"\"")
    return f"{title} " if _PHRASE.fullmatch(title) else f'"{escaped}" '
