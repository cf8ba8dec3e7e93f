"""The names that papers go by: arXiv ids, DOIs, OpenReview ids, and addresses in one canonical form."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

_ARXIV = r"(?P<id>\d{4}\.\d{4,5}|[a-z][a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v(?P<version>\d{1,3}))?"
_ARXIV_ALONE = re.compile(rf"(?:oai:arxiv\.org:|arxiv:\s*)?{_ARXIV}", re.IGNORECASE)
_ARXIV_HOSTS = re.compile(r"(?:[a-z0-9-]+\.)?arxiv\.org|(?:www\.)?(?:alphaxiv|ar5iv)\.org|ar5iv\.labs\.arxiv\.org")
_ARXIV_PATH = re.compile(rf"/(?:abs|pdf|html|format|overview|forum)/{_ARXIV}(?:\.pdf)?/?", re.IGNORECASE)
_HUGGINGFACE_PATH = re.compile(rf"/papers/{_ARXIV}/?", re.IGNORECASE)
_SUBJECT = re.compile(r"\.[a-z]{2}/")
"""Old ids were also written with a subject class, which is no part of them: math.AG/0601001."""
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+", re.IGNORECASE)
_DOI_OF_ARXIV = re.compile(rf"10\.48550/arxiv\.{_ARXIV}", re.IGNORECASE)
_PREPRINT_VERSION = re.compile(r"^(10\.(?:1101|64898)/.+?)v\d+(?:\.full(?:\.pdf|-text)?|\.abstract)?$")
_PREPRINT_HOSTS = re.compile(r"(?:www\.|connect\.)?(?:bio|med)rxiv\.org")
_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|mc_[ce]id|igshid|ref_src|_hs(?:enc|mi)|cmpid|at_medium|at_campaign", re.I)


class ArxivId(NamedTuple):
    """``2405.12345`` or ``hep-th/9901001``, and which version of it."""

    id: str
    version: int | None


def arxiv_id(text: str) -> ArxivId | None:
    """The arXiv id that the text is: bare, with ``arXiv:`` or ``oai:arXiv.org:`` in front, as a DOI or as an address.

    >>> arxiv_id("oai:arXiv.org:2405.12345v2")
    ArxivId(id='2405.12345', version=2)
    >>> arxiv_id("https://huggingface.co/papers/2405.12345")
    ArxivId(id='2405.12345', version=None)
    """
    text = text.strip()
    match = _ARXIV_ALONE.fullmatch(text) or _DOI_OF_ARXIV.search(text) or _arxiv_address(text)
    if match is None:
        return None
    version = match["version"]
    return ArxivId(_SUBJECT.sub("/", match["id"].lower()), int(version) if version else None)


def doi(text: str) -> str | None:
    """The DOI in the text, lower-cased, without a resolver in front or a preprint's version behind.

    >>> doi("https://doi.org/10.1101/2026.01.02.123456v3.full.pdf")
    '10.1101/2026.01.02.123456'
    """
    match = _DOI.search(unquote(text)) if "%2" in text else _DOI.search(text)
    if match is None:
        return None
    found = re.split(r"[?#]", match[0])[0].rstrip(".,;:)]}'").lower()
    return _PREPRINT_VERSION.sub(r"\1", found)


def doi_of_address(url: str) -> str | None:
    """The DOI of the paper that the address is of: a resolver's, or a bioRxiv or medRxiv page."""
    host = _host(url)
    if host in ("doi.org", "dx.doi.org") or _PREPRINT_HOSTS.fullmatch(host):
        return doi(url)
    return None


def openreview_id(url: str) -> str | None:
    """The id of the forum that the address is of."""
    parts = urlsplit(url)
    if parts.hostname not in ("openreview.net", "api.openreview.net", "api2.openreview.net"):
        return None
    found = dict(parse_qsl(parts.query)).get("id")
    return found if found and parts.path in ("/forum", "/pdf", "/attachment") else None


def canonical_address(url: str) -> str | None:
    """One form for the addresses that lead to the same page; ``None`` for a site's front page, which is no paper.

    >>> canonical_address("http://www.Example.org/a/?utm_source=x&b=2&a=1#top")
    'example.org/a?a=1&b=2'
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removeprefix("www."), parts.port
    except ValueError:
        return None
    query = urlencode(sorted((k, v) for k, v in parse_qsl(parts.query) if not _TRACKING.fullmatch(k)))
    path = re.sub(r"/(?:index\.(?:html?|php))?$", "", unquote(parts.path))
    if not host or not (path or query):
        return None
    place = host if port in (None, 80, 443) else f"{host}:{port}"
    return f"{place}{path}" + (f"?{query}" if query else "")


class Named(NamedTuple):
    """What an address is of: a paper by one of its ids, or else a page."""

    arxiv: ArxivId | None = None
    doi: str | None = None
    openreview_id: str | None = None
    page: str | None = None
    """The canonical address, where it says more than an id does."""


@lru_cache(maxsize=1024)
def named(url: str) -> Named:
    """What the address is of; all ``None`` for a site's front page and for no address.

    >>> named("https://arxiv.org/abs/2405.12345").page is None, named("https://www.lab.example/a#b").page
    (True, 'lab.example/a')
    """
    found = Named(arxiv_id(url), doi_of_address(url), openreview_id(url))
    return found if any(found) else Named(page=canonical_address(url))


def _arxiv_address(text: str) -> re.Match[str] | None:
    host = _host(text)
    if _ARXIV_HOSTS.fullmatch(host):
        return _ARXIV_PATH.fullmatch(urlsplit(text).path)
    if host in ("huggingface.co", "hf.co"):
        return _HUGGINGFACE_PATH.fullmatch(urlsplit(text).path)
    return None


@lru_cache(maxsize=64)
def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
