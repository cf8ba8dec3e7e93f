"""BibTeX, in UTF-8: ``@misc`` with arXiv's fields for a preprint there, ``@article`` for what has a DOI."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from newsletter.model import Entry
from newsletter.rendering.citations.cited import ARXIV, Cited, Kind, cite
from newsletter.rendering.citations.people import Name
from newsletter.text.escaping import as_latex, escaped

_TYPES = {Kind.PREPRINT: "misc", Kind.ARTICLE: "article", Kind.PAGE: "misc"}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_VERBATIM = str.maketrans("", "", "{}\\")


def write_bibtex(entries: Iterable[Entry]) -> str:
    """The papers as a ``.bib`` file."""
    return "\n".join(map(_block, cite(entries)))


def _block(cited: Cited) -> str:
    fields = "".join(f"  {name} = {value},\n" for name, value in _fields(cited))
    return f"@{_TYPES[cited.kind]}{{{cited.key},\n{fields}}}\n"


def _fields(cited: Cited) -> Iterator[tuple[str, str]]:
    yield "title", f"{{{{{as_latex(cited.source_title)}}}}}"  # twice in braces: no style may change its capitals
    if cited.people:
        yield "author", "{" + " and ".join([*map(_author, cited.people), *(["others"] if cited.has_more else [])]) + "}"
    if cited.kind is Kind.ARTICLE and cited.journal:
        yield "journal", f"{{{escaped(cited.journal)}}}"
    if cited.day:
        yield "year", f"{{{cited.day.year:04}}}"
        yield "month", _MONTHS[cited.day.month - 1]
    if cited.arxiv_id:
        yield "eprint", _verbatim(cited.arxiv_id)
        yield "archiveprefix", f"{{{ARXIV}}}"
        if cited.category:
            yield "primaryclass", f"{{{cited.category}}}"
    for name, value in (("doi", cited.doi), ("url", cited.link)):
        if value:
            yield name, _verbatim(value)
    if cited.keywords:
        yield "keywords", f"{{{escaped(', '.join(cited.keywords))}}}"
    if cited.abstract:
        yield "abstract", f"{{{as_latex(cited.source_abstract)}}}"


def _author(name: Name) -> str:
    """In braces, as it stands, where it has no parts: an organisation's has none."""
    if not name.given:
        return f"{{{escaped(name.whole)}}}"
    family, given, suffix = (escaped(part) for part in name)
    return ", ".join(part for part in (family, suffix, given) if part)


def _verbatim(text: str) -> str:
    """Addresses and identifiers are read as they stand; the little that would end the field is in none of them."""
    return f"{{{text.translate(_VERBATIM)}}}"
