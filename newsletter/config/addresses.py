"""Where mail and requests go: mail addresses, hosts, links, networks."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from newsletter.addresses import ascii_domain, is_loopback
from newsletter.config.mistakes import mistake

_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def read_address(value: object) -> str:
    """A mail address; letters beyond ASCII only in its domain, which becomes its ASCII form."""
    expected = mistake("a mail address such as `ada@example.org`")
    if not isinstance(value, str):
        raise expected
    local, at, domain = value.strip().rpartition("@")
    domain = ascii_domain(domain)
    if not at or len(local) > 64 or len(domain) > 253 or not _LOCAL_PART.fullmatch(local):
        raise expected
    if domain.casefold() != "localhost" and not _DOMAIN.fullmatch(domain):
        raise expected
    return f"{local}@{domain}"


def read_domain(value: object) -> str:
    """The part of mail addresses after the @, in lower case."""
    domain = ascii_domain(value.strip().removeprefix("@")) if isinstance(value, str) else ""
    if not _DOMAIN.fullmatch(domain):
        raise mistake("a domain such as `example.org`")
    return domain.casefold()


def read_link(value: object) -> str:
    """An http or https address."""
    text = value.strip() if isinstance(value, str) else ""
    if not is_web_address(text):
        raise mistake("an address such as `https://example.org/feed.xml`")
    return text


def read_picture(value: object) -> str:
    """The https address of a picture: mail programs show no other."""
    text = value.strip() if isinstance(value, str) else ""
    if not is_web_address(text) or not text.startswith("https://"):
        raise mistake("an https address such as `https://example.org/logo.png`")
    return text


def read_secure_link(value: object) -> str:
    """An https address (http on this machine alone) without a slash, query or fragment at its end."""
    text = value.strip().rstrip("/") if isinstance(value, str) else ""
    if not is_web_address(text) or set("?#@") & set(text):
        raise mistake("an address such as `https://papers.example.org`")
    parts = urlsplit(text)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise mistake("https (http is for this machine alone, as in `http://127.0.0.1:8000`)")
    return text


def is_web_address(text: str) -> bool:
    """Whether it is an absolute http(s) address with a host."""
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and not re.search(r"\s", text)
        )
    except ValueError:
        return False


def read_host(value: object) -> str:
    """The name or address of a machine, without scheme or port."""
    host = value.strip() if isinstance(value, str) else ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?", host):
            raise mistake("a host name such as `smtp.example.org`; the port goes into `port`") from None
    return host


def read_network(value: object) -> str:
    """A host name, or an address or network such as ``10.0.0.0/8``."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        if re.search(r"[/:]|^[\d.]*$", text):
            raise mistake("a host such as `feeds.lab.example` or a network such as `10.0.0.0/8`") from None
    return read_host(text)
