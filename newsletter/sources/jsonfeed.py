"""JSON Feed, versions 1 and 1.1 (https://jsonfeed.org/version/1.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from newsletter.errors import SourceError
from newsletter.model import Entry
from newsletter.sources.dates import believable, instant
from newsletter.sources.identifiers import arxiv_id, bounded_guid, doi_of_address
from newsletter.sources.markup import text_of, web_address
from newsletter.sources.reading import Reading
from newsletter.text import clean, shorten

_VERSION = re.compile(r"(?:https?://)?(?:www\.)?jsonfeed\.org/version/|1(?:\.\d)?$")
"""The address of the format's description, or its number alone."""


def read(body: bytes, *, now: datetime, address: str | None = None) -> Reading:
    """The entries of a JSON Feed; raises SourceError where it is none."""
    document = parse_json(body)
    if told := _other_kind(document):
        raise SourceError(told)
    if not isinstance(document, dict):
        raise SourceError("is JSON, but no JSON Feed")
    items = document.get("items")
    if not _VERSION.match(str(document.get("version"))) or not isinstance(items, list):
        raise SourceError("is JSON, but no JSON Feed: it has no version of jsonfeed.org or no items")
    house = tuple(_names(document))
    base = next((_text(document, key) for key in ("feed_url", "home_page_url") if document.get(key)), "")
    entries = (
        _entry(item, base=_joined(address or "", base) or "", house=house, now=now)
        for item in items
        if isinstance(item, dict)
    )
    return Reading(entries=tuple(entry for entry in entries if entry is not None))


def _other_kind(document: Any) -> str | None:
    """What a document is that people take for a feed."""
    if isinstance(document, list) and any(isinstance(item, dict) and "paper" in item for item in document):
        return "is a list of Hugging Face's daily papers; read it with `kind: huggingface`"
    if not isinstance(document, dict):
        return None
    if "rss" in document:
        return "is RSS in JSON, which is not read; look for the site's XML feed"
    if isinstance(document.get("collection"), list):
        return "is an answer of bioRxiv's API; read it with `kind: biorxiv`"
    if isinstance(document.get("notes"), list):
        return "is an answer of OpenReview's API, which is not read"
    return None


def parse_json(body: bytes) -> Any:
    """The document in the bytes, UTF-8 or UTF-16; raises SourceError with the place of the first mistake."""
    if body.lstrip()[:1] == b"<":
        raise SourceError("is a web page or XML where JSON was expected")
    try:
        return json.loads(body)
    except UnicodeDecodeError as error:
        raise SourceError(f"is JSON in a charset other than UTF-8 (byte {error.start})") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        cut = error.msg.startswith("Unterminated") or error.pos >= len(error.doc.rstrip()) - 1
        reason = "breaks off" if cut else f"is broken JSON: {error.msg}"
        raise SourceError(f"{reason} at {where}") from error
    except ValueError:
        raise SourceError("is JSON with a number that has no end") from None
    except RecursionError:
        raise SourceError("is JSON nested too deep to be a feed") from None


def _entry(item: Mapping[str, Any], *, base: str, house: tuple[str, ...], now: datetime) -> Entry | None:
    summary, link = _summary(item), _link(item, base)
    title = clean(_text(item, "title")) or shorten(summary, 100)
    if not (title or link):
        return None
    paper = arxiv_id(link) if link else None
    tags: list[Any] = item["tags"] if isinstance(item.get("tags"), list) else []
    published, updated = (believable(instant(item.get(key)), now=now) for key in ("date_published", "date_modified"))
    return Entry(
        title=title,
        link=link,
        guid=bounded_guid(str(item["id"])) if isinstance(item.get("id"), str | int) else None,
        summary=summary,
        authors=tuple(dict.fromkeys(_names(item))) or house,
        arxiv_id=paper.id if paper else None,
        arxiv_version=paper.version if paper else None,
        doi=doi_of_address(link) if link else None,
        categories=tuple(dict.fromkeys(name for tag in tags if isinstance(tag, str) and (name := clean(tag)))),
        published=published or updated,
        updated=updated,
        thumbnail=web_address(item.get("image")) or web_address(item.get("banner_image")),
    )


def _summary(item: Mapping[str, Any]) -> str:
    plain = clean(_text(item, "summary"))
    content = clean(_text(item, "content_text")) or text_of(_text(item, "content_html"))
    return plain if len(plain) >= 200 or len(plain) > len(content) else content


def _link(item: Mapping[str, Any], base: str) -> str | None:
    """The address of the page; an id is one only where it is whole."""
    for link in (_joined(base, item.get("url")), _joined(base, item.get("external_url")), item.get("id")):
        if found := web_address(link):
            return found
    return None


def _joined(base: str, link: object) -> str | None:
    try:
        return urljoin(base, link.strip()) if isinstance(link, str) and link.strip() else None
    except ValueError:
        return None


def _names(holder: Mapping[str, Any]) -> Iterator[str]:
    """Names of authors: of a list of them, or of one, each as a record or as the name alone."""
    said = holder.get("authors") or holder.get("author")
    for author in said if isinstance(said, list) else [said]:
        name = clean(_text(author, "name") if isinstance(author, dict) else author if isinstance(author, str) else "")
        if name:
            yield name


def _text(holder: Mapping[str, Any], key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""
