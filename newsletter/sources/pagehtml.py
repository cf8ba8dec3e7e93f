"""A Daily Papers page as HTML: by the data it carries for its own scripts, or else by its cards."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from newsletter.errors import SourceError
from newsletter.model import Entry, Signals
from newsletter.sources.dates import instant
from newsletter.sources.huggingface import daily_paper
from newsletter.sources.identifiers import arxiv_id
from newsletter.sources.markup import web_address
from newsletter.sources.reading import Reading
from newsletter.text import one_line

_PAPER = re.compile(r"(?:https://huggingface\.co)?/papers/(\d{4}\.\d{4,5})(#community)?")
_COUNT = re.compile(r"(\d+) authors?")


def read(body: bytes) -> Reading:
    """The entries of the page; raises SourceError where it lists no papers."""
    page = _Page()
    page.feed(body.decode("utf-8-sig", "replace"))
    page.close()
    entries = [entry for item in page.items if (entry := daily_paper(item)) is not None]
    entries = entries or [card.entry() for card in page.cards if card.title and card.paper]
    if not entries:
        raise SourceError("is a web page, but no list of daily papers")
    return Reading(entries=tuple(entries))


@dataclass
class _Card:
    """What is gathered of one paper while the page goes by."""

    paper: str = ""
    title: str = ""
    words: list[str] = field(default_factory=list)
    abstract: str = ""
    published: str = ""
    thumbnail: str | None = None
    comments: str = ""

    def entry(self) -> Entry:
        said = one_line(" ".join(self.words))
        count = _COUNT.search(said)
        comments = one_line(self.comments)
        identity = arxiv_id(self.paper)
        return Entry(
            title=one_line(self.title),
            link=f"https://huggingface.co/papers/{self.paper}",
            summary=one_line(self.abstract),
            author_count=int(count[1]) if count else None,
            arxiv_id=identity.id if identity else None,
            published=instant(self.published),
            thumbnail=self.thumbnail,
            signals=Signals(comments=int(comments) if comments.isdecimal() else None),
        )


class _Page(HTMLParser):
    """Gathers both: the list in ``data-props``, and the articles with a heading that leads to a paper."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.items: list[Any] = []
        self.cards: list[_Card] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if said.get("data-target") == "DailyPapers":
            self.items = _listed(said.get("data-props", ""))
        if tag == "article":
            self.cards.append(_Card())
        elif self.cards:
            self._note(tag, said)
        if tag in _WATCHED:
            self._inside.append("comments" if tag == "a" and "#community" in said.get("href", "") else tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _WATCHED and self._inside:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.cards or not data.strip():
            return
        card = self.cards[-1]
        if "h3" in self._inside:
            card.title += data
        elif "comments" in self._inside:
            card.comments += data
        elif "p" in self._inside:
            card.abstract += data
        else:
            card.words.append(data)

    def _note(self, tag: str, said: Mapping[str, str]) -> None:
        card = self.cards[-1]
        paper = _PAPER.fullmatch(said.get("href", "")) if tag == "a" else None
        if paper and "h3" in self._inside:
            card.paper = paper[1]
        elif tag == "time":
            card.published = said.get("datetime", "")
        elif tag == "img" and card.thumbnail is None:
            card.thumbnail = web_address(said.get("src"))


_WATCHED = frozenset({"h3", "a", "p"})


def _listed(props: str) -> list[Any]:
    try:
        document = json.loads(props)
    except ValueError:
        return []
    listed = document.get("dailyPapers") if isinstance(document, dict) else None
    return listed if isinstance(listed, list) else []
