"""Papers as people name them: an arXiv id, a DOI, a title, a link, or a whole library of them in a file."""

from __future__ import annotations

import atexit
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Semaphore

from newsletter.errors import LibraryTooLarge, NotReady, SourceError, UsageError
from newsletter.model import Entry
from newsletter.sources.identifiers import doi
from newsletter.sources.identity import keys_of, with_ids
from newsletter.sources.isolated import Children
from newsletter.sources.libraries.reading import EXPECTED, MISTAKES
from newsletter.text import clean, one_line

MAX_LIBRARY_BYTES = 16_000_000
CPU_SECONDS = 30
"""For one library; 5 MB of BibTeX take three."""
UPLOADED_PAPERS = 3_000
UPLOAD_CPU_SECONDS = 6
"""For one library that was handed in: of so many papers, one takes a second."""
MOST_UPLOADS = 4
"""Read, and waited for, at the same time."""
MISTAKES_TOLD = 10_000
REFERENCES_KEPT = 1 << 14
LIBRARIES_KEPT = 256
"""Read once in a process, as long as the file stays as it is."""

_READER = "newsletter.sources.libraries.reading:read_library"
_CHILDREN = Children(1, cpu_seconds=CPU_SECONDS, wall_seconds=5.0 * CPU_SECONDS)
atexit.register(_CHILDREN.close)
_STRANGERS = Children(1, cpu_seconds=UPLOAD_CPU_SECONDS, wall_seconds=10.0 * UPLOAD_CPU_SECONDS)
atexit.register(_STRANGERS.close)
UPLOADS = Semaphore(MOST_UPLOADS)
_RECORD = re.compile(rb"@[A-Za-z]+[ \t]*[{(]|^[ \t]*TY {1,3}-|^PMID- ?\d|^%0 |<record\b", re.MULTILINE)
"""What a record begins with, or cannot be without, in most formats."""
_END_OF_A_PAGE = re.compile(r"(?:/(?:full|abstract|pdf|epdf|meta|html))?(?:\.pdf)?/?$")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One paper somebody named."""

    text: str
    """As it was written; the title of one in a library, or its id."""
    keys: tuple[str, ...]
    """Identity keys to look it up by, strongest first."""
    entry: Entry | None
    """What can be ranked by when no store knows it: ``None`` for a bare id, which says nothing of the content."""
    named: Entry
    """Title, ids and link as far as they were said: what it can be asked about by."""
    trouble: str = ""
    """Why the library that it stands for cannot be read."""


def read_references(text: str, folder: Path) -> Sequence[Reference]:
    """The papers that ``arXiv:…``, ``doi:…``, ``title: …``, ``file: …`` or a link stands for; many for a file.

    A file that cannot be read is one reference that nothing is known of but its trouble.
    """
    scheme, _, rest = text.partition(":")
    if scheme.strip().casefold() == "file":
        return _read_file(text, (folder / rest.strip()).resolve())
    return [_read_one(text)]


@lru_cache(maxsize=REFERENCES_KEPT)
def _read_one(text: str) -> Reference:
    """What is not a file; a profile that is tuned names the same papers again and again."""
    scheme, _, rest = text.partition(":")
    rest = rest.strip()
    match scheme.strip().casefold():
        case "arxiv":
            return _reference(text, Entry(title="", link=f"https://arxiv.org/abs/{rest}"))
        case "doi":
            return _reference(text, Entry(title="", doi=rest.casefold()))
        case "title":
            return _reference(text, Entry(title=clean(rest)))
        case _:
            link = text.strip()
            return _reference(text, Entry(title="", link=link, doi=doi(_END_OF_A_PAGE.sub("", link))))


def reference_of(entry: Entry) -> str:
    """The shortest sure way to name a paper that ``read_references`` finds again; empty where nothing is known of it.

    >>> reference_of(Entry(title="Tides", doi="10.1101/2024.01.01.573829")), reference_of(Entry(title="Late frost"))
    ('doi:10.1101/2024.01.01.573829', 'title: Late frost')
    """
    if entry.arxiv_id:
        return f"arXiv:{entry.arxiv_id}"
    if entry.doi:
        return f"doi:{entry.doi}"
    title = one_line(entry.title)
    return f"title: {title}" if title else entry.link or ""


def read_library(path: Path) -> list[Reference]:
    """Every paper of a file in any of the formats of ``libraries`` that has a title or an id.

    Each record that cannot be read is a warning with its line; UsageError where there is no library at all.
    """
    try:
        found = path.stat()
        if found.st_size > MAX_LIBRARY_BYTES:
            raise UsageError(f"{path}: larger than {MAX_LIBRARY_BYTES // 1_000_000} MB; split the library")
        return list(_read_once(path, found.st_mtime_ns, found.st_size))
    except OSError as error:
        message = f"{path}: {error.strerror}; expected a file with {EXPECTED}"
        raise UsageError(message) from error
    except SourceError as error:
        raise UsageError(str(error)) from error


def read_upload(raw: bytes, name: str) -> list[Entry]:
    """The papers of a library that somebody handed in, each with a title or an id.

    It is read apart from us, as all that strangers write. UsageError where it is none, LibraryTooLarge where it has
    more than ``UPLOADED_PAPERS``, NotReady while enough others wait for theirs.
    """
    too_large = LibraryTooLarge(f"{name}: more than {UPLOADED_PAPERS:,} papers; hand in a part of them")
    if any(number >= UPLOADED_PAPERS for number, _ in enumerate(_RECORD.finditer(raw))):
        raise too_large
    if not UPLOADS.acquire(blocking=False):
        raise NotReady("files of others are being read: hand this one in again in some seconds")
    try:
        found = _STRANGERS.read(_READER, raw, where=name).entries
    except SourceError as error:
        raise UsageError(str(error)) from error
    finally:
        UPLOADS.release()
    if len(found) > UPLOADED_PAPERS:
        raise too_large
    return [with_ids(entry) for entry in found]


def _read_file(text: str, path: Path) -> Sequence[Reference]:
    try:
        return read_library(path)
    except UsageError as error:
        return [Reference(text=text, keys=(), entry=None, named=Entry(title=""), trouble=str(error))]


@lru_cache(maxsize=LIBRARIES_KEPT)
def _read_once(path: Path, mtime_ns: int, size: int) -> tuple[Reference, ...]:  # noqa: ARG001 a changed file is another
    reading = _CHILDREN.read(_READER, path.read_bytes(), where=str(path))
    mistakes = str(reading.facts.get(MISTAKES) or "").splitlines()
    for mistake in mistakes[:MISTAKES_TOLD]:
        log.warning("%s:%s; it is passed over", path, mistake)
    if len(mistakes) > MISTAKES_TOLD:
        log.warning("%s: %d more are passed over", path, len(mistakes) - MISTAKES_TOLD)
    if not reading.entries:
        log.warning("%s: no papers could be read from it", path)
    return tuple(_reference(_name_of(entry), entry) for entry in reading.entries)


def _reference(text: str, entry: Entry) -> Reference:
    entry = with_ids(entry)
    return Reference(text=text, keys=keys_of(entry), entry=entry if entry.title else None, named=entry)


def _name_of(entry: Entry) -> str:
    """What a paper of a library is called where it cannot be found."""
    return entry.title or (f"arXiv:{entry.arxiv_id}" if entry.arxiv_id else f"doi:{entry.doi}")
