"""Papers as people name them: an arXiv id, a DOI, a title, a link, or a whole BibTeX file."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares import SeparateCoAuthors
from bibtexparser.model import Entry as BibtexEntry

from newsletter.errors import UsageError
from newsletter.model import Entry
from newsletter.sources.identity import keys_of
from newsletter.text import clean, readable

MAX_LIBRARY_BYTES = 16_000_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One paper somebody named."""

    text: str
    """As it was written."""
    keys: tuple[str, ...]
    """Identity keys to look it up by, strongest first."""
    entry: Entry | None
    """What can be ranked by when no store knows it: ``None`` for a bare id, which says nothing of the content."""


def read_references(text: str, folder: Path) -> Sequence[Reference]:
    """The papers that ``arXiv:…``, ``doi:…``, ``title: …``, ``file: …`` or a link stands for; many for a file."""
    scheme, _, rest = text.partition(":")
    rest = rest.strip()
    match scheme.strip().casefold():
        case "arxiv":
            return [_bare(text, Entry(title="", link=f"https://arxiv.org/abs/{rest}"))]
        case "doi":
            return [_bare(text, Entry(title="", doi=rest.casefold()))]
        case "title":
            entry = Entry(title=clean(rest))
            return [Reference(text=text, keys=keys_of(entry), entry=entry)]
        case "file":
            return read_library((folder / rest).resolve())
        case _:
            return [_bare(text, Entry(title="", link=text.strip()))]


def read_library(path: Path) -> list[Reference]:
    """Every paper of a BibTeX file that has a title; entries with errors are passed over by the parser."""
    try:
        if path.stat().st_size > MAX_LIBRARY_BYTES:
            raise UsageError(f"{path}: larger than {MAX_LIBRARY_BYTES // 1_000_000} MB; split the library")
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}; a `file:` among the liked papers must be a readable .bib"
        ) from error
    logging.getLogger("bibtexparser").setLevel(logging.ERROR)  # it logs pieces of the file for each broken entry
    library = parse_string(text, append_middleware=[SeparateCoAuthors()])
    for block in library.failed_blocks:
        log.warning("%s:%s: this entry cannot be read and is passed over", path, (block.start_line or 0) + 1)
    if not library.entries:
        log.warning("%s: no papers could be read from it; expected BibTeX", path)
    return [_from_bibtex(entry) for entry in library.entries if "title" in _fields(entry)]


def _bare(text: str, entry: Entry) -> Reference:
    return Reference(text=text, keys=keys_of(entry), entry=None)


def _from_bibtex(entry: BibtexEntry) -> Reference:
    fields = _fields(entry)
    eprint = fields.get("eprint", "") if "arxiv" in fields.get("archiveprefix", "arxiv").casefold() else ""
    paper = Entry(
        title=_plain(fields["title"]),
        summary=_plain(fields.get("abstract", "")),
        authors=tuple(_author(name) for name in _authors(entry)),
        doi=fields.get("doi", "").casefold().removeprefix("https://doi.org/") or None,
        link=f"https://arxiv.org/abs/{eprint}" if eprint[:1].isdigit() else fields.get("url") or None,
        venue=_plain(fields.get("journal") or fields.get("booktitle") or "") or None,
    )
    return Reference(text=paper.title, keys=keys_of(paper), entry=paper)


def _fields(entry: BibtexEntry) -> dict[str, str]:
    return {key.casefold(): str(field.value) for key, field in entry.fields_dict.items()}


def _authors(entry: BibtexEntry) -> list[str]:
    named: object = next((field.value for key, field in entry.fields_dict.items() if key.casefold() == "author"), [])
    return [str(name) for name in named] if isinstance(named, list) else [str(named)]


def _author(name: str) -> str:
    family, comma, given = _plain(name).partition(",")
    return f"{given.strip()} {family.strip()}" if comma else family.strip()


def _plain(text: str) -> str:
    return readable(clean(text)).replace("{", "").replace("}", "")
