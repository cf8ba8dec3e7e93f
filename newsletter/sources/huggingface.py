"""Hugging Face Daily Papers by its JSON API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from newsletter.errors import SourceError
from newsletter.model import Entry, Fetched, Signals
from newsletter.sources.asking import as_far_as_read, read_local
from newsletter.sources.counts import read_count
from newsletter.sources.dates import instant, midnight
from newsletter.sources.identifiers import arxiv_id
from newsletter.sources.jsonfeed import parse_json
from newsletter.sources.markup import web_address
from newsletter.sources.reading import Reading
from newsletter.sources.trouble import Refused, is_away
from newsletter.text import clean

if TYPE_CHECKING:
    from newsletter.config.settings import HuggingFaceSource
    from newsletter.sources import FetchRequest

ITEMS_A_PAGE = 100
MAX_PAGES_A_DAY = 20
MAX_DAYS = 14
"""How far back a fetch reaches after a longer pause."""
_READER = "newsletter.sources.huggingface:read_daily_papers"
_SITE = "https://huggingface.co"


class HuggingFaceFetcher:
    """Asks for the lists of the last days, each to its end."""

    def fetch(self, request: FetchRequest[HuggingFaceSource]) -> Fetched:
        """All papers of the days asked for; days that could be read are kept when another could not.

        A site that is away is asked for no further day.
        """
        if request.source.path is not None:
            return read_local(request, request.source.path, _READER, site=_SITE)
        entries: list[Entry] = []
        first_error: SourceError | None = None
        for day in days_back(request):
            try:
                for page in self._pages(request, day):
                    entries += page
            except SourceError as error:
                first_error = first_error or error
                if is_away(error):
                    break
        return as_far_as_read(request, entries, first_error)

    def _pages(self, request: FetchRequest[HuggingFaceSource], day: date) -> Iterator[Sequence[Entry]]:
        """The pages of one day's list, until one brings nothing that was not there before."""
        site, seen = request.source.url.rstrip("/"), set[str]()
        for page in range(MAX_PAGES_A_DAY):
            url = f"{site}/api/daily_papers?{urlencode({'date': day.isoformat(), 'limit': ITEMS_A_PAGE, 'p': page})}"
            try:
                body = request.http.get(url).body
            except Refused as error:
                if error.status == 400 and page == 0 and day >= request.now.date():
                    return  # a list that has not begun yet
                raise
            entries = request.children.read(_READER, body, where=url, site=site).entries
            if seen.issuperset(entry.id for entry in entries):
                return
            seen.update(entry.id for entry in entries)
            yield entries


def days_back(request: FetchRequest[Any]) -> list[date]:
    """The days to ask for, today first: the usual number, and all since the last success, so that none is missed."""
    today, last = request.now.date(), request.memory.succeeded_at
    missed = 0 if last is None else (today - last.date()).days + 1
    return [today - timedelta(days=back) for back in range(max(request.source.days, min(missed, MAX_DAYS)))]


def read_daily_papers(body: bytes, *, site: str = _SITE) -> Reading:
    """The papers of one page of the list; also of a single paper's record."""
    if not body.strip():
        raise SourceError("is empty")
    document = parse_json(body)
    if isinstance(document, dict) and isinstance(document.get("error"), str):
        raise SourceError(f"says: {clean(document['error'])[:200]}")
    items = document if isinstance(document, list) else [document]
    entries = tuple(entry for item in items if (entry := daily_paper(item, site=site)) is not None)
    if items and not entries:
        raise SourceError("is JSON, but no list of daily papers")
    return Reading(entries=entries)


def daily_paper(item: Any, *, site: str = _SITE) -> Entry | None:
    """The entry of one item of the list, whose fields may be nested under ``paper`` or not; ``None`` for none."""
    if not isinstance(item, dict):
        return None
    nested = item.get("paper")
    paper: Mapping[str, Any] = (
        {**item, **{k: v for k, v in nested.items() if v is not None}} if isinstance(nested, dict) else item
    )
    name, title = _text(paper, "id"), clean(_text(paper, "title"))
    if not name or not title:
        return None
    identity = arxiv_id(name)
    return Entry(
        title=title,
        link=f"{site}/papers/{name}",
        summary=clean(_text(paper, "summary")),
        authors=tuple(_authors(paper)),
        organization=_organization(paper),
        arxiv_id=identity.id if identity else None,
        arxiv_version=identity.version if identity else None,
        keywords=tuple(clean(word) for word in _list(paper, "ai_keywords") if isinstance(word, str)),
        published=instant(paper.get("publishedAt")),
        listed_at=midnight(instant(paper.get("submittedOnDailyAt"))),
        pdf_link=f"https://arxiv.org/pdf/{identity.id}" if identity else None,
        code_link=web_address(paper.get("githubRepo")),
        discussion_link=f"{site}/papers/{name}#community" if paper.get("discussionId") else None,
        project_link=web_address(paper.get("projectPage")),
        thumbnail=web_address(paper.get("thumbnail")),
        withdrawn=bool(paper.get("withdrawnAt")),
        signals=Signals(
            upvotes=read_count(paper.get("upvotes")),
            comments=read_count(paper.get("numComments")),
            stars=read_count(paper.get("githubStars")),
        ),
    )


def _authors(paper: Mapping[str, Any]) -> Iterator[str]:
    for author in _list(paper, "authors"):
        name = clean(_text(author, "name")) if isinstance(author, dict) and not author.get("hidden") else ""
        if name:
            yield name


def _organization(paper: Mapping[str, Any]) -> str | None:
    organization = paper.get("organization")
    if not isinstance(organization, dict):
        return None
    return clean(_text(organization, "fullname") or _text(organization, "name")) or None


def _text(holder: Mapping[str, Any], key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""


def _list(holder: Mapping[str, Any], key: str) -> Sequence[Any]:
    value = holder.get(key)
    return value if isinstance(value, list) else ()
