"""Why a paper is on a card: the sentence, in the words of ``words.j2``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from newsletter.rendering.marks import NAMED, Unreadable, Unspliceable, mark, marking
from newsletter.rendering.pieces import WHY, Own, own_string
from newsletter.rendering.view import Card, Paper, Why

REMEMBERED = 50_000
"""Reasons told before, to whomever."""


class Reasons:
    """Tells the reasons of cards; what reasons of a kind say around their labels is rendered once."""

    def __init__(self, environment: Environment) -> None:
        """``environment`` is one with ``words``; templates of it get the filter ``why``."""
        self.marking = marking(environment)
        """The environment for marks, in which ``why`` gives one."""
        self.marking.filters["why"] = lambda card: mark(WHY) if card.why or card.explore else ""
        environment.filters["why"] = self.why
        words: Any = environment.globals["words"]
        marked_words: Any = self.marking.globals["words"]
        self._words, self._marked_words = words, marked_words
        self._finish: Callable[[str], str] = Markup if environment.autoescape else str
        self._safe: Callable[[str], str] = escape if environment.autoescape else str
        self._separator: Own = own_string(str(self._words.why_separator()))
        self._explored: Own = own_string(str(self._words.explored()))
        self._frames: dict[tuple[str, int], tuple[str, ...] | None] = {}
        self._told: dict[Why | tuple[Why, Paper], Own] = {}

    def why(self, card: Card) -> str:
        """The reasons of a card as one sentence without its end; Markup in HTML."""
        return self._finish(self.told(card).text)

    def told(self, card: Card) -> Own:
        """The same, encoded."""
        if card.explore:
            return self._explored
        known = self._told
        told = [known.get(why) or known.get((why, card.paper)) or self._tell(why, card.paper) for why in card.why]
        return told[0] if len(told) == 1 else self._separator.join(told)

    def _tell(self, why: Why, paper: Paper) -> Own:
        if len(self._told) >= REMEMBERED:
            self._told.clear()
        frame = self._frame(why)
        if frame is None:
            own = self._told[why, paper] = own_string(str(self._words.because(why.kind, why.labels, paper)))
        else:
            labels = [str(self._safe(label)) for label in why.labels]
            parts = [labels[int(part)] if odd % 2 else part for odd, part in enumerate(frame)]
            own = self._told[why] = own_string("".join(parts))
        return own

    def _frame(self, why: Why) -> tuple[str, ...] | None:
        """Text and numbers of labels in turn; ``None`` where the reason says more than its labels."""
        key = why.kind, len(why.labels)
        if key not in self._frames:
            marked = tuple(mark(str(number)) for number in range(len(why.labels)))
            try:
                told = str(self._marked_words.because(why.kind, marked, Unreadable(is_there=True)))
                self._frames[key] = tuple(NAMED.split(told))
            except Unspliceable:
                self._frames[key] = None
        return self._frames[key]
