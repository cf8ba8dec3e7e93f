"""Links that may stand in a mail: ASCII, of a length that mail can carry, and leading where one may go."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit, urlunsplit

from newsletter.model import Links

LINK_CHARACTERS = 1_000
_NOT_IN_LINKS = re.compile(r"[^\x21-\x7e]|[\"<>\\^`{|}]")
_PLAIN_LINK = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(?::\d{1,5})?(?:/[\w.~/-]*)?", re.ASCII)
"""Most links: nothing in them could need a second look."""


def check_links(links: Links, *, sender: str) -> Links:
    """The links that are ones; there is always a way out, by a mail to the sender if nothing else."""
    unsubscribe, by_mail = web_link(links.unsubscribe), mail_link(links.unsubscribe_mailto)
    return Links(
        unsubscribe=unsubscribe,
        unsubscribe_mailto=by_mail or (None if unsubscribe else mail_link(f"{sender}?subject=unsubscribe")),
        preferences=web_link(links.preferences),
        archive=web_link(links.archive),
        vote=web_link(links.vote),
    )


def web_link(address: str | None) -> str | None:
    """The address in ASCII where it is http(s), what no address may hold percent-encoded; else ``None``."""
    if address and len(address) <= LINK_CHARACTERS and _PLAIN_LINK.fullmatch(address):
        return address
    try:
        parts = urlsplit((address or "").strip())
        host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode("ascii")
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return None
    link = _NOT_IN_LINKS.sub(_percent, urlunsplit(parts._replace(netloc=host)))
    return link if usable and len(link) <= LINK_CHARACTERS else None


def mail_link(address: str | None) -> str | None:
    """A ``mailto:`` link to the address, which may be one already; ``None`` where there is nothing to write to."""
    address = _NOT_IN_LINKS.sub(_percent, address.strip().removeprefix("mailto:")) if address else ""
    return f"mailto:{address}" if "@" in address else None


def _percent(match: re.Match[str]) -> str:
    return quote(match[0], safe="", errors="replace")
