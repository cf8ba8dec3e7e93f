"""OPML, the list of feeds that readers exchange (http://opml.org/spec2.opml): bytes to feeds, and feeds to bytes.

What readers write is often no XML: bare ampersands, entities of HTML, a wrong charset, a file cut short. All that is
asked of it stands in the attributes of single ``outline`` tags, so these are read one by one. There is no tree to nest
without end, nothing that a DTD or an entity could do, and a tag gone wrong costs that tag alone. Every pattern here
takes a time that is linear in the size of the file.
"""

from __future__ import annotations

import codecs
import html
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from newsletter.errors import UsageError
from newsletter.sources.markup import title_of
from newsletter.text import shorten

MAX_BYTES = 10_000_000
MAX_OUTLINES = 10_000
MAX_TITLE_CHARACTERS = 120
MAX_TAG_CHARACTERS = 100_000
MAX_VALUE_CHARACTERS = 4_000

_ASIDES = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"))
"""Comments and the like, in which no tag is one."""
_ENTITY = re.compile(r"<!ENTITY\b", re.IGNORECASE)
_FIRST_TAG = re.compile(r"<(?:[\w.-]{1,40}:)?([\w.-]{1,40})")
_ROOT = re.compile(r"<(?:[\w.-]{1,40}:)?opml\b", re.IGNORECASE)
_LAST_TAG = re.compile(r"</(?:[\w.-]{1,40}:)?opml\b", re.IGNORECASE)
# A quoted value ends at its quote; where that is missing, at the next tag at the latest.
_OUTLINE = re.compile(
    r"""<(?:[\w.-]{1,40}:)?outline(?=[\s/>])
        (?P<attributes>(?: [^"'<>]++ | "(?:[^"<]|<(?![a-z/!?]))*+" | '(?:[^'<]|<(?![a-z/!?]))*+' | ["'] )*+)""",
    re.IGNORECASE | re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""(?<![\w:.-])([\w:.-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++))""")
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}encoding\s*=\s*[\"']([\w.:-]{1,40})")
_READ = {"text", "title", "type", "xmlurl", "url", "iscomment"}
_MARKS = (  # the mark of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_WESTERN = "cp1252"
"""What files hold that call it Latin-1, ASCII, or UTF-8 without being it."""
_TREATED_AS_WESTERN = {"utf-8", "iso8859-1", "ascii"}
_STATEFUL = {"iso2022_jp", "iso2022_jp_2", "iso2022_kr", "hz"}
"""Charsets whose bytes are those of ASCII, so that every file in them is UTF-8 as well."""
_OTHER_FORMATS = {
    "rss": "is a feed and no list of feeds; add its address to `sources`",
    "feed": "is a feed and no list of feeds; add its address to `sources`",
    "html": "is a web page and no OPML; look for the reader's own export of its feeds",
}
_NO_FEED_TYPES = re.compile(r"xpath|dotnotation", re.IGNORECASE)
_SCHEME_OF_READERS = re.compile(r"feed:(?://)?(?=https?://)|feed(?=://)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ListedFeed:
    """A feed as a list names it."""

    title: str
    """One line of plain text; empty where it has none."""
    url: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """An outline that is no feed to be read."""

    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class FeedList:
    """What an OPML file lists, in its order; folders are only the way to what is in them."""

    feeds: tuple[ListedFeed, ...]
    skipped: tuple[Skipped, ...] = ()
    is_whole: bool = True
    """Whether the file goes on to its end."""


def read_opml(content: bytes, name: str) -> FeedList:
    """The feeds of an OPML file of any version; UsageError that begins with ``name`` where it is none."""
    if not content.strip():
        raise UsageError(f"{name}: is empty; expected OPML, as feed readers export it")
    if content.startswith(b"PK\3\4"):
        raise UsageError(f"{name}: is a zip archive; unpack the OPML file in it first")
    if len(content) > MAX_BYTES:
        raise UsageError(f"{name}: is larger than {MAX_BYTES // 1_000_000} MB, which is the most that is read")
    text = _without_asides(_text_of(content))
    if _ENTITY.search(text):
        raise UsageError(f"{name}: declares entities of its own, which are not read; expected plain OPML")
    found = list(_outlines(text, name))
    if not found and not _ROOT.search(text):
        raise UsageError(f"{name}: {_other_format(text)}")
    listed = [one for one in map(_listed, found) if one is not None]
    return FeedList(
        feeds=tuple(one for one in listed if isinstance(one, ListedFeed)),
        skipped=tuple(one for one in listed if isinstance(one, Skipped)),
        is_whole=_LAST_TAG.search(text) is not None,
    )


def _without_asides(text: str) -> str:
    """The text without what is closed; one that is open to the end hides nothing."""
    for begin, end in _ASIDES:
        close = text.rfind(end) + len(end)  # behind it each search would go to the end of the file
        aside = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        text = aside.sub(" ", text[:close]) + text[close:]
    return text


def _other_format(text: str) -> str:
    first = _FIRST_TAG.search(text)
    return _OTHER_FORMATS.get(first[1].casefold() if first else "", "is no OPML; expected a reader's list of feeds")


def write_opml(title: str, feeds: Iterable[ListedFeed]) -> bytes:
    """An OPML 2.0 file in UTF-8 that lists the feeds."""
    root = ET.Element("opml", version="2.0")
    ET.SubElement(ET.SubElement(root, "head"), "title").text = title
    body = ET.SubElement(root, "body")
    for feed in feeds:
        ET.SubElement(body, "outline", type="rss", text=feed.title, title=feed.title, xmlUrl=feed.url)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, "unicode")}\n'.encode()


def _text_of(content: bytes) -> str:
    """The file as text: UTF-8 if it can be, else as it says, else as Windows wrote it in the West."""
    for mark, charset in _MARKS:
        if content.startswith(mark):
            return content.decode(charset, "replace").lstrip("\ufeff")
    declared = _declared_charset(content)
    for charset in (declared, "utf-8") if declared in _STATEFUL else ("utf-8", declared):
        try:
            return content.decode(charset)
        except UnicodeError:
            continue
    return content.decode(_WESTERN, "replace")


def _declared_charset(content: bytes) -> str:
    found = _DECLARED.match(content)
    try:
        name = codecs.lookup(found[1].decode("ascii")).name if found else _WESTERN
        b"<".decode(name)  # refuses what is a codec and no charset
    except (LookupError, UnicodeError):
        return _WESTERN
    return _WESTERN if name in _TREATED_AS_WESTERN else name


def _outlines(text: str, name: str) -> Iterator[dict[str, str]]:
    """What is read of each outline's attributes, names in small letters; ``/`` is there where it has nothing below."""
    for count, outline in enumerate(_OUTLINE.finditer(text), start=1):
        if count > MAX_OUTLINES:
            raise UsageError(f"{name}: holds more than {MAX_OUTLINES:,} outlines; expected far fewer")
        attributes: dict[str, str] = {}
        for key, *values in _ATTRIBUTE.findall(outline["attributes"][:MAX_TAG_CHARACTERS]):
            if (known := key.casefold()) in _READ:
                value = "".join(values)[:MAX_VALUE_CHARACTERS]
                attributes.setdefault(known, html.unescape(value).strip())
        yield attributes | ({"/": "/"} if outline["attributes"].rstrip().endswith("/") else {})


def _listed(outline: dict[str, str]) -> ListedFeed | Skipped | None:
    """The feed, or why it is none; ``None`` for a folder."""
    title = shorten(title_of(outline.get("text") or outline.get("title") or ""), MAX_TITLE_CHARACTERS)
    kind, url = outline.get("type", "").casefold(), outline.get("xmlurl", "")
    if not url and kind in {"rss", "atom", "feed", "pie"}:
        url = outline.get("url", "")
    if outline.get("iscomment", "").casefold() == "true":
        return Skipped(title, "is commented out")
    if not url:
        return _without_feed(title, outline)
    if _NO_FEED_TYPES.search(kind):
        return Skipped(title, f"is no feed: its type is {shorten(title_of(outline['type']), 40)}")
    return ListedFeed(title, _without_space(_SCHEME_OF_READERS.sub(_scheme_of_the_web, url, count=1)))


def _without_feed(title: str, outline: dict[str, str]) -> Skipped | None:
    kind, url = outline.get("type", "").casefold(), outline.get("url", "")
    if kind == "include" or (kind == "link" and url.casefold().endswith(".opml")):
        return Skipped(title, "is another list of feeds; download and import that one by itself")
    if kind == "rss" or "/" in outline:
        return Skipped(title, "has no feed address (`xmlUrl`)")
    return None


def _scheme_of_the_web(found: re.Match[str]) -> str:
    """``feed://`` is ``http://``; ``feed:https://`` has one too many."""
    return "" if ":" in found[0] else "http"


def _without_space(url: str) -> str:
    """The address as browsers understand one that was broken over lines or holds a space."""
    return re.sub(r"[\t\r\n]", "", url).replace(" ", "%20")
