"""Semantic Scholar: citations, venues and articles of preprints, by arXiv id or DOI. https://api.semanticscholar.org"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

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

PAPERS_A_REQUEST = 500
_READER = "newsletter.sources.enrichers.semantic_scholar:read_papers"
_FIELDS = "title,externalIds,citationCount,venue,publicationVenue,journal"


class SemanticScholar:
    """Asks about hundreds of papers at a time; those without a key share what is left, which may be nothing."""

    def __init__(
        self,
        *,
        key: str | None = None,
        url: str = "https://api.semanticscholar.org/graph/v1/paper/batch",
        children: Children = CHILDREN,
    ) -> None:
        self._key, self._url, self._children = key, url, children

    def enrich(self, entries: Sequence[Entry], *, http: Http) -> list[Entry]:
        """Citations, venue and the article's DOI, where they are known."""
        headers = {"Content-Type": "application/json", **({"x-api-key": self._key} if self._key else {})}

        def ask(names: list[str]) -> list[Entry]:
            body = json.dumps({"ids": [_their_name(name) for name in names]}).encode()
            answer = http.within(**PATIENCE).post(f"{self._url}?fields={_FIELDS}", body, headers=headers)
            papers = self._children.read(_READER, answer.body, where=self._url).entries
            if len(papers) != len(names):
                raise SourceError(
                    f"{self._url}: answered about {len(papers)} papers where {len(names)} were asked about"
                )
            return [_asked_by(name, paper) for name, paper in zip(names, papers, strict=True) if paper.title]

        names = [name for entry in entries for name in names_of(entry)[:1]]
        return fill("Semantic Scholar", entries, names, size=PAPERS_A_REQUEST, ask=ask)


def read_papers(body: bytes) -> Reading:
    """What is said of each paper, in their order, one without a title for each that is unknown; or of one paper."""
    document = parse_json(body)
    said = mapping(document)
    if message := said.get("error") or said.get("message"):
        raise SourceError(f"says: {first_text(message)[:200]}")
    if "paperId" in said:
        document = [document]
    elif isinstance(document, dict):
        document = [mapping(one).get("citedPaper", one) for one in items(said.get("data"))]
    return Reading(entries=tuple(_paper(mapping(one)) for one in items(document)))


def _paper(paper: Mapping[str, Any]) -> Entry:
    names = mapping(paper.get("externalIds"))
    listed = arxiv_id(str(names.get("ArXiv") or ""))
    journal, venue = mapping(paper.get("journal")), mapping(paper.get("publicationVenue"))
    places = (venue.get("name"), journal.get("name"), paper.get("venue"))
    return Entry(
        title=first_text(paper.get("title")),
        arxiv_id=listed.id if listed else None,
        doi=doi_of(names.get("DOI")),
        venue=next((name for place in places if (name := venue_of(place))), None),
        signals=Signals(citations=read_count(paper.get("citationCount"))),
    )


def _their_name(name: str) -> str:
    paper = arxiv_id(name)
    return f"ARXIV:{paper.id}" if paper else f"DOI:{name}"


def _asked_by(name: str, paper: Entry) -> Entry:
    """The paper under the name that it was asked about by, with any other one as that of its article."""
    other = paper.doi if paper.doi != name else None
    return replace(paper, doi=name, journal_doi=other)
