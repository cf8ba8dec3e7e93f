"""What all formats have in common: a paper out of fields that anybody may have written anything into."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from newsletter.model import Entry
from newsletter.sources.enrichers.filling import venue_of
from newsletter.sources.identifiers import arxiv_id, doi
from newsletter.sources.markup import text_of, title_of, web_address
from newsletter.text import clean

_ARXIV = re.compile(
    r"arxiv(?:\.org/(?:abs|pdf)/|\s*preprint)?[\s.:]*(?:arxiv[\s.:]*)?"
    r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?(?!\d)",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?:[-/. ]+(\d{1,2}|[A-Za-z]{3,9})\.?(?:[-/. ]+(\d{1,2})(?!\d))?)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NOBODY = frozenset({"others", "et al", "et al."})
_SUFFIXES = frozenset({"jr", "jr.", "sr", "sr.", "ii", "iii", "iv"})
_NO_ABSTRACT = re.compile(r"(?:abstract|summary)\W*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a library: a paper, or why there is none."""

    place: str
    """``12``: its line; ``item 3`` where lines mean nothing."""
    entry: Entry | None
    mistake: str = ""
    """Where there is no paper: what is wrong."""


def paper(
    place: object,
    *,
    title: str = "",
    authors: Iterable[str] = (),
    abstract: str = "",
    doi_in: Sequence[str] = (),
    arxiv_in: Sequence[str] = (),
    links: Sequence[str] = (),
    venue: str = "",
    date: str = "",
) -> Record:
    """The record of a paper; ``doi_in``, ``arxiv_in`` and ``links`` are where those may stand, the best place first."""
    addresses = [
        found for link in links for part in re.split(r";\s*(?=http)|\s+", link) if (found := web_address(part))
    ]
    name = next((found for text in doi_in if (found := doi(text))), None)
    own = next((found for text in (*arxiv_in, *addresses) if (found := find_arxiv_id(text))), None)
    own = own or (arxiv_of_doi.id if name and (arxiv_of_doi := arxiv_id(name)) else None)
    entry = Entry(
        title=title_of(title),
        summary=_abstract(abstract),
        authors=tuple(dict.fromkeys(person for author in authors if (person := given_first(author)))),
        arxiv_id=own,
        doi=None if name and arxiv_id(name) else name,
        link=f"https://arxiv.org/abs/{own}" if own else next(iter(addresses), None),
        venue=venue_of(venue),
        published=day_of(date),
    )
    if entry.title or entry.doi or entry.arxiv_id:
        return Record(str(place), entry)
    return Record(str(place), None, "has neither a title nor a DOI nor an arXiv id")


def find_arxiv_id(text: str) -> str | None:
    """The arXiv id somewhere in a text that says it is one, or that is nothing else.

    >>> find_arxiv_id("arXiv preprint arXiv:2405.12345v2 [cs.LG]"), find_arxiv_id("Nature 2405.12345")
    ('2405.12345', None)
    """
    if alone := arxiv_id(text):
        return alone.id
    found = _ARXIV.search(text)
    return bare.id if found and (bare := arxiv_id(found[1])) else None


def given_first(name: str) -> str:
    """A person's name with the family name last, empty for nobody.

    RIS has what follows a name at the end, BibTeX in the middle.

    >>> given_first("van der Berg, Anna, Jr."), given_first("van der Berg, Jr., Anna"), given_first("others")
    ('Anna van der Berg Jr.', 'Anna van der Berg Jr.', '')
    """
    plain = clean(name)
    if plain.casefold() in _NOBODY:
        return ""
    family, _, rest = plain.partition(",")
    given, _, suffix = (part.strip() for part in rest.partition(","))
    if given.casefold() in _SUFFIXES and suffix:
        given, suffix = suffix, given
    return " ".join(part for part in (given, family.strip(), suffix) if part)


def day_of(text: str) -> datetime | None:
    """The day that a date in any of these formats begins with, the first of the month or year where it says no more.

    >>> day_of("2014//").date().isoformat(), day_of("2024 Mar 5").date().isoformat(), day_of("in press")
    ('2014-01-01', '2024-03-05', None)
    """
    found = _DATE.search(text)
    if found is None:
        return None
    month = _month(found[2] or "")
    try:
        return datetime(int(found[1]), month or 1, int(found[3] or 1) if month else 1, tzinfo=UTC)
    except ValueError:
        return datetime(int(found[1]), 1, 1, tzinfo=UTC)


def _month(text: str) -> int | None:
    if text.isdecimal():
        return int(text)
    return _MONTHS.index(text[:3].casefold()) + 1 if text[:3].casefold() in _MONTHS else None


def _abstract(text: str) -> str:
    """The abstract without markup, and without the heading that publishers leave in."""
    plain = text_of(text)
    heading = _NO_ABSTRACT.match(plain)
    return plain[heading.end() :] if heading and plain[heading.end() : heading.end() + 1].isupper() else plain
