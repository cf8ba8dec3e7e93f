"""bioRxiv and medRxiv by their details API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from newsletter.errors import SourceError
from newsletter.model import Entry, Fetched
from newsletter.sources.asking import as_far_as_read, read_local
from newsletter.sources.dates import instant
from newsletter.sources.huggingface import days_back
from newsletter.sources.identifiers import doi
from newsletter.sources.jsonfeed import parse_json
from newsletter.sources.markup import text_of, title_of
from newsletter.sources.reading import Reading
from newsletter.text import clean

if TYPE_CHECKING:
    from newsletter.config.settings import BiorxivSource
    from newsletter.sources import FetchRequest

MAX_PAGES = 100
_READER = "newsletter.sources.biorxiv:read_details"
_NONE = frozenset({"", "na", "n/a", "none"})
_DAY_IN_DOI = re.compile(r"/(\d{4})\.(\d{2})\.(\d{2})\.\d+$")


class BiorxivFetcher:
    """Asks for all versions posted in the last days."""

    def __init__(self, *, api: str = "https://api.biorxiv.org/details") -> None:
        self._api = api

    def fetch(self, request: FetchRequest[BiorxivSource]) -> Fetched:
        """Everything posted in the days asked for; pages that could be read are kept when a later one could not."""
        source, category = request.source, request.source.category
        if source.path is not None:
            return read_local(request, source.path, _READER, category=category)
        entries: list[Entry] = []
        try:
            for reading in self._pages(request):
                entries += reading.entries
        except SourceError as error:
            return as_far_as_read(request, entries, error)
        return as_far_as_read(request, entries, None)

    def _pages(self, request: FetchRequest[BiorxivSource]) -> Iterator[Reading]:
        source, days = request.source, days_back(request)
        wish = f"?{urlencode({'category': source.category})}" if source.category else ""
        cursor = 0
        for _ in range(MAX_PAGES):
            url = f"{self._api}/{source.server}/{days[-1]}/{days[0]}/{cursor}/json{wish}"
            reading = request.children.read(_READER, request.http.get(url).body, where=url, category=source.category)
            yield reading
            count, total = reading.facts["count"], reading.facts["total"]
            assert isinstance(count, int)  # noqa: S101 by our own reader
            if total and not count and not cursor:
                raise SourceError(f"{url}: answered with an empty page, against its own total of {total}")
            cursor += count
            if not count or (isinstance(total, int) and cursor >= total):
                return


def read_details(body: bytes, *, category: str | None = None) -> Reading:
    """The preprints of one page, all versions that it lists; ``count`` says how far the next page is."""
    if not body.strip():
        raise SourceError("is empty")
    document = parse_json(body)
    items = document.get("collection") if isinstance(document, dict) else None
    message = _message(document)
    if not isinstance(items, list):
        raise SourceError(
            f"says: {clean(str(message.get('status')))[:200]}" if message else "is no answer of the details API"
        )
    wanted = _folded(category)
    kept = [item for item in items if isinstance(item, dict) and wanted in ("", _folded(item.get("category")))]
    entries = tuple(entry for item in kept if (entry := _entry(item)) is not None)
    # A page of records that are all cut still moves on by what it says it has.
    count = _number(message.get("count")) if items else 0
    return Reading(entries=entries, facts={"count": count or len(items), "total": _number(message.get("total"))})


def _entry(item: Mapping[str, Any]) -> Entry | None:
    name, title = doi(str(item.get("doi") or "")), title_of(str(item.get("title") or ""))
    if name is None or not title:
        return None
    version = _number(item.get("version")) or 1
    posted = instant(item.get("date"))
    server = "medrxiv" if str(item.get("server") or "").casefold() == "medrxiv" else "biorxiv"
    journal = doi(_said(item, "published") or "")
    return Entry(
        title=title,
        link=f"https://doi.org/{name}",
        summary=text_of(str(item.get("abstract") or "")),
        authors=tuple(readable_names(str(item.get("authors") or ""))),
        organization=_said(item, "author_corresponding_institution"),
        doi=name,
        journal_doi=journal,
        categories=(category,) if (category := _said(item, "category")) else (),
        published=(_day_of_doi(name) if version > 1 else None) or posted,
        updated=posted,
        pdf_link=f"https://www.{server}.org/content/{name}v{version}.full.pdf",
        comment=f"published as doi:{journal}" if journal else None,
        withdrawn=str(item.get("type") or "").casefold() == "withdrawn" or title.startswith("WITHDRAWN"),
        announce_type="new" if version == 1 else "replace",
    )


def readable_names(authors: str) -> Iterator[str]:
    """The names in a list such as "Wright, K. M.; Consortium", as people write them.

    >>> list(readable_names("Wright, K. M.; van der Berg, A., Jr.; The Cell Consortium; "))
    ['K. M. Wright', 'A. van der Berg Jr.', 'The Cell Consortium']
    """
    for author in clean(authors).split(";"):
        family, *given = (part.strip() for part in author.split(","))
        name = " ".join([*given[:1], family, *given[1:]]).strip()
        if name:
            yield name


def _day_of_doi(name: str) -> datetime | None:
    """The day the first version was sent in, which newer DOIs spell out."""
    match = _DAY_IN_DOI.search(name)
    return instant("-".join(match.groups())) if match else None


def _message(document: Any) -> Mapping[str, Any]:
    messages = document.get("messages") if isinstance(document, dict) else None
    first = messages[0] if isinstance(messages, list) and messages else None
    return first if isinstance(first, dict) else {}


def _number(value: object) -> int | None:
    """The API writes numbers as numbers here and as strings there."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else None


def _folded(category: object) -> str:
    return str(category or "").replace("_", " ").strip().casefold()


def _said(item: Mapping[str, Any], key: str) -> str | None:
    text = clean(str(item.get(key) or ""))
    return None if text.casefold() in _NONE else text
