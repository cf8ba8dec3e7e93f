"""What others know of a new paper: citations, where it appeared, the article it became. One file a service.

All of them are optional. One that is away, or wants fewer requests, adds nothing, says so in one line and stops nobody.
To add one, write a file like ``crossref.py`` and a line in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from newsletter.model import Entry, EntryChanges
from newsletter.sources.enrichers.crossref import Crossref
from newsletter.sources.enrichers.openalex import OpenAlex
from newsletter.sources.enrichers.semantic_scholar import SemanticScholar
from newsletter.sources.identity import keys_of
from newsletter.sources.isolated import CHILDREN

if TYPE_CHECKING:
    from newsletter.sources.http import Http

MAX_ENTRIES = 1_000
"""So many are asked about in one run; a day of all of arXiv's machine learning is fewer."""


class Enricher(Protocol):
    """A service that knows more of papers."""

    def enrich(self, entries: Sequence[Entry], *, http: Http) -> list[Entry]:
        """The same entries in the same order, with what the service adds; never raises for what it does."""


ENRICHERS: dict[str, Callable[[str | None, str], Enricher]] = {
    "openalex": lambda key, _: OpenAlex(key=key),
    "semantic_scholar": lambda key, _: SemanticScholar(key=key),
    "crossref": lambda _, contact: Crossref(contact=contact),
}
"""Each is made with its key, if there is one, and with an address by which it can reach the operator."""


def open_enrichers(names: Collection[str], *, keys: Mapping[str, str], contact: str) -> list[Enricher]:
    """The services of those names, in their order."""
    return [ENRICHERS[name](keys.get(name), contact) for name in dict.fromkeys(names)]


def enrich_new(changes: EntryChanges, enrichers: Sequence[Enricher], *, http: Http) -> EntryChanges:
    """The changes with what the services know of the papers that are news."""
    news = [entry for entry in changes.entries if entry.id in changes.new and entry.first_seen_at is not None]
    known = news[:MAX_ENTRIES]
    try:
        for enricher in enrichers if known else ():
            known = enricher.enrich(known, http=http)
    finally:
        CHILDREN.close()
    better = {entry.id: entry for entry in known}
    keys = dict.fromkeys((*changes.keys, *((key, entry.id) for entry in known for key in keys_of(entry))))
    return replace(changes, entries=tuple(better.get(entry.id, entry) for entry in changes.entries), keys=tuple(keys))
