"""OpenAlex, for the abstracts that publishers do not give to Crossref. https://developers.openalex.org"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from newsletter.errors import SourceError
from newsletter.model import Entry
from newsletter.sources.enrichers.filling import first_text, items, mapping
from newsletter.sources.isolated import CHILDREN, Children
from newsletter.sources.jsonfeed import parse_json
from newsletter.sources.libraries.records import paper
from newsletter.sources.reading import Reading
from newsletter.text import clean

if TYPE_CHECKING:
    from newsletter.sources.http import Http

MAX_WORDS = 5_000
_READER = "newsletter.sources.lookup.openalex:read_works"
_FIELDS = "doi,title,authorships,publication_date,abstract_inverted_index"


class OpenAlexDois:
    """By DOIs, fifty at a time."""

    name, size, most = "OpenAlex", 50, 500

    def __init__(
        self, *, key: str | None = None, url: str = "https://api.openalex.org/works", children: Children = CHILDREN
    ) -> None:
        self._key, self._url, self._children = key, url, children

    def takes(self, named: Entry, found: Entry | None) -> bool:
        """Whatever has a DOI and no abstract yet; a comma and a bar divide filters."""
        return named.doi is not None and not set(",|") & set(named.doi) and (found is None or not found.summary)

    def ask(self, named: Sequence[Entry], /, *, http: Http) -> Sequence[Entry]:
        """The works of those DOIs."""
        names = "|".join(entry.doi for entry in named if entry.doi)
        query = {"filter": f"doi:{names}", "per-page": len(named), "select": _FIELDS}
        asked = query | ({"api_key": self._key} if self._key else {})
        answer = http.get(f"{self._url}?{urlencode(asked)}")
        return self._children.read(_READER, answer.body, where=self._url).entries


def read_works(body: bytes) -> Reading:
    """The works of a list; raises SourceError where it is none."""
    document = mapping(parse_json(body))
    if not isinstance(document.get("results"), list):
        raise SourceError(f"says: {first_text(document.get('message') or document.get('error'))[:200] or 'nothing'}")
    works = [_work(mapping(work)) for work in document["results"]]
    return Reading(entries=tuple(work for work in works if work is not None))


def _work(work: Mapping[str, Any]) -> Entry | None:
    people = [mapping(mapping(one).get("author")).get("display_name") for one in items(work.get("authorships"))]
    found = paper(
        "",
        title=first_text(work.get("title")),
        authors=[name for name in people if isinstance(name, str)],
        doi_in=[first_text(work.get("doi"))],
        date=first_text(work.get("publication_date")),
    ).entry
    return found and replace(found, summary=_in_order(mapping(work.get("abstract_inverted_index"))))


def _in_order(index: Mapping[str, Any]) -> str:
    """The abstract, of which OpenAlex lists each word with its places."""
    places = [(place, word) for word, where in index.items() for place in items(where) if isinstance(place, int)]
    return clean(" ".join(word for _, word in sorted(places)[:MAX_WORDS]))
