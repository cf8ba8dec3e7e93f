"""What all services have in common: papers are asked about in batches, and only gaps are filled."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from newsletter.errors import SourceError
from newsletter.model import Entry
from newsletter.sources.identifiers import doi
from newsletter.sources.markup import title_of
from newsletter.text import clean

log = logging.getLogger(__name__)

PATIENCE = {"seconds": 30.0, "attempts": 2}
"""Limits of one request: nobody waits long for what is only nice to have."""


_PREPRINT = re.compile(r"10\.(?:1101|64898|48550|21203|31234|31219|31222|31223|26434|20944|36227|2139|22541)/")
_NO_VENUE = re.compile(
    r"(?:arxiv|biorxiv|medrxiv|ssrn|research square|preprints?\.org|ern:)\b|.*\bejournal$", re.IGNORECASE
)


def fill(
    service: str, entries: Sequence[Entry], names: Iterable[str], *, size: int, ask: Callable[[list[str]], list[Entry]]
) -> list[Entry]:
    """The entries with what the works say that ``ask`` gives for a batch of names; at the first trouble it is left."""
    works: dict[str, Entry] = {}
    for batch in _batches(list(dict.fromkeys(names)), size):
        try:
            found = ask(batch)
        except SourceError as error:
            log.warning("%s adds nothing more in this run: %s", service, error)
            break
        works |= {name: work for work in found for name in names_of(work)}
    return [next((filled(entry, works[name]) for name in names_of(entry) if name in works), entry) for entry in entries]


def names_of(entry: Entry) -> list[str]:
    """The DOIs that a paper goes by, arXiv's own for it among them."""
    own = f"10.48550/arxiv.{entry.arxiv_id.lower()}" if entry.arxiv_id else None
    return [name for name in (own, entry.doi, entry.journal_doi) if name]


def filled(entry: Entry, work: Entry) -> Entry:
    """The entry with its gaps filled: nothing that a source said is replaced."""
    article = next((name for name in (work.journal_doi, work.doi) if name and not is_preprint(name)), None)
    return replace(
        entry,
        doi=entry.doi or article,
        journal_doi=entry.journal_doi or (article if entry.doi and is_preprint(entry.doi) else None),
        venue=entry.venue or work.venue,
        signals=replace(entry.signals, citations=_most(entry.signals.citations, work.signals.citations)),
    )


def is_preprint(name: str) -> bool:
    """Whether a DOI was given by a server for preprints."""
    return bool(_PREPRINT.match(name))


def venue_of(text: object) -> str | None:
    """The name of a journal or a conference; a server for preprints is none."""
    name = title_of(text) if isinstance(text, str) else ""
    return None if not name or _NO_VENUE.match(name) else name


def doi_of(text: object) -> str | None:
    """The DOI in a text, where it is one."""
    return doi(text) if isinstance(text, str) else None


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is a mapping, else an empty one: services leave anything out."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def first_text(value: object) -> str:
    """The first text of a list, or the text itself."""
    found = value[0] if isinstance(value, list) and value else value
    return clean(found) if isinstance(found, str) else ""


def _most(*figures: int | None) -> int | None:
    """Services miss citations and invent none."""
    return max((figure for figure in figures if figure is not None), default=None)


def _batches(names: list[str], size: int) -> Iterator[list[str]]:
    return (names[start : start + size] for start in range(0, len(names), size))
