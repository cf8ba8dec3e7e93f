"""Formats of one tagged field a line: RIS, PubMed's, and EndNote's with percent signs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from newsletter.sources.libraries.records import Record, paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a format writes a field, and which tags say what, the best one first."""

    line: re.Pattern[str]
    """A tag and its value; any other line goes on with the field before it."""
    first: str
    """The tag that a record begins with."""
    last: str = ""
    """The tag that a record ends with."""
    title: tuple[str, ...]
    authors: tuple[str, ...]
    """The first of them that is there at all."""
    abstract: tuple[str, ...]
    doi: tuple[str, ...]
    links: tuple[str, ...]
    venue: tuple[str, ...]
    date: tuple[str, ...]
    arxiv: tuple[str, ...]


RIS = Dialect(
    line=re.compile(r"\s*([A-Z][A-Z0-9])(?: {2,3}- ?| ?- )(.*)"),
    first="TY",
    last="ER",
    title=("TI", "T1", "CT", "BT"),
    authors=("AU", "A1", "A2"),
    abstract=("AB", "N2"),
    doi=("DO", "UR", "M3", "L3", "N1", "ID"),
    links=("UR", "L2", "L1", "LK"),
    venue=("JO", "JF", "T2", "JA", "J2", "BT"),
    date=("PY", "Y1", "DA"),
    arxiv=("AN", "JO", "JF", "T2", "M1", "M3", "N1", "UR"),
)
PUBMED = Dialect(
    line=re.compile(r"([A-Z]{2,4}) {0,2}- (.*)"),
    first="PMID",
    title=("TI", "BTI", "TT"),
    authors=("FAU", "AU", "CN"),
    abstract=("AB",),
    doi=("LID", "AID"),
    links=(),
    venue=("JT", "TA"),
    date=("DP", "DEP"),
    arxiv=("AID", "GR"),
)
ENDNOTE = Dialect(
    line=re.compile(r"%([A-Z0-9@!?\[\]~>+<&]) (.*)"),
    first="0",
    title=("T",),
    authors=("A",),
    abstract=("X",),
    doi=("R", "U", "M"),
    links=("U", ">"),
    venue=("J", "B"),
    date=("D", "8"),
    arxiv=("J", "M", "U", "R"),
)

_OF_AN_AID = re.compile(r"\s*\[(?:doi|pii|pmid|bookaccession)\]\s*$")


def read_ris(text: str) -> Iterator[Record]:
    """Each record of a RIS file."""
    return _records(text, RIS)


def read_pubmed(text: str) -> Iterator[Record]:
    """Each record of PubMed's own format (``.nbib``)."""
    return _records(text, PUBMED)


def read_endnote(text: str) -> Iterator[Record]:
    """Each record of EndNote's format with percent signs (``.enw``)."""
    return _records(text, ENDNOTE)


def _records(text: str, dialect: Dialect) -> Iterator[Record]:
    """Records end at their last tag, or where the next one begins; what stands between two belongs to none."""
    fields: dict[str, list[str]] = defaultdict(list)
    began, tag, ended = 0, "", False
    for number, line in enumerate(text.split("\n"), start=1):
        match = dialect.line.match(f"{line}  - " if line.strip() == dialect.last else line)
        if match is None:
            if tag and not ended and line.strip():
                fields[tag][-1] += f" {line.strip()}"
            continue
        if match[1] == dialect.first or ended:
            if fields:
                yield _record(began, fields, dialect)
            fields, began = defaultdict(list), number
        tag, ended = match[1], match[1] == dialect.last
        began = began or number
        if not ended:
            fields[tag].append(match[2].strip())
    if fields:
        yield _record(began, fields, dialect)


def _record(line: int, fields: Mapping[str, list[str]], dialect: Dialect) -> Record:
    def every(tags: tuple[str, ...]) -> list[str]:
        return [_OF_AN_AID.sub("", value) for tag in tags for value in fields.get(tag, ()) if value]

    def first(tags: tuple[str, ...]) -> str:
        return next(iter(every(tags)), "")

    return paper(
        line,
        title=first(dialect.title),
        authors=next((found for tag in dialect.authors if (found := every((tag,)))), ()),
        abstract=first(dialect.abstract),
        doi_in=every(dialect.doi),
        arxiv_in=[text for text in every(dialect.arxiv) if "arxiv" in text.casefold()],
        links=every(dialect.links),
        venue=first(dialect.venue),
        date=first(dialect.date),
    )
