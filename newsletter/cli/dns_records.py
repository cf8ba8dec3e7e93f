"""What the domain name system says of a sender's domain: whether receivers can trust mail from it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.config.signing_keys import public_record
from newsletter.rendering.dkim import Signature

if TYPE_CHECKING:
    from dns.resolver import Resolver

TIMEOUT_SECONDS = 5.0
DKIM_SELECTORS = ("default", "s1", "s2", "google", "selector1", "selector2", "mail", "k1", "dkim")
"""Selectors that providers commonly use; a key under another name is not found by guessing."""


@dataclass(frozen=True, slots=True)
class MailRecord:
    """One of SPF, DKIM, DMARC."""

    name: str
    found: bool
    detail: str


def find_mail_records(domain: str, signatures: Iterable[Signature] = ()) -> Iterator[MailRecord]:
    """SPF, DKIM and DMARC of the domain; one line that says why where they cannot be looked up.

    ``signatures`` are our own: their records are compared with our keys; without any, the usual selectors are tried.
    """
    try:
        from dns.resolver import Resolver
    except ImportError:
        yield MailRecord("SPF, DKIM, DMARC", False, "not looked up: pip install 'newsletter[doctor]'")
        return
    resolver = Resolver()
    resolver.lifetime = TIMEOUT_SECONDS
    yield from look_up(resolver, domain, list(signatures))


def look_up(resolver: Resolver, domain: str, signatures: Iterable[Signature]) -> Iterator[MailRecord]:
    """The same, asked of this resolver."""
    spf = [text for text in _texts(resolver, domain) if text.casefold().startswith("v=spf1")]
    yield MailRecord("SPF", bool(spf), spf[0] if spf else f"no TXT record v=spf1 at {domain}; ask your provider for it")
    yield from ([_own_key(resolver, domain, one) for one in signatures] or [_any_key(resolver, domain)])
    dmarc = [text for text in _texts(resolver, f"_dmarc.{domain}") if text.casefold().startswith("v=dmarc1")]
    missing = f"no TXT record at _dmarc.{domain}; large receivers want at least v=DMARC1; p=none"
    yield MailRecord("DMARC", bool(dmarc), dmarc[0] if dmarc else missing)


def _own_key(resolver: Resolver, domain: str, signature: Signature) -> MailRecord:
    """Whether receivers find the public half of the key that we sign with, and believe it for the sender's domain."""
    place = f"{signature.selector}._domainkey.{signature.domain}"
    name, wanted = f"DKIM {signature.selector}", public_record(signature.key)
    found = _texts(resolver, place)
    if not found:
        return MailRecord(name, False, f"no TXT record at {place}; publish: {wanted}")
    if _tags(wanted) not in [_tags(text) for text in found]:
        return MailRecord(name, False, f"the TXT record at {place} is of another key; publish: {wanted}")
    if not f".{domain}".endswith(f".{signature.domain}"):
        return MailRecord(name, False, f"signs as {signature.domain}, which is not the sender's {domain}: DMARC fails")
    return MailRecord(name, True, f"the TXT record at {place} fits the key")


def _any_key(resolver: Resolver, domain: str) -> MailRecord:
    """Where somebody else signs, and does not say under which name."""
    selector = next((s for s in DKIM_SELECTORS if _texts(resolver, f"{s}._domainkey.{domain}")), None)
    not_found = "no key under the usual selectors; a signature under another one is fine"
    return MailRecord("DKIM", selector is not None, f"key under selector {selector}" if selector else not_found)


def _tags(record: str) -> tuple[str, bytes]:
    """The key of a record: its kind and bytes."""
    tags = dict(tag.strip().split("=", 1) for tag in record.split(";") if "=" in tag)
    try:
        key = base64.b64decode("".join(tags.get("p", "").split()))
    except binascii.Error:
        key = b""
    return tags.get("k", "rsa").strip(), key


def _texts(resolver: Resolver, name: str) -> list[str]:
    from dns.exception import DNSException

    try:
        answer = resolver.resolve(name, "TXT")
    except DNSException:
        return []
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
