"""arXiv's OAI-PMH service: lists of records, in each of the formats it offers.

https://info.arxiv.org/help/oa/index.html. Elements are found by their names alone: some mirrors lose the namespaces.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from newsletter.errors import SourceError
from newsletter.model import Entry
from newsletter.sources.arxiv_records import is_withdrawn, page_of, split_names
from newsletter.sources.dates import instant
from newsletter.sources.identifiers import ArxivId, arxiv_id, doi
from newsletter.sources.reading import Reading
from newsletter.text import clean, readable

ROOTS = frozenset({"OAI-PMH", "record"})
_GROUPS = frozenset({"cs", "econ", "eess", "math", "q-bio", "q-fin", "stat"})
"""Archives that are a group of their own; all others are physics."""
_NOTHING = "noRecordsMatch"
_COMMENT = re.compile(r"\s*Comments?:\s+", re.IGNORECASE)


def set_of(category: str) -> str:
    """The set that holds the papers of a category or of a whole archive.

    >>> set_of("cs.LG"), set_of("hep-th"), set_of("astro-ph.GA")
    ('cs:cs:LG', 'physics:hep-th', 'physics:astro-ph:GA')
    """
    archive, _, subject = category.partition(".")
    group = archive if archive in _GROUPS else "physics"
    return ":".join(part for part in (group, archive, subject) if part)


def read_list(root: ET.Element) -> Reading:
    """The records of one page; facts: the ``token`` that the next page is asked for by, and the server's ``day``."""
    for error in _each(root, "error"):
        if error.get("code") != _NOTHING:
            raise SourceError(f"says: {error.get('code') or 'an error'}: {clean(error.text or '')[:200]}".rstrip(": "))
    records = [root] if _name(root) == "record" else _each(root, "record")
    token = next((clean(one.text or "") for one in _each(root, "resumptionToken")), "")
    day = next((one.text for one in _each(root, "responseDate")), None)
    return Reading(
        entries=tuple(entry for record in records if (entry := _entry(record)) is not None),
        facts={"token": token or None, "day": (day or "").strip()[:10] or None},
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """The elements of one record, by name."""

    element: ET.Element

    def texts(self, name: str) -> list[str]:
        """What all elements of that name say."""
        return [text for one in self.element if _name(one) == name and (text := clean(one.text or ""))]

    def text(self, name: str) -> str:
        """What the first one says, or nothing."""
        return next(iter(self.texts(name)), "")


class _Version(NamedTuple):
    number: int
    date: str
    source_type: str
    """I: there is nothing to read."""


def _version(element: ET.Element) -> _Version:
    said, number = _Said(element), re.search(r"\d{1,3}", element.get("version", ""))
    return _Version(int(number[0]) if number else 1, said.text("date"), said.text("source_type"))


def _entry(record: ET.Element) -> Entry | None:
    """The paper; ``None`` for a record that names none."""
    header = next((one for one in record if _name(one) == "header"), None)
    if header is None:
        return None
    said = _Said(header)
    paper, listed_at = arxiv_id(said.text("identifier")), instant(said.text("datestamp"))
    form = next((one for part in record if _name(part) == "metadata" for one in part), None)
    if paper is None:
        return None
    if form is None:
        gone = header.get("status") == "deleted"
        return _paper(paper, title="", withdrawn=True, listed_at=listed_at) if gone else None
    if _name(form) == "dc":
        return _dublin_core(_Said(form), paper, listed_at, said.texts("setSpec"))
    return _arxiv(_Said(form), paper, listed_at)


def _arxiv(said: _Said, paper: ArxivId, listed_at: datetime | None) -> Entry:
    """A record in the formats ``arXiv``, ``arXivRaw`` and ``arXivOld``."""
    abstract, comment = said.text("abstract"), said.text("comments") or None
    versions = sorted(_version(one) for one in said.element if _name(one) == "version")  # v10 is listed before v2
    people = [person for one in said.element if _name(one) == "authors" for person in one]
    return _paper(
        paper,
        version=versions[-1].number if versions else None,
        title=said.text("title"),
        summary=abstract,
        authors=tuple(_people(people) if people else split_names(said.text("authors"))),
        organization=next((place for one in people for place in _Said(one).texts("affiliation")), None),
        doi=doi(said.text("doi")),
        categories=tuple(said.text("categories").split()),
        published=instant(versions[0].date if versions else said.text("created")),
        updated=instant(versions[-1].date if versions else said.text("updated") or said.text("created")),
        comment=comment,
        venue=said.text("journal-ref") or None,
        withdrawn=is_withdrawn(comment, abstract) or bool(versions and "I" in versions[-1].source_type),
        listed_at=listed_at,
    )


def _dublin_core(said: _Said, paper: ArxivId, listed_at: datetime | None, sets: list[str]) -> Entry:
    """A record in the format ``oai_dc``, in which an abstract, a remark and a DOI are told by how they begin."""
    abstract, *others = [*said.texts("description"), ""]
    comment = _COMMENT.sub("", others[0], count=1) if others and others[0] else None
    names = said.texts("identifier")
    dates = [date for text in said.texts("date") if (date := instant(text))]
    return _paper(
        paper,
        title=said.text("title"),
        summary=abstract,
        authors=tuple(_forenames_first(name) for name in said.texts("creator")),
        doi=next((found for name in names if name.startswith("doi:") and (found := doi(name))), None),
        categories=tuple(dict.fromkeys(_category_of(one) for one in sets)),
        published=min(dates, default=None),
        updated=max(dates, default=None),
        comment=comment,
        venue=next((name for name in names if "://" not in name and not name.startswith("doi:")), None),
        withdrawn=is_withdrawn(comment, abstract),
        listed_at=listed_at,
    )


def _paper(
    paper: ArxivId, *, version: int | None = None, listed_at: datetime | None = None, withdrawn: bool, **said: object
) -> Entry:
    return Entry(
        **said,  # type: ignore[arg-type]
        link=page_of(paper),
        arxiv_id=paper.id,
        arxiv_version=version,
        pdf_link=f"https://arxiv.org/pdf/{paper.id}",
        listed_at=listed_at,
        withdrawn=withdrawn,
    )


def _people(people: list[ET.Element]) -> Iterator[str]:
    """Names as people write them; the colon behind a collaboration is listed like one."""
    for one in people:
        said = _Said(one)
        name = " ".join(part for key in ("forenames", "keyname", "suffix") if (part := said.text(key)))
        if any(letter.isalpha() for letter in name):
            yield from split_names(name)


def _category_of(spec: str) -> str:
    """What ``set_of`` made a set of."""
    group, *names = spec.split(":")
    return ".".join(names or [group])


def _forenames_first(name: str) -> str:
    family, _, forenames = name.partition(",")
    return readable(f"{forenames.strip()} {family.strip()}".strip())


def _each(root: ET.Element, name: str) -> Iterator[ET.Element]:
    return (one for one in root.iter() if _name(one) == name)


def _name(element: ET.Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
