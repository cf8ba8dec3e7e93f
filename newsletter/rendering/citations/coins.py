"""COinS: what a page with several papers says of each to reference managers, in the title of an empty ``span``.

It is an OpenURL context object (ANSI/NISO Z39.88). A preprint is described in Dublin Core, the only one of its formats
in which Zotero knows preprints; what has a DOI as a journal's article, which all of them know.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote

from newsletter.model import Entry
from newsletter.rendering.citations.cited import ARXIV, Cited, Kind, cite

CLASS = "Z3988"
"""Of the ``span``."""
ABSTRACT_CHARACTERS = 2_000
DESCRIBED = 2_000
"""Papers described before: the readers of an edition have many in common."""
_FORMAT = "info:ofi/fmt:kev:mtx:"
_TYPES = {Kind.PREPRINT: "preprint", Kind.PAGE: "webpage"}


@lru_cache(maxsize=DESCRIBED)
def context_object(entry: Entry) -> str:
    """The paper as keys and values, percent-encoded; it is escaped once more in HTML."""
    [cited] = cite([entry])
    pairs = [("ctx_ver", "Z39.88-2004"), *(_article(cited) if cited.kind is Kind.ARTICLE else _other(cited))]
    return "&".join(f"{key}={quote(value, safe='', errors='replace')}" for key, value in pairs if value)


def _article(cited: Cited) -> Iterator[tuple[str, str]]:
    yield "rft_val_fmt", f"{_FORMAT}journal"
    yield "rft.genre", "article"
    yield "rft.atitle", cited.title
    yield "rft.jtitle", cited.journal
    yield from _common(cited)


def _other(cited: Cited) -> Iterator[tuple[str, str]]:
    yield "rft_val_fmt", f"{_FORMAT}dc"
    yield "rft.type", _TYPES[cited.kind]
    yield "rft.title", cited.title
    yield "rft.publisher", ARXIV if cited.kind is Kind.PREPRINT else ""
    yield "rft.identifier", cited.link
    yield "rft.description", cited.abstract[:ABSTRACT_CHARACTERS]
    yield from _common(cited)


def _common(cited: Cited) -> Iterator[tuple[str, str]]:
    yield "rft_id", f"info:doi/{cited.doi}" if cited.doi else ""
    yield "rft_id", cited.link
    yield "rft.date", cited.day.isoformat() if cited.day else ""
    for number, name in enumerate(cited.people):
        if not name.given:
            yield "rft.aucorp" if number == 0 else "rft.au", name.family
            continue
        if number == 0:
            yield "rft.aulast", name.family
            yield "rft.aufirst", name.given
        yield "rft.au", name.inverted
