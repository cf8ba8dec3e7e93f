"""Papers in one reader's order for pages and feeds, in the very words of the mails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from newsletter.model import Links, Ranked
from newsletter.rendering.environment import html_environment
from newsletter.rendering.reasons import Reasons
from newsletter.rendering.themes import Look
from newsletter.rendering.view import Card, Paper, describe_cards

NO_LINKS = Links()
REMEMBERED = 20_000
"""Papers told before, to whomever."""


class LinkTold(NamedTuple):
    """A link under a card."""

    url: str
    label: str
    """Markup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTold:
    """A card, ready for HTML."""

    id: str
    title: str
    link: str
    by: str
    """Who wrote it; Markup."""
    seen: str
    """Where and when it was seen; Markup."""
    signals: str
    """How much it was noticed; Markup."""
    summary: str
    links: tuple[LinkTold, ...]
    why: str
    """The reasons as one sentence without its end; Markup."""


class _Told(NamedTuple):
    """What is the same of a paper for every reader."""

    by: str
    seen: str
    signals: str
    links: tuple[LinkTold, ...]


class CardTeller:
    """Tells cards by the mails' own words, which an operator may have changed."""

    def __init__(self, folders: Sequence[Path], look: Look | None = None) -> None:
        """TemplateError where the words have a fault."""
        environment = html_environment(folders, look)
        self._words: Any = environment.globals["words"]
        self._reasons = Reasons(environment)
        self._told: dict[Paper, _Told] = {}

    def tell(self, items: Sequence[Ranked], *, summary: int = 0) -> list[CardTold]:
        """The cards in their order, their summaries of so many characters at most."""
        return [self._tell(card) for card in describe_cards(items, links=NO_LINKS, summary=summary)]

    def _tell(self, card: Card) -> CardTold:
        paper = card.paper
        by, seen, signals, links = self._told.get(paper) or self._tell_paper(paper)
        return CardTold(
            id=paper.id,
            title=paper.title,
            link=paper.link,
            by=by,
            seen=seen,
            signals=signals,
            summary=paper.summary,
            links=links,
            why=self._reasons.why(card),
        )

    def _tell_paper(self, paper: Paper) -> _Told:
        words = self._words
        if len(self._told) >= REMEMBERED:
            self._told.clear()
        told = self._told[paper] = _Told(
            by=words.by(paper).strip(),
            seen=words.seen(paper).strip(),
            signals=words.signals(paper).strip(),
            links=tuple(LinkTold(link.url, words.link(link).strip()) for link in paper.links),
        )
        return told
