"""Which feeds of a list are new to a configuration, and what is written into it for them."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from newsletter.addresses import is_loopback
from newsletter.config.settings import AnySource, ArxivSource, FeedSource
from newsletter.sources.addresses import Allowed
from newsletter.sources.identifiers import canonical_address
from newsletter.sources.markup import web_address
from newsletter.sources.opml import FeedList, ListedFeed, Skipped
from newsletter.text import one_line

_ARXIV_HOSTS = {"rss.arxiv.org", "export.arxiv.org", "arxiv.org"}
_ARXIV_FEED = re.compile(r"/(?:rss|atom)/([a-z][a-z-]*(?:\.[A-Za-z-]+)?(?:\+[a-z][a-z-]*(?:\.[A-Za-z-]+)?)*)/?")
_ARXIV_ADDRESS = "https://rss.arxiv.org/rss/"


@dataclass(frozen=True, slots=True)
class NewSource:
    """A source to be written into the configuration."""

    name: str
    url: str
    categories: tuple[str, ...] = ()
    """arXiv's, where the feed is one of its announcements: these are read as ``kind: arxiv``."""

    @property
    def settings(self) -> dict[str, str | list[str]]:
        """The source as the configuration says it."""
        if self.categories:
            return {"kind": "arxiv", "name": self.name, "categories": list(self.categories)}
        return {"kind": "feed", "name": self.name, "url": self.url}


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of each feed of a list."""

    added: tuple[NewSource, ...]
    already: tuple[ListedFeed, ...]
    """With the names that they are configured under."""
    skipped: tuple[Skipped, ...]


def choose(listed: FeedList, sources: Sequence[AnySource], *, allow: Sequence[str] = ()) -> Choice:
    """The feeds that ``sources`` do not read yet, each with a name of its own; ``allow`` is ``network.allow``."""
    known = {key: source.name for source in sources for key in _keys_of_source(source)}
    names, allowed = _Names(source.name for source in sources), Allowed(allow)
    added: list[NewSource] = []
    already: list[ListedFeed] = []
    skipped = list(listed.skipped)
    seen: set[str] = set()
    for feed in listed.feeds:
        if reason := _refusal(feed.url, allowed):
            skipped.append(Skipped(feed.title or feed.url, reason))
            continue
        categories = arxiv_categories(feed.url)
        keys = _keys_of_categories(categories) or {_key_of(feed.url)}
        if keys <= seen:
            skipped.append(Skipped(feed.title or feed.url, "is listed more than once"))
        elif name := _name_of_all(keys, known):
            already.append(ListedFeed(name, feed.url))
        else:
            added.append(NewSource(names.take(feed), feed.url, categories))
        seen |= keys
    return Choice(tuple(added), tuple(already), tuple(skipped))


def feeds_of(sources: Iterable[AnySource]) -> list[ListedFeed]:
    """Those of the sources that any feed reader can read: feeds by their addresses, and arXiv's announcements."""
    feeds = []
    for source in sources:
        if source.path is not None:
            continue
        if isinstance(source, FeedSource) and source.url:
            feeds.append(ListedFeed(source.name, source.url))
        elif isinstance(source, ArxivSource) and source.categories:
            feeds.append(ListedFeed(source.name, _ARXIV_ADDRESS + "+".join(source.categories)))
    return feeds


def arxiv_categories(url: str) -> tuple[str, ...]:
    """The categories whose announcements the address is of; none for any other address.

    >>> arxiv_categories("http://export.arxiv.org/rss/cs.LG+q-bio.NC")
    ('cs.LG', 'q-bio.NC')
    """
    parts = urlsplit(url)
    found = _ARXIV_FEED.fullmatch(parts.path)
    is_arxiv = (parts.hostname or "").removeprefix("www.") in _ARXIV_HOSTS
    return tuple(dict.fromkeys(found[1].split("+"))) if found and is_arxiv else ()


class _Names:
    """Gives each source a name that no other has."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._counts: dict[str, int] = {}

    def take(self, feed: ListedFeed) -> str:
        """The feed's title, or its host; a second one of a title gets its host behind, then a number."""
        host = (urlsplit(feed.url).hostname or "").removeprefix("www.")
        wished = name = feed.title or host
        if name in self._taken and feed.title:
            wished = name = f"{feed.title} ({host})"
        while name in self._taken:
            self._counts[wished] = self._counts.get(wished, 1) + 1
            name = f"{wished} {self._counts[wished]}"
        self._taken.add(name)
        return name


def _refusal(url: str, allowed: Allowed) -> str | None:
    """Why the address is no source; ``None`` where it may be one."""
    parts = _parts(url)
    if parts is None or parts.scheme not in ("http", "https"):
        return "is no http(s) address"
    host = parts.hostname or ""
    address = _address_of(host)
    if web_address(url) is None or one_line(url) != url or parts.port == 0 or (":" in host and not address):
        return "is no valid address"
    kind = allowed.refuses(host, address) if address else None
    return f"is a {kind} address; list it in `network.allow` to read it all the same" if kind else None


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 raises where it is no number
    except ValueError:
        return None
    return parts


def _address_of(host: str) -> str | None:
    """The address that the host says by itself, in whatever way its numbers are written; ``None`` for most names."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if is_loopback(host):
            return "127.0.0.1"
    try:
        return socket.inet_ntoa(socket.inet_aton(host)) if re.fullmatch(r"[0-9a-fx.]+", host) else None
    except OSError:
        return None


def _keys_of_source(source: AnySource) -> Collection[str]:
    if source.path is not None:
        return ()
    if isinstance(source, ArxivSource):
        return _keys_of_categories(source.categories)
    if isinstance(source, FeedSource) and source.url:
        return _keys_of_categories(arxiv_categories(source.url)) or {_key_of(source.url)}
    return ()


def _keys_of_categories(categories: Iterable[str]) -> set[str]:
    return {f"arXiv {category}" for category in categories}


def _key_of(url: str) -> str:
    """What two spellings of one feed's address have in common."""
    parts = urlsplit(url)
    return canonical_address(url) or f"{(parts.hostname or '').removeprefix('www.')}:{parts.port or ''}"


def _name_of_all(keys: Iterable[str], known: dict[str, str]) -> str | None:
    """The source that reads it; a whole archive of arXiv is read with each of its categories."""
    names = [known.get(key) or known.get(key.partition(".")[0]) for key in sorted(keys)]
    return names[0] if all(names) else None
