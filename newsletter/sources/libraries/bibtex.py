"""BibTeX and BibLaTeX, by bibtexparser."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping

from bibtexparser.library import Library
from bibtexparser.middlewares import RemoveEnclosingMiddleware, ResolveStringReferencesMiddleware, SeparateCoAuthors
from bibtexparser.model import Block, DuplicateBlockKeyBlock, DuplicateFieldKeyBlock, Entry, ParsingFailedBlock
from bibtexparser.splitter import Splitter

from newsletter.sources.libraries.records import Record, paper
from newsletter.text import clean, readable

_PIECE = re.compile(r'\s*(?:"([^"]*)"|\{([^{}]*)\}|([^\s#"{}]+))\s*(?:#|$)')

_ESCAPED_BRACE = re.compile(
    r"(?<!\\)\\(?:(?P<opens>\{|textbraceleft(?![A-Za-z])(?:\{\})?)|\}|textbraceright(?![A-Za-z])(?:\{\})?)"
)
_OPENS, _CLOSES = "\ue000", "\ue001"
"""Braces that are part of the text, while those that group are taken away: characters that no text has."""


def read_bibtex(text: str) -> Iterator[Record]:
    """Each entry, or why it cannot be read; those that follow a broken one are whole."""
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # it logs pieces of the file for each broken entry
    library = Library([_kept(block, number) for number, block in enumerate(Splitter(text).split().blocks)])
    for step in (ResolveStringReferencesMiddleware(), RemoveEnclosingMiddleware(), SeparateCoAuthors()):
        library = step.transform(library)
    strings = {name.casefold(): str(string.value) for name, string in library.strings_dict.items()}
    for block in library.blocks:
        line = (block.start_line or 0) + 1
        if isinstance(block, Entry):
            yield _record(line, block, strings)
        elif isinstance(block, ParsingFailedBlock):
            yield Record(str(line), None, f"cannot be read ({_reason(block)})")


def _kept(block: Block, number: int) -> Block:
    """The entry with its fields in small letters, also where its key or one of its fields is there twice."""
    while isinstance(block, DuplicateBlockKeyBlock | DuplicateFieldKeyBlock):
        inner = block.ignore_error_block
        if inner is None:
            return block
        block = inner
    if isinstance(block, Entry):
        block.key = f"{block.key} {number}"
        for field in block.fields:
            field.key = field.key.casefold()
    return block


def _reason(block: ParsingFailedBlock) -> str:
    return clean(str(getattr(block.error, "abort_reason", block.error))).rstrip(".")[:200]


def _record(line: int, block: Entry, strings: Mapping[str, str]) -> Record:
    fields = _fields(block, strings)

    def say(*names: str) -> str:
        return next((_plain(fields[name]) for name in names if fields.get(name)), "")

    month = say("month")
    return paper(
        line,
        title=": ".join(part for part in (say("title"), say("subtitle")) if part),
        authors=[_plain(name) for name in _authors(block)],
        abstract=say("abstract", "annote"),
        doi_in=[clean(fields.get(name, "")) for name in ("doi", "url", "eprint", "note", "ee")],
        arxiv_in=[
            *_eprints(fields),
            *(say(name) for name in ("journal", "journaltitle", "note", "number", "howpublished")),
        ],
        links=[fields.get(name, "") for name in ("url", "ee", "howpublished", "link")],
        venue=say("journal", "journaltitle", "booktitle"),
        date=say("date") or f"{say('year')} {month}".strip(),
    )


def _fields(block: Entry, strings: Mapping[str, str]) -> dict[str, str]:
    """The first field of each name, as text."""
    found: dict[str, str] = {}
    for field in block.fields:
        found.setdefault(field.key, _joined(str(field.value), strings))
    return found


def _joined(value: str, strings: Mapping[str, str]) -> str:
    """The value with pieces such as ``"Lecture Notes " # ofcs`` put together; as it stands where it is in one piece."""
    if "#" not in value:
        return value
    pieces, end = [], 0
    while piece := _PIECE.match(value, end):
        quoted, braced, name = piece.groups()
        pieces.append(quoted or braced or strings.get((name or "").casefold(), name or ""))
        end = piece.end()
        if end == len(value):
            return "".join(pieces)
    return value


def _eprints(fields: Mapping[str, str]) -> list[str]:
    """What stands where an arXiv id may stand by itself."""
    place = (fields.get("archiveprefix") or fields.get("eprinttype") or "arxiv").casefold()
    return [clean(fields.get("eprint", ""))] if "arxiv" in place else []


def _authors(block: Entry) -> list[str]:
    named: object = next((field.value for field in block.fields if field.key == "author"), [])
    return [str(name) for name in named] if isinstance(named, list) else [str(named)]


def _plain(text: str) -> str:
    kept = _ESCAPED_BRACE.sub(lambda brace: _OPENS if brace["opens"] else _CLOSES, clean(text))
    ungrouped = readable(kept).replace("{", "").replace("}", "")
    return ungrouped.replace(_OPENS, "{").replace(_CLOSES, "}")
