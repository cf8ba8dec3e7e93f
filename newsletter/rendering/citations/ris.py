"""RIS, as EndNote, Mendeley, Zotero and all the others import it: UTF-8, a tag a line, CRLF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from newsletter.model import Entry
from newsletter.rendering.citations.cited import ARXIV, Cited, Kind, cite

_TYPES = {Kind.PREPRINT: "UNPB", Kind.ARTICLE: "JOUR", Kind.PAGE: "ELEC"}


def write_ris(entries: Iterable[Entry]) -> str:
    """The papers as an ``.ris`` file."""
    return "".join(f"{tag}  - {value}\r\n" for cited in cite(entries) for tag, value in _lines(cited))


def _lines(cited: Cited) -> Iterator[tuple[str, str]]:
    yield "TY", _TYPES[cited.kind]
    yield "ID", cited.key
    yield "TI", cited.title
    for name in cited.people:
        yield "AU", name.inverted
    if cited.day:
        yield "PY", f"{cited.day.year:04}"
        yield "DA", f"{cited.day.year:04}/{cited.day.month:02}/{cited.day.day:02}"
    if cited.arxiv_id:
        yield "AN", f"{ARXIV}:{cited.arxiv_id}"
    if cited.kind is Kind.PREPRINT:
        yield "PB", ARXIV
    if cited.kind is Kind.ARTICLE and cited.journal:
        yield "T2", cited.journal
    for tag, value in (("DO", cited.doi), ("UR", cited.link), ("AB", cited.abstract)):
        if value:
            yield tag, value
    for word in cited.keywords:
        yield "KW", word
    yield "ER", ""
