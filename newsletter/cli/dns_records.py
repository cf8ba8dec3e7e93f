"""What the domain name system says of a sender's domain: whether receivers can trust mail from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

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


def find_mail_records(domain: str) -> Iterator[MailRecord]:
    """SPF, DKIM and DMARC of the domain; one line that says why where they cannot be looked up."""
    try:
        from dns.resolver import Resolver
    except ImportError:
        yield MailRecord("SPF, DKIM, DMARC", False, "not looked up: pip install 'newsletter[doctor]'")
        return
    resolver = Resolver()
    resolver.lifetime = TIMEOUT_SECONDS
    spf = [text for text in _texts(resolver, domain) if text.casefold().startswith("v=spf1")]
    yield MailRecord("SPF", bool(spf), spf[0] if spf else f"no TXT record v=spf1 at {domain}; ask your provider for it")
    selector = next((s for s in DKIM_SELECTORS if _texts(resolver, f"{s}._domainkey.{domain}")), None)
    not_found = "no key under the usual selectors; a signature under another one is fine"
    yield MailRecord("DKIM", selector is not None, f"key under selector {selector}" if selector else not_found)
    dmarc = [text for text in _texts(resolver, f"_dmarc.{domain}") if text.casefold().startswith("v=dmarc1")]
    missing = f"no TXT record at _dmarc.{domain}; large receivers want at least v=DMARC1; p=none"
    yield MailRecord("DMARC", bool(dmarc), dmarc[0] if dmarc else missing)


def _texts(resolver: Resolver, name: str) -> list[str]:
    from dns.exception import DNSException

    try:
        answer = resolver.resolve(name, "TXT")
    except DNSException:
        return []
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
