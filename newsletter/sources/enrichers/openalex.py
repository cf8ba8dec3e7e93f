"""OpenAlex: citations and venues by DOI. https://developers.openalex.org"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from newsletter.errors import SourceError
from newsletter.model import Entry, Signals
from newsletter.sources.counts import read_count
from newsletter.sources.enrichers.filling import (
    PATIENCE,
    doi_of,
    fill,
    first_text,
    items,
    mapping,
    names_of,
    venue_of,
)
from newsletter.sources.identifiers import arxiv_id
from newsletter.sources.isolated import CHILDREN, Children
from newsletter.sources.jsonfeed import parse_json
from newsletter.sources.reading import Reading

if TYPE_CHECKING:
    from newsletter.sources.http import Http

WORKS_A_REQUEST = 100
_READER = "newsletter.sources.enrichers.openalex:read_works"
_FIELDS = "id,doi,title,ids,cited_by_count,primary_location,locations"
_NO_VENUES = ("repository", "metadata")


class OpenAlex:
    """Asks about a hundred papers at a time; without a key about a hundred times a day."""

    def __init__(
        self, *, key: str | None = None, url: str = "https://api.openalex.org/works", children: Children = CHILDREN
    ) -> None:
        self._key, self._url, self._children = key, url, children

    def enrich(self, entries: Sequence[Entry], *, http: Http) -> list[Entry]:
        """Citations, venue and the article's DOI, where they are known."""

        def ask(names: list[str]) -> list[Entry]:
            query = {"filter": f"doi:{'|'.join(names)}", "per-page": len(names), "select": _FIELDS}
            answer = http.within(**PATIENCE).get(
                f"{self._url}?{urlencode({**query, **({'api_key': self._key} if self._key else {})})}"
            )
            return list(self._children.read(_READER, answer.body, where=self._url).entries)

        # A comma and a bar divide filters.
        names = [name for entry in entries for name in names_of(entry) if not set(",|") & set(name)]
        return fill("OpenAlex", entries, names, size=WORKS_A_REQUEST, ask=ask)


def read_works(body: bytes) -> Reading:
    """What a list of works, or one work, says; raises SourceError where it is neither."""
    document = mapping(parse_json(body))
    if "error" in document:
        raise SourceError(f"says: {first_text(document.get('message') or document['error'])[:200]}")
    works = items(document.get("results")) if "results" in document else [document] if "doi" in document else None
    if works is None:
        raise SourceError("is JSON, but nothing of OpenAlex")
    return Reading(entries=tuple(_work(work) for work in works if isinstance(work, dict)))


def _work(work: Mapping[str, Any]) -> Entry:
    primary = mapping(work.get("primary_location"))
    places = [mapping(place) for place in [primary, *items(work.get("locations"))]]
    pages = [
        text for place in places for key in ("landing_page_url", "pdf_url") if isinstance(text := place.get(key), str)
    ]
    paper = next((found for page in pages if (found := arxiv_id(page))), None)
    source = mapping(primary.get("source"))
    return Entry(
        title=first_text(work.get("title")),
        arxiv_id=paper.id if paper else None,
        doi=doi_of(work.get("doi")),
        venue=None if source.get("type") in _NO_VENUES else venue_of(source.get("display_name")),
        signals=Signals(citations=read_count(work.get("cited_by_count"))),
    )
