"""Papers in one reader's order for pages, in the very words of the mails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from newsletter.model import Links, Ranked
from newsletter.rendering.environment import html_environment
from newsletter.rendering.reasons import Reasons
from newsletter.rendering.themes import Look
from newsletter.rendering.view import describe_cards

NO_LINKS = Links()


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
    why: str
    """The reasons as one sentence without its end; Markup."""


class CardTeller:
    """Tells cards by the mails' own words, which an operator may have changed."""

    def __init__(self, folders: Sequence[Path], look: Look | None = None) -> None:
        """TemplateError where the words have a fault."""
        environment = html_environment(folders, look)
        self._words = environment.globals["words"]
        self._reasons = Reasons(environment)

    def tell(self, items: Sequence[Ranked]) -> list[CardTold]:
        """The cards in their order."""
        words = self._words
        return [
            CardTold(
                id=card.paper.id,
                title=card.paper.title,
                link=card.paper.link,
                by=words.by(card.paper).strip(),  # type: ignore[attr-defined]
                seen=words.seen(card.paper).strip(),  # type: ignore[attr-defined]
                why=self._reasons.why(card),
            )
            for card in describe_cards(items, links=NO_LINKS, summary=0)
        ]
