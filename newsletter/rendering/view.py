"""What templates may read: a digest as small frozen records, every link checked, every text made readable.

A paper is the same for every reader of an edition; what is this reader's own stands on the card around it. So the
papers of an edition can be rendered once, and a reader's digest be put together out of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from operator import attrgetter
from typing import Any, Literal, NamedTuple
from urllib.parse import quote, quote_plus, urlsplit

from newsletter.model import Digest, Entry, Links, Ranked, Reason, SourceReport, Subscriber
from newsletter.rendering.weblinks import web_link
from newsletter.text import lead, one_line, readable, shorten

SUMMARY_CHARACTERS = 420
SHOWN_AUTHORS = 3
SHOWN_REASONS = 3
SHOWN_LABELS = 2
SHOWN_SOURCES = 6
SHOWN_PARTS = 12
SHOWN_BELOW = 20
TITLE_CHARACTERS = 300
LABEL_CHARACTERS = 80
NAME_CHARACTERS = 80
SEARCH_CHARACTERS = 300
WORDS_PER_MINUTE = 200
WEAKEST_REASON = 0.1
"""Of the strongest one: what counts for less explains nothing."""

_SEARCH = "https://scholar.google.com/scholar?q="
_NOT_REASONS = frozenset({"baseline", "recency"})

MOST_PAPERS = 20_000
_PAPERS: dict[tuple[str, int], tuple[Entry, Paper]] = {}
"""What was described before: many readers get the same papers."""

_APPEARS = re.compile(
    r"\b(?:accepted|to appear|published|presented|spotlight|oral|best paper)\b.*?"
    r"(?=[;\n]|,? \d+ (?:pages|figures|tables)|(?<=[\d)])\.\s|\.?$)",
    re.IGNORECASE,
)
"""In an authors' comment, what says where the paper appears."""

LinkKind = Literal["read", "search", "pdf", "code", "discussion", "project"]


@dataclass(frozen=True, slots=True)
class Link:
    """A link under a card."""

    kind: LinkKind
    url: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paper:
    """An entry as a card shows it; the same entry is the same object, and no other is equal to it."""

    id: str
    """As it stands in links."""
    title: str
    link: str
    """Where the title leads: the paper, or a search for its title where no source says where it is."""
    authors: tuple[str, ...]
    """The first three at most."""
    author_count: int
    organization: str
    published: date | None
    sources: tuple[str, ...]
    upvotes: int | None
    upvotes_gained: int | None
    comments: int | None
    stars: int | None
    summary: str
    links: tuple[Link, ...]
    withdrawn: bool
    thumbnail: str | None = None
    """An https address of a picture."""
    remark: str = ""
    """Where it appeared or will: what the authors say of that, else the venue."""

    @property
    def byline(self) -> bool:
        """Whether anything is known of who wrote it."""
        return bool(self.authors or self.organization or self.author_count)

    @property
    def has_signals(self) -> bool:
        """Whether anybody has voted, commented or starred."""
        return bool(self.upvotes or self.comments or self.stars)


class Why(NamedTuple):
    """Reasons of one kind, strongest first."""

    kind: str
    labels: tuple[str, ...]


class Card(NamedTuple):
    """A paper in one reader's digest."""

    paper: Paper
    number: int
    why: tuple[Why, ...]
    explore: bool
    vote: str | None
    """Where it is voted for."""

    @property
    def more(self) -> str | None:
        """The link for more like this."""
        return self._vote_link("more")

    @property
    def less(self) -> str | None:
        """The link for less like this."""
        return self._vote_link("less")

    def _vote_link(self, vote: str) -> str | None:
        # A mark stays a mark.
        return type(self.vote)(f"{self.vote}/{self.paper.id}/{vote}") if self.vote is not None else None


def describe_cards(items: Sequence[Ranked], *, links: Links, summary: int = SUMMARY_CHARACTERS) -> list[Card]:
    """The cards of selected entries, numbered from 1; their summaries have at most ``summary`` characters."""
    vote = links.vote
    papers = describe_papers([item.entry for item in items], summary=summary)
    return [
        Card(paper, number, _why(item.reasons), item.explore, vote)
        for number, (paper, item) in enumerate(zip(papers, items, strict=True), 1)
    ]


def describe_papers(entries: Iterable[Entry], *, summary: int = SUMMARY_CHARACTERS) -> list[Paper]:
    """What is the same of entries for every reader."""
    return [
        known[1] if (known := _PAPERS.get((entry.id, summary))) and known[0] is entry else _keep_paper(entry, summary)
        for entry in entries
    ]


def _keep_paper(entry: Entry, summary: int) -> Paper:
    if len(_PAPERS) >= MOST_PAPERS:
        _PAPERS.clear()
    key = entry.id, summary
    known = _PAPERS.get(key)
    paper = known[1] if known is not None and known[0] == entry else _describe_paper(entry, summary)
    _PAPERS[key] = entry, paper
    return paper


def _describe_paper(entry: Entry, summary: int) -> Paper:
    link = web_link(entry.link)
    title = shorten(one_line(readable(entry.title)), TITLE_CHARACTERS) or link or entry.id
    seen = entry.published or entry.listed_at
    signals = entry.signals
    return Paper(
        id=quote(entry.id, safe=""),
        title=title,
        link=link or _search(title),
        authors=tuple(_name(author) for author in entry.authors[:SHOWN_AUTHORS]),
        author_count=entry.counted_authors,
        organization=_name(entry.organization or ""),
        published=seen.date() if seen else None,
        sources=tuple(_name(source) for source in entry.sources[:SHOWN_SOURCES]),
        upvotes=signals.upvotes,
        upvotes_gained=signals.upvotes_gained,
        comments=signals.comments,
        stars=signals.stars,
        summary=lead(one_line(readable(entry.summary)), summary) if summary else "",
        links=_links(entry, link, title),
        withdrawn=entry.withdrawn,
        thumbnail=_picture(entry.thumbnail),
        remark=_remark(entry),
    )


def describe_digest(
    digest: Digest, *, subscriber: Subscriber, links: Links, summary: int = SUMMARY_CHARACTERS
) -> dict[str, Any]:
    """The variables of a digest's templates, those of the edition and of the reader; ``links`` have been checked."""
    cards = describe_cards(digest.items, links=links, summary=summary)
    return {
        "date": digest.local_date,
        "cards": cards,
        "shown": len(cards),
        "below": describe_papers([item.entry for item in digest.below[:SHOWN_BELOW]], summary=0),
        "candidates": max(digest.candidates, len(cards)),
        "minutes": _minutes(cards),
        "personal": _is_personal(subscriber),
        "sources": _describe_sources(digest.sources),
        "recipient": one_line(subscriber.email),
        "schedule": subscriber.schedule,
        "timezone": subscriber.timezone,
        "links": links,
    }


def _links(entry: Entry, link: str | None, title: str) -> tuple[Link, ...]:
    offered: tuple[tuple[LinkKind, str | None], ...] = (
        ("read", link),
        ("search", None if link else _search(title)),
        ("pdf", web_link(entry.pdf_link)),
        ("code", web_link(entry.code_link)),
        ("project", web_link(entry.project_link)),
        ("discussion", web_link(entry.discussion_link)),
    )
    kinds = {url: kind for kind, url in reversed(offered) if url}
    return tuple(Link(kind, url, _host(url)) for kind, url in offered if url and kinds[url] == kind)


def _picture(address: str | None) -> str | None:
    link = web_link(address)
    return link if link and link.startswith("https://") else None


def _remark(entry: Entry) -> str:
    """The clause of the authors' comment that says where it appears, else the venue."""
    found = _APPEARS.search(one_line(readable(entry.comment or "")))
    remark = _name(found[0] if found else entry.venue or "")
    return remark[:1].upper() + remark[1:]


def _search(title: str) -> str:
    return _SEARCH + quote_plus(title[:SEARCH_CHARACTERS], errors="replace")


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _name(text: str) -> str:
    return shorten(one_line(readable(text)), NAME_CHARACTERS)


def _why(reasons: Sequence[Reason]) -> tuple[Why, ...]:
    """The strongest few positive reasons, those of a kind together."""
    kinds: dict[str, tuple[str, ...]] = {}
    least = 0.0
    for reason in sorted(reasons, key=_contribution, reverse=True):
        kind, contribution = reason.kind, reason.contribution
        if not (contribution > 0 and contribution >= least):
            break
        if kind not in _NOT_REASONS:
            least = least or WEAKEST_REASON * contribution
            kinds[kind] = (*kinds[kind], reason.label) if kind in kinds else (reason.label,)
    return tuple([_why_of_kind(*one) for one in kinds.items()][:SHOWN_REASONS])


_contribution = attrgetter("contribution")


@lru_cache(maxsize=50_000)
def _why_of_kind(kind: str, labels: tuple[str, ...]) -> Why:
    return Why(kind, tuple(dict.fromkeys([_label(label) for label in labels]))[:SHOWN_LABELS])


@lru_cache(maxsize=50_000)
def _label(label: str) -> str:
    return shorten(one_line(readable(label)), LABEL_CHARACTERS)


@lru_cache(maxsize=10_000)
def _describe_sources(sources: tuple[SourceReport, ...]) -> tuple[SourceReport, ...]:
    return tuple(
        replace(
            source,
            name=_name(source.name),
            error=None,
            silent=tuple(_name(part) for part in source.silent[:SHOWN_PARTS]),
        )
        for source in sources
    )


def _is_personal(subscriber: Subscriber) -> bool:
    profile = subscriber.profile
    named = profile.interests or profile.authors or profile.organizations or profile.categories or profile.liked
    return bool(named) and profile.trending != 1


def _minutes(cards: Sequence[Card]) -> int:
    return max(1, round(sum(map(_words, [card.paper for card in cards])) / WORDS_PER_MINUTE))


@lru_cache(maxsize=10_000)
def _words(paper: Paper) -> int:
    return len(paper.title.split()) + len(paper.summary.split())
