"""Crossref, by DOIs and by titles. https://www.crossref.org/documentation/retrieve-metadata/rest-api/"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from newsletter.errors import SourceError
from newsletter.model import Entry
from newsletter.sources.enrichers.filling import first_text, items, mapping
from newsletter.sources.isolated import CHILDREN, Children
from newsletter.sources.jsonfeed import parse_json
from newsletter.sources.libraries.csl import read_items
from newsletter.sources.reading import Reading

if TYPE_CHECKING:
    from newsletter.sources.http import Http

ANSWERS_A_TITLE = 5
_READER = "newsletter.sources.lookup.crossref:read_works"
_FIELDS = "DOI,title,subtitle,author,abstract,container-title,issued,URL"


class CrossrefPapers:
    """One query at a time, with an address by which Crossref can reach the operator."""

    def __init__(self, url: str, *, contact: str, children: Children = CHILDREN) -> None:
        """``url``: where the works are."""
        self._url, self._contact, self._children = url, contact, children

    def query(self, http: Http, query: Mapping[str, str | int]) -> Sequence[Entry]:
        """The works in the answer; raises SourceError."""
        asked = {**query, "select": _FIELDS, "mailto": self._contact}
        answer = http.get(f"{self._url}?{urlencode(asked)}")
        return self._children.read(_READER, answer.body, where=self._url).entries


class CrossrefDois:
    """By DOIs, fifty at a time."""

    name, size, most = "Crossref", 50, 500

    def __init__(self, papers: CrossrefPapers) -> None:
        self._papers = papers

    def takes(self, named: Entry, found: Entry | None) -> bool:
        """Whatever has a DOI; a comma would divide filters."""
        return named.doi is not None and "," not in named.doi and found is None

    def ask(self, named: Sequence[Entry], /, *, http: Http) -> Sequence[Entry]:
        """The works of those DOIs."""
        filters = ",".join(f"doi:{entry.doi}" for entry in named)
        return self._papers.query(http, {"filter": filters, "rows": len(named)})


class CrossrefTitles:
    """By titles, one at a time."""

    name, size, most = "Crossref (titles)", 1, 20

    def __init__(self, papers: CrossrefPapers) -> None:
        self._papers = papers

    def takes(self, named: Entry, found: Entry | None) -> bool:
        """Whatever has a title."""
        return bool(named.title) and found is None

    def ask(self, named: Sequence[Entry], /, *, http: Http) -> Sequence[Entry]:
        """The works that are most like it."""
        [one] = named
        words = " ".join([one.title, *one.authors[:1]])
        return self._papers.query(http, {"query.bibliographic": words, "rows": ANSWERS_A_TITLE})


def read_works(body: bytes) -> Reading:
    """The works of a list, or one work; raises SourceError where it is neither."""
    document = mapping(parse_json(body))
    message = document.get("message")
    if document.get("status") != "ok" or not isinstance(message, dict):
        raise SourceError(f"says: {first_text(mapping(next(iter(items(message)), None)).get('message') or 'an error')}")
    return Reading(entries=tuple(one.entry for one in read_items(message) if one.entry is not None))
