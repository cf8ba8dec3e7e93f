"""A personal feed by RFC 4287: an entry for each paper, in the order of the digests.

An entry a paper, and not one a digest, for what feed readers are good at goes by entries: to mark one, to keep it for
later, to open it, to find it again, to hand it to a reference manager. They sort by time, so the papers of a digest are
a second apart, the best one last updated: it stands first.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from newsletter.model import Entry
from newsletter.rendering.weblinks import web_link
from newsletter.text import one_line, readable

NAMESPACE = "http://www.w3.org/2005/Atom"
CONTENT_TYPE = "application/atom+xml; charset=utf-8"
BETWEEN_PAPERS = timedelta(seconds=1)
SINCE = "2026"
"""From when on the names of entries are ours: a part of each ``tag:`` address, which never changes."""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A paper as it stood in a digest."""

    entry: Entry
    content: str
    """HTML: the summary, and why it was chosen."""
    link: str
    """Where its title leads."""
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What is said of the feed as a whole."""

    title: str
    subtitle: str
    language: str
    name: str
    """A ``tag:`` address, by ``tag_address``."""
    address: str
    """Its own, as it was asked for."""
    home: str
    """Of the site."""
    updated: datetime


def tag_address(authority: str, *parts: str) -> str:
    """A name for ever by RFC 4151: that of an entry stays where the address of its feed changes.

    >>> tag_address("papers.example.org", "paper", "9f86d081884c7d65")
    'tag:papers.example.org,2026:paper/9f86d081884c7d65'
    """
    return f"tag:{authority},{SINCE}:{'/'.join(parts)}"


def arrange(items: Sequence[Entry], *, at: datetime) -> Iterable[tuple[Entry, datetime]]:
    """Each paper of a digest made ``at`` that instant, with its own moment: the first one is the latest."""
    return ((entry, at - number * BETWEEN_PAPERS) for number, entry in enumerate(items))


def write_atom(feed: Feed, entries: Iterable[FeedEntry], *, authority: str) -> bytes:
    """The feed in UTF-8; a paper that is there twice stands in it once."""
    root = ET.Element("feed", {"xmlns": NAMESPACE, "xml:lang": feed.language})
    _add(root, "title", feed.title)
    _add(root, "subtitle", feed.subtitle)
    _add(root, "id", feed.name)
    _add(root, "updated", _instant(feed.updated))
    ET.SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": feed.address})
    ET.SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": feed.home})
    _add(ET.SubElement(root, "author"), "name", feed.title)
    first: dict[str, FeedEntry] = {}
    for one in entries:
        first.setdefault(one.entry.id, one)
    root.extend(_entry(one, authority) for one in first.values())
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _entry(one: FeedEntry, authority: str) -> ET.Element:
    entry, element = one.entry, ET.Element("entry")
    _add(element, "title", readable(entry.title) or one.link)
    _add(element, "id", tag_address(authority, "paper", entry.id))
    ET.SubElement(element, "link", {"rel": "alternate", "type": "text/html", "href": one.link})
    if pdf := web_link(entry.pdf_link):
        ET.SubElement(element, "link", {"rel": "related", "type": "application/pdf", "href": pdf})
    _add(element, "updated", _instant(one.updated))
    if entry.published:
        _add(element, "published", _instant(entry.published))
    for author in entry.authors:
        _add(ET.SubElement(element, "author"), "name", readable(author))
    for category in entry.categories:
        ET.SubElement(element, "category", {"term": one_line(category)})
    _add(element, "content", one.content, type="html")
    return element


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = one_line(text)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
