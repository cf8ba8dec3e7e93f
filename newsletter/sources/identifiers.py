"""The names that papers go by: arXiv ids, DOIs, OpenReview ids, and addresses in one canonical form."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from newsletter.text import clean

_ARCHIVES = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|cond-mat|cs|dg-ga|"
    "econ|eess|funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math|math-ph|mtrl-th|nlin|nucl-ex|nucl-th|patt-sol|physics|"
    "plasm-ph|q-alg|q-bio|q-fin|quant-ph|solv-int|stat|supr-con"
)
_MONTH = r"(?:0[1-9]|1[0-2])"
_NEW_ID = rf"(?:07(?:0[4-9]|1[0-2])|(?:0[89]|[1-9]\d){_MONTH})\.\d{{4,5}}"
"""Ids have this form since April 2007."""
_ARXIV = rf"(?P<id>{_NEW_ID}|(?:{_ARCHIVES})(?:\.[a-z]{{2}})?/\d{{2}}{_MONTH}\d{{3}})(?:v(?P<version>\d{{1,3}}))?"
_ARXIV_ALONE = re.compile(rf"(?:oai:arxiv\.org:|arxiv:\s*)?{_ARXIV}", re.IGNORECASE)
_ARXIV_HOSTS = re.compile(r"(?:[a-z0-9-]+\.)?arxiv\.org|(?:www\.)?(?:alphaxiv|ar5iv)\.org|ar5iv\.labs\.arxiv\.org")
_ARXIV_PATH = re.compile(rf"/(?:abs|pdf|html|format|overview|forum)/{_ARXIV}(?:\.pdf)?/?", re.IGNORECASE)
_HUGGINGFACE_PATH = re.compile(rf"/papers/{_ARXIV}/?", re.IGNORECASE)
_SUBJECT = re.compile(r"\.[a-z]{2}/")
"""Old ids were also written with a subject class, which is no part of them: math.AG/0601001."""
_SICI = r"[^\s\"<>]{1,200}<[^\s\"<>]{1,100}>\d\.\d\.co;2(?:-[^\s\"<>])?"
"""Of journals of the nineties: the page that tells its papers apart stands in angle brackets."""
_DOI = re.compile(rf"10\.\d{{4,9}}/(?:(?P<sici>{_SICI})|[^\s\"<>]+)", re.IGNORECASE)
_DOI_OF_ARXIV = re.compile(rf"10\.48550/arxiv\.{_ARXIV}", re.IGNORECASE)
_PREPRINT_VERSION = re.compile(
    r"(10\.(?:1101|64898)/.+?)v\d+(?:\.full(?:\.pdf|-text)?|\.abstract)?"  # bioRxiv, medRxiv
    r"|(10\.21203/rs\..+|10\.(?:36227|22541)/.+)[/.]v\d+"  # Research Square, TechRxiv, Authorea
    r"|(10\.20944/preprints.+)\.v\d+"  # Preprints.org
    r"|(10\.(?:26434/chemrxiv|33774/coe|33774/apsa).+)[-.]v\d+"  # ChemRxiv, Cambridge Open Engage
    r"|(10\.(?:31219|31222|31223|31234|31235)/osf\.io/.+)_v\d+"  # the servers of OSF
    r"|(10\.12688/[a-z0-9]+\.\d+)\.\d+"  # F1000Research and its sisters
    r"|(10\.7554/elife\.\d{5,})\.\d"
)
"""Registrants of a DOI for each version; others end theirs in the same way, and mean papers by it."""
_RESOLVERS = re.compile(r"(?:www\.|dx\.)?doi\.org|(?:dx-)?doi-org\..+")
"""Also behind the proxy of a library, which writes hosts with dashes."""
_PREPRINT_HOSTS = re.compile(r"(?:www\.|connect\.)?(?:bio|med)rxiv\.org")
_PUBLISHED_AT = re.compile(r"/(?:doi|articles?|abstract|chapter|content)(?:/[a-z]+)?/(10\.\d{4,9}/.+)", re.IGNORECASE)
_VIEW = re.compile(r"/(?:full|abstract|pdf|html|meta)?/?$")
_MAX_GUID_CHARACTERS = 500
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
    match = _ARXIV_ALONE.fullmatch(text) or _doi_of_arxiv(text) or _arxiv_address(text)
    if match is None:
        return None
    version = match["version"]
    return ArxivId(_SUBJECT.sub("/", match["id"].lower()), int(version) if version else None)


def arxiv_id_in_guid(guid: str) -> ArxivId | None:
    """The arXiv id that a feed's name for an item is; a bare number there may be anything's.

    >>> arxiv_id_in_guid("oai:arXiv.org:2405.12345v1"), arxiv_id_in_guid("2405.12345")
    (ArxivId(id='2405.12345', version=1), None)
    """
    return arxiv_id(guid) if ":" in guid else None


def bounded_guid(guid: str) -> str | None:
    """A feed's name for an item; ``None`` where there is none, or one too long to look anything up by."""
    return clean(guid) or None if len(guid) <= _MAX_GUID_CHARACTERS else None


def doi(text: str) -> str | None:
    """The DOI in the text, lower-cased, without a resolver in front or a preprint's version behind.

    >>> doi("https://doi.org/10.1101/2026.01.02.123456v3.full.pdf")
    '10.1101/2026.01.02.123456'
    """
    match = _DOI.search(unquote(text)) if re.search("%[23]", text) else _DOI.search(text)
    if match is None:
        return None
    if match["sici"]:
        return match[0].lower()
    found = re.split(r"[?#]", match[0])[0].rstrip(".,;:)]}'").lower()
    version = _PREPRINT_VERSION.fullmatch(found)
    return next(filter(None, version.groups())) if version else found


def doi_of_address(url: str) -> str | None:
    """The DOI of the paper that the address is of: a resolver's, or a bioRxiv or medRxiv page."""
    host = _host(url)
    if _RESOLVERS.fullmatch(host) or _PREPRINT_HOSTS.fullmatch(host):
        return doi(urlsplit(url).path)
    return None


def doi_in_item(text: str) -> str | None:
    """The DOI that a feed gives as the identifier of an item; of an address only where it is that of the paper.

    >>> doi_in_item("doi:10.5555/abc"), doi_in_item("https://blog.example/?about=10.5555/abc")
    ('10.5555/abc', None)
    >>> doi_in_item("https://journal.example/doi/full/10.5555/abc?af=R")
    '10.5555/abc'
    """
    if "://" not in text:
        return doi(text)
    path = "" if _host(text) == "" else urlsplit(text).path
    published = _PUBLISHED_AT.search(unquote(path))
    return doi_of_address(text) or (doi(_VIEW.sub("", published[1])) if published else None)


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
    query = urlencode(
        sorted((k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(k))
    )
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


def _doi_of_arxiv(text: str) -> re.Match[str] | None:
    """A DOI of arXiv's in a text; in an address only where it resolves it, for others may be about the paper."""
    if "://" in text and not _RESOLVERS.fullmatch(_host(text)):
        return None
    return _DOI_OF_ARXIV.search(urlsplit(text).path if "://" in text else text)


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
