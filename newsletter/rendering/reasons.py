"""Why a paper is on a card: the sentence, in the words of ``words.j2``."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from newsletter.rendering.marks import NAMED, Unreadable, Unspliceable, mark, marking
from newsletter.rendering.view import Card, Paper, Why

REMEMBERED = 50_000
"""Reasons told before, to whomever."""


class Reasons:
    """Tells the reasons of cards; what reasons of a kind say around their labels is rendered once."""

    def __init__(self, environment: Environment) -> None:
        """``environment`` is one with ``words``."""
        self._words: Any = environment.globals["words"]
        self._marked_words: Any = marking(environment).globals["words"]
        self._finish: Callable[[str], str] = Markup if environment.autoescape else str
        self._safe: Callable[[str], str] = escape if environment.autoescape else str
        self._frames: dict[tuple[str, int], tuple[str, ...] | None] = {}
        self._tell = lru_cache(REMEMBERED)(self._tell_one)

    def why(self, card: Card) -> str:
        """The reasons of a card as one sentence without its end; Markup in HTML. The filter ``why`` of templates."""
        if card.explore:
            return self._finish(self._words.explored())
        return self._finish(self._separator.join([self._tell_any(why, card.paper) for why in card.why]))

    @property
    def _separator(self) -> str:
        return str(self._words.why_separator())

    def _tell_any(self, why: Why, paper: Paper) -> str:
        frame = self._frame(why.kind, len(why.labels))
        return self._tell(why, paper if frame is None else None)

    def _tell_one(self, why: Why, paper: Paper | None) -> str:
        frame = self._frame(why.kind, len(why.labels))
        if frame is None:
            return str(self._words.because(why.kind, why.labels, paper))
        labels = [str(self._safe(label)) for label in why.labels]
        return "".join([labels[int(part)] if odd % 2 else part for odd, part in enumerate(frame)])

    def _frame(self, kind: str, labels: int) -> tuple[str, ...] | None:
        """Text and numbers of labels in turn; ``None`` where the reason says more than its labels."""
        if (kind, labels) not in self._frames:
            marked = tuple(mark(str(number)) for number in range(labels))
            try:
                told = str(self._marked_words.because(kind, marked, Unreadable(is_there=True)))
                self._frames[kind, labels] = tuple(NAMED.split(told))
            except Unspliceable:
                self._frames[kind, labels] = None
        return self._frames[kind, labels]
