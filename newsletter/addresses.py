"""Mail addresses and hosts: when two spellings are the same, and how the wire wants them."""

from __future__ import annotations

import ipaddress
import re
import unicodedata

LONGEST = 1_000
"""Characters of what may be an address, in whatever spelling: no address has half as many."""
_ADDRESS = re.compile(r"[^\s<>\x00-\x1f\x7f-\x9f\ud800-\udfff]+@[^\s@<>,;:\x00-\x1f\x7f-\x9f]+")


def normal_form(email: str) -> str:
    """The spelling by which addresses are compared: lower case, the domain as A-labels.

    >>> normal_form(" Ada@Bücher.example ")
    'ada@xn--bcher-kva.example'
    """
    local, _, domain = unicodedata.normalize("NFC", email.strip()[:LONGEST]).rpartition("@")
    return f"{local}@{ascii_domain(domain) or domain}".lower()


def wire_address(email: str) -> str:
    """The address with its domain as A-labels; the local part is left alone.

    Raises ``ValueError`` for what is no address, among it everything that could add a command or a header.

    >>> wire_address("ada@bücher.example")
    'ada@xn--bcher-kva.example'
    """
    local, _, domain = email.rpartition("@")
    wired = ascii_domain(domain)
    if not wired or not _ADDRESS.fullmatch(email):
        raise ValueError("not a mail address")
    return f"{local}@{wired}"


def ascii_domain(domain: str) -> str:
    """The domain as A-labels; empty for what is no domain."""
    try:
        if domain.isascii():
            return domain
        return domain.encode("idna").decode("ascii") if len(domain) <= LONGEST else ""
    except UnicodeError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether the host is this very machine, by its name or address alone.

    >>> is_loopback("127.0.0.1"), is_loopback("[::1]"), is_loopback("smtp.example.org")
    (True, True, False)
    """
    name = host.casefold().strip("[]").rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
