"""The headers that tell mail systems what a digest is, how to leave it and which list it belongs to."""

from __future__ import annotations

import re

from newsletter.model import Links, Mailbox
from newsletter.rendering.mime import ascii_address
from newsletter.text import slug

SENDER_ID_CHARACTERS = 15
"""Gmail's limit for the last field of Feedback-ID."""

MAX_PHRASE = 200
_PHRASE = re.compile(r"[A-Za-z0-9 ]+")


def digest_headers(*, edition: str, title: str, sender: Mailbox, links: Links) -> list[tuple[str, str]]:
    """All headers of a digest beside the common ones, each on one line: a folded link is a broken link.

    ``links`` have been checked. One-click unsubscribing (RFC 8058) is promised for https only.
    """
    local, _, domain = ascii_address(sender.email).rpartition("@")
    list_name = slug(local)
    leave = [f"<{link}>" for link in (links.unsubscribe, links.unsubscribe_mailto) if link]
    headers = [("List-Unsubscribe", ", ".join(leave))]
    if links.unsubscribe and links.unsubscribe.startswith("https://"):
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    headers.append(("List-Id", f"{_phrase(title)}<{list_name}.{domain}>"))
    if links.preferences:
        headers.append(("List-Help", f"<{links.preferences}>"))
    if links.archive:
        headers.append(("List-Archive", f"<{links.archive}>"))
    sender_id = slug(domain).replace("-", "")[:SENDER_ID_CHARACTERS]
    headers.append(("Feedback-ID", f"{slug(edition)}:digest:{list_name}:{sender_id}"))
    headers.append(("Precedence", "bulk"))
    return headers


def _phrase(title: str) -> str:
    """The title before the id; left out where it would need encoded words, for machines read these headers."""
    if _PHRASE.fullmatch(title):
        return f"{title} "
    escaped = title.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}" ' if title.isascii() and len(title) <= MAX_PHRASE else ""
