"""When two spellings of a mail address are the same person, and how an address is remembered without keeping it."""

from __future__ import annotations

import hashlib
import unicodedata
from contextlib import suppress


def normal_form(email: str) -> str:
    """The spelling by which addresses are compared: lower case, the domain as A-labels.

    >>> normal_form(" Ada@Bücher.example ")
    'ada@xn--bcher-kva.example'
    """
    local, _, domain = unicodedata.normalize("NFC", email.strip()).rpartition("@")
    with suppress(UnicodeError):  # what is no domain name is compared as it stands
        domain = domain.encode("idna").decode("ascii")
    return f"{local}@{domain}".lower()


def address_hash(email: str, salt: str) -> str:
    """Sixty-four hexadecimal digits that say whether an address is the same, and not what it is."""
    return hashlib.sha256(f"{salt}:{normal_form(email)}".encode("utf-8", "surrogatepass")).hexdigest()
