"""The kinds whose services are at fixed addresses, or that keep pauses, over a server of our own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from newsletter.config.settings import ArxivSource, BiorxivSource, FeedSource, HuggingFaceSource
from newsletter.model import Fetched
from newsletter.sources import FetchRequest
from newsletter.sources.arxiv import ArxivFetcher
from newsletter.sources.biorxiv import BiorxivFetcher
from newsletter.sources.feed import FeedFetcher
from newsletter.sources.huggingface import HuggingFaceFetcher
from newsletter.sources.limiter import Limiter


def arxiv(request: FetchRequest[Any]) -> Fetched:
    fetcher = ArxivFetcher(limiter=Limiter("weeks", 0.0))
    return fetcher.fetch(_as(request, ArxivSource(kind="arxiv", **_own(request))))


def biorxiv(request: FetchRequest[Any]) -> Fetched:
    options = _own(request)
    fetcher = BiorxivFetcher(api=options.pop("api"))
    return fetcher.fetch(_as(request, BiorxivSource(kind="biorxiv", **options)))


def huggingface(request: FetchRequest[Any]) -> Fetched:
    return HuggingFaceFetcher().fetch(_as(request, HuggingFaceSource(kind="huggingface", **_own(request))))


def feed(request: FetchRequest[Any]) -> Fetched:
    return FeedFetcher().fetch(_as(request, FeedSource(kind="feed", **_own(request))))


class Arxiv:
    fetch = staticmethod(arxiv)


class Biorxiv:
    fetch = staticmethod(biorxiv)


class HuggingFace:
    fetch = staticmethod(huggingface)


class Feed:
    fetch = staticmethod(feed)


def _own(request: FetchRequest[Any]) -> dict[str, Any]:
    return {"name": request.source.name, **request.source.options}


def _as(request: FetchRequest[Any], source: Any) -> FetchRequest[Any]:
    """The request, without second attempts: they would only pause."""
    return replace(request, source=source, http=request.http.within(attempts=1))
