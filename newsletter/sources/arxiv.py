"""arXiv: the day's announcements by category, completed by the query API.

Both are read by expat and not by feedparser: titles and abstracts are plain text there, in which "p<0.05" is no tag.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from newsletter.errors import SourceError
from newsletter.model import Entry, Fetched
from newsletter.sources.asking import ask, outcome, read_local, without_validators
from newsletter.sources.dates import instant, midnight
from newsletter.sources.identifiers import ArxivId, arxiv_id, doi
from newsletter.sources.limiter import Limiter
from newsletter.sources.markup import web_address
from newsletter.sources.reading import Reading
from newsletter.sources.trouble import Refused
from newsletter.text import clean, readable

if TYPE_CHECKING:
    from newsletter.config.settings import ArxivSource
    from newsletter.sources import FetchRequest

NAMESPACE = b"arxiv.org/schemas/atom"
SECONDS_BETWEEN_REQUESTS = 3.0
"""And one connection at a time, over all of our processes: arXiv's terms of use."""
IDS_A_REQUEST = 100
ATTEMPTS_AT_AN_EMPTY_PAGE = 3

_READER = "newsletter.sources.arxiv:read_arxiv"
_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_TOTAL = "{http://a9.com/-/spec/opensearch/1.1/}totalResults"
_PREFIX = re.compile(r"\s*arXiv:\S+\s+Announce Type:\s*\S+\s*(?:Abstract:\s*)?", re.IGNORECASE)
_WITHDRAWN = re.compile(r"\b(?:has been|was|is)\s+withdrawn\b|^\s*withdrawn\b", re.IGNORECASE)
_WITHDRAWN_IN_ABSTRACT = re.compile(r"(?:this|the) \w+ (?:has been|was|is)\s+withdrawn\b|withdrawn\b", re.IGNORECASE)
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv)\.?", re.IGNORECASE)


class ArxivFetcher:
    """Asks for the announcements of some categories, and for the full records of what is in them."""

    def __init__(
        self,
        *,
        feeds: str = "https://rss.arxiv.org/rss/",
        api: str = "https://export.arxiv.org/api/query",
        limiter: Limiter | None = None,
    ) -> None:
        """``limiter`` is shared by all requests of all sources; the default one by all processes of this user."""
        self._feeds = feeds
        self._api = api
        self._limiter = limiter or Limiter("arxiv", SECONDS_BETWEEN_REQUESTS)

    def fetch(self, request: FetchRequest[ArxivSource]) -> Fetched:
        """What was announced since the feed was last read."""
        source = request.source
        if source.path is not None:
            return read_local(request, source.path, _READER)
        url = self._feeds + "+".join(source.categories)
        with self._limiter:
            answer, notes = ask(request, url)
        if answer.unchanged:
            return outcome(request, unchanged=True, data={**request.memory.data, "http": notes})
        announced = request.children.read(_READER, answer.body, where=url).entries
        if not source.full_records:
            return outcome(request, announced, data={**request.memory.data, "http": notes})
        return self._completed(request, announced, notes)

    def _completed(
        self, request: FetchRequest[ArxivSource], announced: Sequence[Entry], notes: Mapping[str, Any]
    ) -> Fetched:
        """The announced papers with what only the query API knows; those completed before are not asked for again."""
        before = frozenset(request.memory.data.get("completed", ()))
        wanted = [entry for entry in announced if _versioned(entry) not in before]
        records, error = self._records(request, [entry.arxiv_id for entry in wanted if entry.arxiv_id])
        entries = [_merged(entry, records.get(entry.arxiv_id or "")) for entry in announced]
        known = [_versioned(entry) for entry in announced if entry.arxiv_id in records or _versioned(entry) in before]
        data = {**request.memory.data, "http": notes, "completed": known}
        return outcome(request, entries, error=error, data=data if error is None else without_validators(data))

    def _records(self, request: FetchRequest[ArxivSource], ids: Sequence[str]) -> tuple[dict[str, Entry], str | None]:
        """Full records by id, and why some are missing."""
        found: dict[str, Entry] = {}
        unique = list(dict.fromkeys(ids))
        for start in range(0, len(unique), IDS_A_REQUEST):
            try:
                page = self._page(request, unique[start : start + IDS_A_REQUEST])
            except SourceError as error:
                return found, str(error)
            found |= {entry.arxiv_id: entry for entry in page if entry.arxiv_id}
        return found, None

    def _page(self, request: FetchRequest[ArxivSource], ids: Sequence[str]) -> Sequence[Entry]:
        url = f"{self._api}?{urlencode({'id_list': ','.join(ids), 'max_results': len(ids)}, safe=',/')}"
        for _ in range(ATTEMPTS_AT_AN_EMPTY_PAGE):
            with self._limiter:
                answer = self._get(request, url)
            reading = request.children.read(_READER, answer, where=self._api)
            if reading.entries or not reading.facts.get("total"):
                return reading.entries
        raise SourceError(
            f"{self._api}: answered {ATTEMPTS_AT_AN_EMPTY_PAGE} times with an empty page, against its own total"
        )

    def _get(self, request: FetchRequest[ArxivSource], url: str) -> bytes:
        try:
            return request.http.get(url).body
        except Refused as error:
            if not error.body:
                raise
            request.children.read(_READER, error.body, where=self._api)  # raises what the error says of itself
            raise


def read_arxiv(body: bytes) -> Reading:
    """The papers of an announcement feed (RSS or Atom) or of an answer of the query API."""
    if not body.strip():
        raise SourceError("is empty")
    try:
        root = ET.fromstring(body.lstrip())  # noqa: S314 in a child with bounds; expat expands no external entities
    except (ET.ParseError, ValueError, LookupError) as error:
        raise SourceError(f"is no XML, or breaks off: {error}") from error
    if root.tag == "rss":
        entries = tuple(_items(root))
        if not entries and root.find("channel/item") is not None:
            raise SourceError("is a feed, but none of its items is an arXiv paper")
        return Reading(entries=entries)
    if root.tag != f"{_ATOM}feed":
        raise SourceError("is neither an announcement feed nor an answer of arXiv's query API")
    total = root.findtext(_TOTAL)
    entries = tuple(entry for item in root.iter(f"{_ATOM}entry") if (entry := _entry(item)) is not None)
    return Reading(entries=entries, facts={"total": int(total) if total and total.strip().isdecimal() else None})


def _items(root: ET.Element) -> Iterator[Entry]:
    if (root.findtext("channel/title") or "").casefold().startswith("feed error"):
        raise SourceError(f"says: {clean(root.findtext('channel/description') or 'an error')}")
    for item in root.iter("item"):
        paper = arxiv_id(item.findtext("guid") or "") or arxiv_id(item.findtext("link") or "")
        if paper is None:
            continue
        yield _announced(
            item,
            paper,
            title=item.findtext("title"),
            abstract=item.findtext("description"),
            categories=[category.text or "" for category in item.iter("category")],
            day=item.findtext("pubDate"),
        )


def _entry(item: ET.Element) -> Entry | None:
    name = item.findtext(f"{_ATOM}id") or ""
    if "/api/errors" in name:
        raise SourceError(f"says: {clean(item.findtext(f'{_ATOM}summary') or 'an error')}")
    paper = arxiv_id(name)
    if paper is None:
        return None
    if name.startswith("oai:"):
        return _announced(
            item,
            paper,
            title=item.findtext(f"{_ATOM}title"),
            abstract=item.findtext(f"{_ATOM}summary"),
            categories=_terms(item),
            day=item.findtext(f"{_ATOM}published"),
        )
    return _record(item, paper)


def _announced(
    item: ET.Element,
    paper: ArxivId,
    *,
    title: str | None,
    abstract: str | None,
    categories: Sequence[str],
    day: str | None,
) -> Entry:
    """A paper as it was announced: on that day it was listed, and only a new one was also written about then."""
    announce_type = (item.findtext(f"{_ARXIV}announce_type") or "").strip() or None
    listed_at = _local_day(day)
    creators = [name for element in item.iter(f"{_DC}creator") for name in split_names(element.text or "")]
    return Entry(
        title=clean(title or ""),
        link=_address(paper),
        summary=clean(_PREFIX.sub("", abstract or "", count=1)),
        authors=tuple(creators),
        arxiv_id=paper.id,
        arxiv_version=paper.version,
        doi=doi(item.findtext(f"{_ARXIV}DOI") or ""),
        categories=tuple(categories),
        published=listed_at if announce_type == "new" else None,
        listed_at=listed_at,
        pdf_link=f"https://arxiv.org/pdf/{paper.id}",
        venue=_said(item, "journal_reference"),
        announce_type=announce_type,
    )


def _record(item: ET.Element, paper: ArxivId) -> Entry:
    """A paper's full record."""
    comment, abstract = _said(item, "comment"), clean(item.findtext(f"{_ATOM}summary") or "")
    authors = item.findall(f"{_ATOM}author")
    affiliation = next((a for author in authors if (a := _said(author, "affiliation"))), None)
    primary = item.find(f"{_ARXIV}primary_category")
    first = [] if primary is None else [primary.get("term", "")]
    pdf = next((link.get("href") for link in item.iter(f"{_ATOM}link") if link.get("title") == "pdf"), None)
    return Entry(
        title=clean(item.findtext(f"{_ATOM}title") or ""),
        link=_address(paper),
        summary=abstract,
        authors=tuple(readable(clean(author.findtext(f"{_ATOM}name") or "")) for author in authors),
        organization=affiliation,
        arxiv_id=paper.id,
        arxiv_version=paper.version,
        doi=doi(item.findtext(f"{_ARXIV}doi") or ""),
        categories=tuple(dict.fromkeys(first + _terms(item))),
        published=instant(item.findtext(f"{_ATOM}published")),
        updated=instant(item.findtext(f"{_ATOM}updated")),
        pdf_link=web_address(pdf),
        comment=comment,
        venue=_said(item, "journal_ref"),
        withdrawn=bool(_WITHDRAWN.search(comment or "") or _WITHDRAWN_IN_ABSTRACT.match(abstract)),
    )


def split_names(creators: str) -> list[str]:
    """The names in a list that is joined by commas, their TeX accents as Unicode.

    >>> split_names(r"Andr\\'e Weil, Martin Luther King, Jr., A. Gould (Ohio State, CfA)")
    ['André Weil', 'Martin Luther King Jr.', 'A. Gould']
    """
    without_places = re.sub(r"\s*\([^()]*\)", "", clean(creators))
    names: list[str] = []
    for part in (one.strip() for one in without_places.split(",")):
        if names and _SUFFIX.fullmatch(part):
            names[-1] += f" {part}"
        elif part:
            names.append(readable(part))
    return names


def _merged(announced: Entry, record: Entry | None) -> Entry:
    if record is None:
        return announced
    return replace(record, listed_at=announced.listed_at, announce_type=announced.announce_type)


def _versioned(entry: Entry) -> str:
    return f"{entry.arxiv_id}v{entry.arxiv_version}"


def _address(paper: ArxivId) -> str:
    return f"https://arxiv.org/abs/{paper.id}"


def _local_day(day: str | None) -> datetime | None:
    """The announcement's calendar day, which is one of Eastern time; in UTC its midnight is the same day."""
    return midnight(instant(day))


def _terms(item: ET.Element) -> list[str]:
    return [category.get("term", "") for category in item.findall(f"{_ATOM}category")]


def _said(item: ET.Element, name: str) -> str | None:
    return clean(item.findtext(f"{_ARXIV}{name}") or "") or None
