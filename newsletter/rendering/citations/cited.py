"""What is said of a paper to cite it, whatever the format."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from urllib.parse import urlsplit

from newsletter.model import Entry, entry_id
from newsletter.rendering.citations.people import Name, name_of
from newsletter.rendering.weblinks import web_link
from newsletter.text import one_line, readable

ARXIV = "arXiv"
ARXIV_DOIS = "10.48550/arXiv."
KEY_DIGITS = 6

_PREPRINT_SERVER = re.compile(r"10\.(?:1101|64898)/(?:\d{4}\.\d\d\.\d\d\.)?\d{6,}")
_ARXIV_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)?(?:\.[A-Za-z-]{2,})?")
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9]+")
_SMALL_WORDS = frozenset({
    "a", "an", "and", "are", "as", "at", "by", "do", "does", "for", "from", "how", "in", "is", "it", "of", "on",
    "or", "the", "to", "via", "what", "why", "with",
})  # fmt: skip


class Kind(StrEnum):
    """What a paper is to who cites it."""

    PREPRINT = "preprint"  # on arXiv, and nowhere else that is known
    ARTICLE = "article"  # it has a DOI: of a journal, of bioRxiv or medRxiv
    PAGE = "page"  # a post, or a paper that is known by its address alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A paper with all that a reference says of it, readable and on one line each; empty where nothing is known."""

    kind: Kind
    key: str
    """What it is cited by: ASCII letters, digits and one hyphen, the same in whatever list the paper stands."""
    title: str
    source_title: str
    """With the formulas as LaTeX where the source has them so."""
    people: tuple[Name, ...]
    has_more: bool
    """Whether there are authors whom no source names."""
    day: date | None
    journal: str
    doi: str
    """arXiv's own for a preprint that has no other."""
    arxiv_id: str
    category: str
    """The first of arXiv's for it."""
    link: str
    abstract: str
    source_abstract: str
    keywords: tuple[str, ...]


REMEMBERED = 5_000
_CITED: dict[tuple[str, int], tuple[Entry, Cited]] = {}


def cite(entries: Iterable[Entry]) -> list[Cited]:
    """What is said of each paper, in the same order; no two have the same key."""
    chosen = list(entries)
    cited = [_cite(entry, KEY_DIGITS) for entry in chosen]
    taken = Counter(one.key for one in cited)
    return [_cite(entry, 16) if taken[one.key] > 1 else one for one, entry in zip(cited, chosen, strict=True)]


def _cite(entry: Entry, digits: int) -> Cited:
    """Remembered by the very object: many pages show the same papers."""
    key = entry.id, digits
    known = _CITED.get(key)
    if known is None or known[0] is not entry:
        if len(_CITED) >= REMEMBERED:
            _CITED.clear()
        known = _CITED[key] = entry, _describe(entry, digits)
    return known[1]


def _describe(entry: Entry, digits: int) -> Cited:
    people = tuple(name for author in entry.authors if (name := name_of(author)))
    seen = entry.published or entry.listed_at
    day = seen.date() if seen else None
    title = one_line(entry.title) or entry.link or entry.id
    readable_title = one_line(readable(title))
    journal = one_line(readable(entry.venue or "")) or _preprint_server(entry)
    is_article = bool(entry.doi and (journal or not entry.arxiv_id))
    return Cited(
        kind=Kind.ARTICLE if is_article else Kind.PREPRINT if entry.arxiv_id else Kind.PAGE,
        key=f"{_key(people, day, readable_title)}-{entry_id(entry.id)[:digits]}",
        title=readable_title,
        source_title=title,
        people=people,
        has_more=entry.counted_authors > len(entry.authors),
        day=day,
        journal=journal,
        doi=entry.doi or (f"{ARXIV_DOIS}{entry.arxiv_id}" if entry.arxiv_id else ""),
        arxiv_id=entry.arxiv_id or "",
        category=_category(entry),
        link=(f"https://arxiv.org/abs/{entry.arxiv_id}" if entry.arxiv_id else web_link(entry.link)) or "",
        abstract=one_line(readable(entry.summary)),
        source_abstract=one_line(entry.summary),
        keywords=tuple(dict.fromkeys(filter(None, (one_line(readable(word)) for word in entry.categories)))),
    )


def _preprint_server(entry: Entry) -> str:
    if not _PREPRINT_SERVER.fullmatch(entry.doi or ""):
        return ""
    hosts = {urlsplit(link).hostname for link in (web_link(entry.pdf_link), web_link(entry.link)) if link}
    return "medRxiv" if "www.medrxiv.org" in hosts else "bioRxiv"


def _category(entry: Entry) -> str:
    first = entry.categories[0] if entry.arxiv_id and entry.categories else ""
    return first if _ARXIV_CATEGORY.fullmatch(first) else ""


def _key(people: tuple[Name, ...], day: date | None, title: str) -> str:
    """``dohare2024loss``: whose, of when, and the first word of the title that says something."""
    family = _ascii(people[0].family) if people else ""
    words = (_ascii(word) for word in title.split())
    word = next((word for word in words if word and word not in _SMALL_WORDS), "")
    return (family[:24] or "anonymous") + (str(day.year) if day else "") + word[:24]


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return _NOT_IN_KEYS.sub("", plain).lower()
