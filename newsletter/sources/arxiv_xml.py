"""arXiv's XML: announcement feeds, answers of the query API, and lists of its OAI-PMH service.

All are read by expat and not by feedparser: titles and abstracts are plain text there, in which "p<0.05" is no tag.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from datetime import datetime

from newsletter.errors import SourceError
from newsletter.model import Entry
from newsletter.sources import arxiv_oai
from newsletter.sources.arxiv_records import is_withdrawn, page_of, split_names
from newsletter.sources.dates import instant, midnight
from newsletter.sources.identifiers import ArxivId, arxiv_id, doi
from newsletter.sources.markup import web_address
from newsletter.sources.mending import read_xml
from newsletter.sources.reading import Reading
from newsletter.text import clean, readable

NAMESPACES = (b"arxiv.org/schemas/atom", b"http://www.openarchives.org/OAI/2.0/", b"http://arxiv.org/OAI/")
"""Of what is read here and not as any feed."""
_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_TOTAL = "{http://a9.com/-/spec/opensearch/1.1/}totalResults"
_PREFIX = re.compile(r"\s*arXiv:\S+\s+Announce Type:\s*\S+\s*(?:Abstract:\s*)?", re.IGNORECASE)


def read_arxiv(body: bytes) -> Reading:
    """The papers of an announcement feed (RSS or Atom), of an answer of the query API, or of a list by OAI-PMH."""
    if not body.strip():
        raise SourceError("is empty")
    root = read_xml(body)
    if root.tag.rpartition("}")[2] in arxiv_oai.ROOTS:
        return arxiv_oai.read_list(root)
    if root.tag == "rss":
        entries = tuple(_items(root))
        if not entries and root.find("channel/item") is not None:
            raise SourceError("is a feed, but none of its items is an arXiv paper")
        return Reading(entries=entries)
    if root.tag != f"{_ATOM}feed":
        raise SourceError("is neither an announcement feed nor an answer of arXiv's query API or OAI-PMH")
    total = root.findtext(_TOTAL)
    entries = tuple(entry for item in root.iter(f"{_ATOM}entry") if (entry := _entry(item)) is not None)
    return Reading(entries=entries, facts={"total": int(total) if total and total.strip().isdecimal() else None})


def _items(root: ET.Element) -> Iterator[Entry]:
    if (root.findtext("channel/title") or "").casefold().startswith("feed error"):
        raise SourceError(f"says: {clean(root.findtext('channel/description') or 'an error')}")
    for item in root.iter("item"):
        paper = arxiv_id(item.findtext("guid") or "") or arxiv_id(item.findtext("link") or "")
        if paper is None:
            continue
        yield _announced(
            item,
            paper,
            title=item.findtext("title"),
            abstract=item.findtext("description"),
            categories=[category.text or "" for category in item.iter("category")],
            day=item.findtext("pubDate"),
        )


def _entry(item: ET.Element) -> Entry | None:
    name = item.findtext(f"{_ATOM}id") or ""
    if "/api/errors" in name:
        raise SourceError(f"says: {clean(item.findtext(f'{_ATOM}summary') or 'an error')}")
    paper = arxiv_id(name)
    if paper is None:
        return None
    if name.startswith("oai:"):
        return _announced(
            item,
            paper,
            title=item.findtext(f"{_ATOM}title"),
            abstract=item.findtext(f"{_ATOM}summary"),
            categories=_terms(item),
            day=item.findtext(f"{_ATOM}published"),
        )
    return _record(item, paper)


def _announced(
    item: ET.Element,
    paper: ArxivId,
    *,
    title: str | None,
    abstract: str | None,
    categories: Sequence[str],
    day: str | None,
) -> Entry:
    """A paper as it was announced: on that day it was listed, and only a new one was also written about then."""
    announce_type = (item.findtext(f"{_ARXIV}announce_type") or "").strip() or None
    listed_at = _local_day(day)
    creators = [name for element in item.iter(f"{_DC}creator") for name in split_names(element.text or "")]
    return Entry(
        title=clean(title or ""),
        link=page_of(paper),
        summary=clean(_PREFIX.sub("", abstract or "", count=1)),
        authors=tuple(creators),
        arxiv_id=paper.id,
        arxiv_version=paper.version,
        doi=doi(item.findtext(f"{_ARXIV}DOI") or ""),
        categories=tuple(categories),
        published=listed_at if announce_type == "new" else None,
        listed_at=listed_at,
        pdf_link=f"https://arxiv.org/pdf/{paper.id}",
        venue=_said(item, "journal_reference"),
        announce_type=announce_type,
    )


def _record(item: ET.Element, paper: ArxivId) -> Entry:
    """A paper's full record."""
    comment, abstract = _said(item, "comment"), clean(item.findtext(f"{_ATOM}summary") or "")
    authors = item.findall(f"{_ATOM}author")
    affiliation = next((a for author in authors if (a := _said(author, "affiliation"))), None)
    primary = item.find(f"{_ARXIV}primary_category")
    first = [] if primary is None else [primary.get("term", "")]
    pdf = next((link.get("href") for link in item.iter(f"{_ATOM}link") if link.get("title") == "pdf"), None)
    return Entry(
        title=clean(item.findtext(f"{_ATOM}title") or ""),
        link=page_of(paper),
        summary=abstract,
        authors=tuple(readable(clean(author.findtext(f"{_ATOM}name") or "")) for author in authors),
        organization=affiliation,
        arxiv_id=paper.id,
        arxiv_version=paper.version,
        doi=doi(item.findtext(f"{_ARXIV}doi") or ""),
        categories=tuple(dict.fromkeys(first + _terms(item))),
        published=instant(item.findtext(f"{_ATOM}published")),
        updated=instant(item.findtext(f"{_ATOM}updated")),
        pdf_link=web_address(pdf),
        comment=comment,
        venue=_said(item, "journal_ref"),
        withdrawn=is_withdrawn(comment, abstract),
    )


def _local_day(day: str | None) -> datetime | None:
    """The announcement's calendar day, which is one of Eastern time; in UTC its midnight is the same day."""
    return midnight(instant(day))


def _terms(item: ET.Element) -> list[str]:
    return [category.get("term", "") for category in item.findall(f"{_ATOM}category")]


def _said(item: ET.Element, name: str) -> str | None:
    return clean(item.findtext(f"{_ARXIV}{name}") or "") or None
