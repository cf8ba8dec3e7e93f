"""Which format a file is in, and all that can be read of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from newsletter.errors import SourceError
from newsletter.sources.jsonfeed import parse_json
from newsletter.sources.libraries.bibtex import read_bibtex
from newsletter.sources.libraries.csl import read_items
from newsletter.sources.libraries.endnote_xml import read_endnote_xml
from newsletter.sources.libraries.names import read_names
from newsletter.sources.libraries.orcid import is_orcid, read_orcid, read_orcid_xml
from newsletter.sources.libraries.records import Record
from newsletter.sources.libraries.tagged import read_endnote, read_pubmed, read_ris
from newsletter.sources.mending import read_xml
from newsletter.sources.reading import Reading

MISTAKES = "mistakes"
"""The fact of a reading that holds what was passed over: a line each, its place in front."""
EXPECTED = "BibTeX, RIS, CSL-JSON, an ORCID record, EndNote, PubMed, or a list of DOIs and arXiv ids"

_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_LINE_END = re.compile(r"\r\n?")
_JSON = re.compile(r"[\[{]\s*(?:[\[{\]}\"\d-]|null|true|false|$)")
_BY_LINES: tuple[tuple[re.Pattern[str], Callable[[str], Iterator[Record]]], ...] = (
    (re.compile(r"^[ \t]*@[A-Za-z]+[ \t]*[{(]", re.MULTILINE), read_bibtex),
    (re.compile(r"^[ \t]*[A-Z][A-Z0-9] {1,3}-(?: |$)", re.MULTILINE), read_ris),
    (re.compile(r"^PMID- ?\d", re.MULTILINE), read_pubmed),
    (re.compile(r"^%[0TA] \S", re.MULTILINE), read_endnote),
)
"""A line as only that format has it; the first one in a file decides."""


def read_library(body: bytes) -> Reading:
    """Every paper of a library with a title or an identifier; raises SourceError where it is none at all."""
    text = decode(body)
    if not text.strip():
        raise SourceError("is empty")
    if "\0" in text:
        raise SourceError(f"is no text; expected {EXPECTED}")
    records = list(_records(text))
    mistakes = [f"{one.place}: {one.mistake}" for one in records if one.entry is None]
    return Reading(
        entries=tuple(one.entry for one in records if one.entry is not None), facts={MISTAKES: "\n".join(mistakes)}
    )


def decode(body: bytes) -> str:
    """The text, whatever its charset and line ends: UTF-8 or 16, else line by line the Western one of Windows."""
    return _LINE_END.sub("\n", _decoded(body))


def _decoded(body: bytes) -> str:
    for mark, charset in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(charset, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return "\n".join(_line(line) for line in body.split(b"\n"))


def _line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _records(text: str) -> Iterator[Record]:
    begins = text.lstrip()[:100]
    if _JSON.match(begins):
        document = parse_json(text.encode("utf-8", "replace"))
        return read_orcid(document) if is_orcid(document) else read_items(document)
    if begins.startswith("<"):
        return _of_xml(text.lstrip())
    found = [(match.start(), read) for pattern, read in _BY_LINES if (match := pattern.search(text))]
    if found:
        return min(found, key=lambda one: one[0])[1](text)
    return _of_names(text)


def _of_xml(text: str) -> Iterator[Record]:
    if re.match(r"<(?:!doctype html|html)", text, re.IGNORECASE):
        raise SourceError(f"is a web page; expected {EXPECTED}")
    root = read_xml(text.encode("utf-8", "replace"))
    name = root.tag.rpartition("}")[2]
    if "orcid.org" in root.tag:
        return read_orcid_xml(root)
    if name == "RDF":
        raise SourceError("is RDF; export the library as BibTeX, RIS or CSL JSON instead")
    if root.find(".//record") is not None:
        return read_endnote_xml(root)
    raise SourceError(f"is XML that is not known; expected {EXPECTED}")


def _of_names(text: str) -> Iterator[Record]:
    records = list(read_names(text))
    if not any(record.entry for record in records):
        raise SourceError(f"is no library that is known; expected {EXPECTED}")
    return iter(records)
