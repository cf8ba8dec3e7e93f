"""Crossref: citations, journals, and which article a preprint became. https://api.crossref.org"""

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
    venue_of,
)
from newsletter.sources.isolated import CHILDREN, Children
from newsletter.sources.jsonfeed import parse_json
from newsletter.sources.reading import Reading

if TYPE_CHECKING:
    from newsletter.sources.http import Http

WORKS_A_REQUEST = 50
_READER = "newsletter.sources.enrichers.crossref:read_works"
_FIELDS = "DOI,title,container-title,is-referenced-by-count,relation"


class Crossref:
    """Asks about fifty papers at a time; those of arXiv have their DOIs elsewhere and are unknown to it."""

    def __init__(
        self, *, contact: str, url: str = "https://api.crossref.org/works", children: Children = CHILDREN
    ) -> None:
        """``contact`` is told to Crossref, which treats those better whom it can reach."""
        self._contact, self._url, self._children = contact, url, children

    def enrich(self, entries: Sequence[Entry], *, http: Http) -> list[Entry]:
        """Citations, journal and the article's DOI, where they are known."""

        def ask(names: list[str]) -> list[Entry]:
            filters = ",".join(f"doi:{name}" for name in names)
            query = {"filter": filters, "rows": len(names), "select": _FIELDS, "mailto": self._contact}
            answer = http.within(**PATIENCE).get(f"{self._url}?{urlencode(query)}")
            return list(self._children.read(_READER, answer.body, where=self._url).entries)

        names = [name for entry in entries for name in (entry.doi, entry.journal_doi) if name and "," not in name]
        return fill("Crossref", entries, names, size=WORKS_A_REQUEST, ask=ask)


def read_works(body: bytes) -> Reading:
    """What a list of works, or one work, says; raises SourceError where it is neither."""
    if body.strip().startswith(b"Resource not found"):
        return Reading()
    document = mapping(parse_json(body))
    message = document.get("message")
    if document.get("status") != "ok" or not isinstance(message, dict):
        raise SourceError(f"says: {first_text(mapping(next(iter(items(message)), None)).get('message') or 'an error')}")
    works = items(message.get("items")) if "items" in message else [message]
    return Reading(entries=tuple(_work(work) for work in works if isinstance(work, dict)))


def _work(work: Mapping[str, Any]) -> Entry:
    became = [mapping(one) for one in items(mapping(work.get("relation")).get("is-preprint-of"))]
    return Entry(
        title=first_text(work.get("title")),
        doi=doi_of(work.get("DOI")),
        journal_doi=next((found for one in became if (found := doi_of(one.get("id")))), None),
        venue=venue_of(first_text(work.get("container-title"))),
        signals=Signals(citations=read_count(work.get("is-referenced-by-count"))),
    )
