"""Feeds: RSS, Atom and RDF by feedparser, and JSON Feed."""

from __future__ import annotations

import codecs
import io
import re
import sys
from calendar import timegm
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from newsletter.errors import SourceError
from newsletter.model import Entry, Fetched, Signals
from newsletter.sources import arxiv_xml, jsonfeed
from newsletter.sources.asking import read_answer, read_local
from newsletter.sources.counts import read_count
from newsletter.sources.dates import believable, instant
from newsletter.sources.identifiers import arxiv_id, arxiv_id_in_guid, bounded_guid, doi, doi_in_item, doi_of_address
from newsletter.sources.markup import text_of, title_of, web_address
from newsletter.sources.people import split_people
from newsletter.sources.reading import Reading
from newsletter.text import clean, shorten

if TYPE_CHECKING:
    from newsletter.config.settings import FeedSource
    from newsletter.sources import FetchRequest

_HEAD_BYTES = 4096
_PAGE = re.compile(
    rb"(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*+-->\s*+)*+<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_ROOT = re.compile(rb"<(?:rss|feed|(?:\w+:)?rdf)\b", re.I)
_OPML = re.compile(rb"<opml\b", re.I)
_LISTED_FEED = re.compile(rb"<link\b[^>]*application/(?:rss|atom|feed)\+(?:xml|json)[^>]*>", re.I)
_HREF = re.compile(rb"href\s*=\s*[\"']?([^\"'\s>]+)", re.I)
_END = re.compile(rb"</\s*(?:[\w-]+:)?(?:rss|feed|rdf|channel)\s*>", re.I)
_END_OF_ITEM = re.compile(rb"</\s*(?:[\w-]+:)?(?:item|entry)\s*>", re.I)
_DECLARED_CHARSET = re.compile(rb"<\?xml[^>]*\?>")
_REFERENCE = re.compile(r"&#(x[0-9a-f]{1,4000}|\d{1,4000});?", re.IGNORECASE)
_CROWDED_TAG = re.compile(rb"<[^\s<>]++(?:\s++[^\s<>=\"']++\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+')){1000}")
"""One that an XML parser of Python takes a quadratic time over."""
_TRIPPED_OVER = re.compile(r"(</?)(?=(?:authors|contributors|publishers|psc:\w+)\b)", re.IGNORECASE)
"""feedparser keeps lists of its own under these names; and it wants a time of each chapter of a podcast."""
_MISHAPS = (OverflowError, ValueError, LookupError, TypeError, AttributeError)
_BLANKS = re.compile(rb"(?<![ \t\r\n])[ \t\r\n]{100,}+")
"""feedparser takes a quadratic time over them where they stand before the first element."""
_MARKS = (  # the mark of UTF-32 begins with that of UTF-16
    ("utf-32", (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)),
    ("utf-16", (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)),
)
_CALENDAR_DAY = re.compile(r"\s*\d{4}-\d{1,2}-\d{1,2}")


class FeedFetcher:
    """Reads a feed at an address or in a file."""

    def fetch(self, request: FetchRequest[FeedSource]) -> Fetched:
        """The feed's entries, or word that it has not changed."""
        reader, context = "newsletter.sources.feed:read_feed", {"now": request.now.isoformat()}
        if request.source.path is not None:
            return read_local(request, request.source.path, reader, **context)
        return read_answer(request, request.source.url or "", reader, **context)


def read_feed(body: bytes, *, now: str, address: str | None = None, content_type: str | None = None) -> Reading:
    """The entries of a feed in any of the formats; raises SourceError where it is none."""
    body = _without_mark(body).lstrip()
    if not body:
        raise SourceError("is empty")
    at = datetime.fromisoformat(now)
    if body.startswith((b"{", b"[")):
        return jsonfeed.read(body, now=at, address=address)
    if _PAGE.match(body[:_HEAD_BYTES]) and not _ROOT.search(body[:_HEAD_BYTES]):  # a feed may say that it is HTML
        raise SourceError(_not_a_feed(body, address))
    if any(space in body[:_HEAD_BYTES] for space in arxiv_xml.NAMESPACES):
        return arxiv_xml.read_arxiv(body)
    return _read_xml(_BLANKS.sub(b"\n", body), now=at, address=address, content_type=content_type)


def _without_mark(body: bytes) -> bytes:
    """The bytes without a byte order mark; UTF-16 and UTF-32 as UTF-8, whatever else they say they are."""
    for charset, marks in _MARKS:
        if body.startswith(marks):
            return _DECLARED_CHARSET.sub(b"", body.decode(charset, "replace").encode("utf-8", "replace"), count=1)
    return body.removeprefix(codecs.BOM_UTF8)


def _read_xml(body: bytes, *, now: datetime, address: str | None, content_type: str | None) -> Reading:
    if _CROWDED_TAG.search(body):
        raise SourceError("has a tag with more than 1,000 attributes")
    parsed = _parse(body, address, content_type)
    if not parsed.version and not parsed.entries:
        if _OPML.search(body[:_HEAD_BYTES]):
            raise SourceError("is OPML, a list of feeds: add them with `newsletter feeds import`")
        raise SourceError("is neither RSS, Atom, RDF nor JSON Feed")
    base = parsed.feed.get("link") or address or ""
    items, problem = list(parsed.entries), None
    if parsed.bozo and not _END.search(body[-_HEAD_BYTES:]):
        whole = len(_END_OF_ITEM.findall(body))
        items, problem = items[:whole], f"breaks off after {whole} whole entries"
    house = tuple(_names(parsed.feed)) if parsed.version.startswith("atom") else ()
    entries = (_entry(item, base=base, house=house, now=now) for item in items)
    return Reading(entries=tuple(entry for entry in entries if entry is not None), problem=problem)


def _parse(body: bytes, address: str | None, content_type: str | None) -> Any:
    """feedparser's view of the bytes; it never sees an address that it might open."""
    import feedparser  # a fifth of a second, and only children need it

    def parse(data: bytes, kind: str) -> Any:
        headers = {"content-type": kind, "content-location": address or ""}
        stream = io.BytesIO(data)
        return feedparser.parse(stream, response_headers=headers, sanitize_html=False, resolve_relative_uris=False)

    try:
        return parse(body, content_type or "application/xml")
    except _MISHAPS:  # a charset or a character that is none, an element feedparser trips over
        plain = _DECLARED_CHARSET.sub(b"", body, count=1).decode("utf-8", "replace")
        plain = _TRIPPED_OVER.sub(r"\1x-", _REFERENCE.sub(_character, plain))
    try:
        return parse(plain.encode(), "application/xml; charset=utf-8")
    except _MISHAPS as error:
        raise SourceError("is a feed that is too broken to be read") from error


def _character(reference: re.Match[str]) -> str:
    """The reference, or nothing where Unicode has no such character."""
    digits = reference[1]
    number = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    return reference[0] if 0 < number <= sys.maxunicode and not _is_surrogate(number) else ""


def _is_surrogate(number: int) -> bool:
    return 0xD800 <= number <= 0xDFFF


def _entry(item: Mapping[str, Any], *, base: str, house: tuple[str, ...], now: datetime) -> Entry | None:
    """The entry that an item stands for; ``None`` for one with neither text nor link."""
    summary, link = _summary(item), _link(item, base)
    title = _title(item) or shorten(summary, 100)
    if not (title or link):
        return None
    guid = str(item.get("id") or "")
    published, updated = _date(item, "published", now), _date(item, "updated", now)
    paper = arxiv_id_in_guid(guid) or (arxiv_id(link) if link else None)
    return Entry(
        title=title,
        link=link,
        guid=bounded_guid(guid),
        summary=summary,
        authors=tuple(dict.fromkeys(_names(item))) or house,
        arxiv_id=paper.id if paper else None,
        arxiv_version=paper.version if paper else None,
        doi=_doi(item, guid, link),
        categories=tuple(dict.fromkeys(name for tag in item.get("tags", ()) if (name := clean(tag.get("term") or "")))),
        published=published or updated,  # journals give one date alone, which is read as an update
        updated=updated,
        discussion_link=web_address(item.get("comments")),
        thumbnail=_thumbnail(item),
        signals=Signals(comments=read_count(item.get("slash_comments"))),
    )


def _title(item: Mapping[str, Any]) -> str:
    detail = item.get("title_detail") or {}
    title = str(item.get("title") or "")
    return text_of(title) if "html" in detail.get("type", "") else title_of(title)


def _summary(item: Mapping[str, Any]) -> str:
    """The summary, or the content where that says more than a summary of one line."""
    summary = text_of(str(item.get("summary") or ""))
    if len(summary) < 200:
        contents = [text_of(str(content.get("value") or "")) for content in item.get("content", ())]
        summary = max([summary, *contents], key=len)
    return summary


def _link(item: Mapping[str, Any], base: str) -> str | None:
    for link in (item.get("feedburner_origlink"), item.get("link"), item.get("id")):
        try:
            found = web_address(urljoin(base, link)) if link and (":" in link or link != item.get("id")) else None
        except ValueError:
            continue
        if found:
            return found
    return None


def _names(holder: Mapping[str, Any]) -> Iterator[str]:
    """Names of authors, one by one; several feeds put all of them into one element."""
    for author in holder.get("authors", ()):
        yield from split_people(text_of(str(author.get("name") or "")))


def _doi(item: Mapping[str, Any], guid: str, link: str | None) -> str | None:
    if found := doi(str(item.get("prism_doi") or "")):
        return found
    for text in (str(item.get("dc_identifier") or ""), guid):
        if found := doi_in_item(text):
            return found
    return doi_of_address(link) if link else None


def _date(item: Mapping[str, Any], name: str, now: datetime) -> datetime | None:
    if name not in item:  # feedparser gives "published" for a missing "updated", and the other way round
        return None
    raw = str(item[name] or "")
    at = instant(raw)
    if at is None and not _CALENDAR_DAY.match(raw):  # feedparser makes the 45th of a 13th month a day next year
        at = _instant_of(item.get(f"{name}_parsed"))
    return believable(at, now=now)


def _instant_of(parsed: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _thumbnail(item: Mapping[str, Any]) -> str | None:
    pictures = [*item.get("media_thumbnail", ())]
    pictures += [one for one in item.get("media_content", ()) if one.get("medium") == "image"]
    pictures += [one for one in item.get("enclosures", ()) if str(one.get("type", "")).startswith("image/")]
    found = (web_address(one.get("url") or one.get("href")) for one in pictures)
    return next((address for address in found if address), None)


def _not_a_feed(body: bytes, address: str | None) -> str:
    """Says that it is a web page, and where its feed is if it says so itself."""
    listed = _LISTED_FEED.search(body[:200_000])
    href = _HREF.search(listed[0]) if listed else None
    feed = web_address(urljoin(address or "", href[1].decode("utf-8", "replace"))) if href else None
    return "is a web page, not a feed" + (f"; its feed is {feed}" if feed else "")
