"""Why a paper is on a card, in the words of ``words.j2``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from newsletter.errors import TemplateError
from newsletter.rendering.environment import WORDS, read_template
from newsletter.rendering.lines import wrapped
from newsletter.rendering.marks import NAMED, Unreadable, Unspliceable, mark, marking
from newsletter.rendering.quoted import encode, escaped
from newsletter.rendering.view import Card, Paper, Why

WHY, LINES = "why", "lines_"
"""The marks of the reasons of a card: as a sentence, and in lines of so many columns in."""
REMEMBERED = 50_000
"""Reasons told before, to whomever."""
BETWEEN_LINES = b"\r\n"

Key = Why | tuple[Why, Paper]


class Reasons:
    """Tells the reasons of cards; what reasons of a kind say around their labels is rendered once."""

    def __init__(self, environment: Environment) -> None:
        """``environment`` is one with ``words``; templates of it get the filters ``why`` and ``reasons``."""
        environment.filters |= {"why": self.why, "reasons": self.lines}
        self.marking = marking(environment)
        """The environment for marks, in which those filters give some."""
        self.marking.filters |= {"why": _mark_why, "reasons": _mark_lines}
        self._because, separator, explored = _macros(environment)
        self._marked_because, _, _ = _macros(self.marking)
        self._finish: Callable[[str], str] = Markup if environment.autoescape else str
        self._safe: Callable[[str], str] = escaped if environment.autoescape else str
        self._separator, self._explored = str(separator()), str(explored())
        self._separator_encoded = encode(self._separator)
        self._frames: dict[tuple[str, int], str | None] = {}
        self._said: dict[tuple[Why, Paper], str] = {}
        self._encoded: dict[int | None, dict[Key, bytes]] = {}

    def why(self, card: Card) -> str:
        """The reasons of a card as one sentence without its end; Markup in HTML."""
        return self._finish(self._separator.join(self._told(card)))

    def lines(self, card: Card, indent: int = 0) -> str:
        """The reasons of a card, each on lines of its own, so many columns in."""
        return self._finish("\n".join(wrapped(told, indent, hanging=2) for told in self._told(card)))

    def encoded(self, cards: Sequence[Card], indent: int | None) -> list[bytes]:
        """Of each card what ``why`` gives, or with an indent ``lines``, as it travels."""
        between = self._separator_encoded if indent is None else BETWEEN_LINES
        known = self._encoded.get(indent) or self._encoded.setdefault(indent, {})
        return [
            self._encode(self._explored, indent)
            if explore
            else between.join(
                [known.get(why) or known.get((why, paper)) or self._encode_one(why, paper, indent) for why in reasons]
            )
            for paper, _, reasons, explore, _ in cards
        ]

    def _encode_one(self, why: Why, paper: Paper, indent: int | None) -> bytes:
        known = self._encoded[indent]
        if len(known) >= REMEMBERED:
            known.clear()
        frame = self._frame(why)
        key: Key = (why, paper) if frame is None else why
        told = self._tell(why, paper) if frame is None else frame.format(*map(self._safe, why.labels))
        encoded = known[key] = self._encode(told, indent)
        return encoded

    def _encode(self, told: str, indent: int | None) -> bytes:
        return encode(told if indent is None else wrapped(told, indent, hanging=2))

    def _told(self, card: Card) -> list[str]:
        return [self._explored] if card.explore else [self._tell(why, card.paper) for why in card.why]

    def _tell(self, why: Why, paper: Paper) -> str:
        """As Jinja says it, whatever the words read."""
        if len(self._said) >= REMEMBERED:
            self._said.clear()
        told = self._said.get((why, paper))
        if told is None:
            told = self._said[why, paper] = str(self._because(why.kind, why.labels, paper))
        return told

    def _frame(self, why: Why) -> str | None:
        """What is said around labels, to be formatted with them; ``None`` where a reason says more than its labels."""
        key = why.kind, len(why.labels)
        if key not in self._frames:
            marked = tuple(mark(str(number)) for number in range(len(why.labels)))
            try:
                told = str(self._marked_because(why.kind, marked, Unreadable(is_there=True)))
                self._frames[key] = NAMED.sub(r"{\1}", told.replace("{", "{{").replace("}", "}}"))
            except Unspliceable:
                self._frames[key] = None
        return self._frames[key]


def _mark_why(card: Card) -> str:
    return mark(WHY) if card.why or card.explore else ""


def _mark_lines(card: Card, indent: int = 0) -> str:
    return mark(f"{LINES}{indent}") if card.why or card.explore else ""


def _macros(environment: Environment) -> tuple[Callable[..., str], Callable[..., str], Callable[..., str]]:
    """What is called here of ``words.j2``; TemplateError where it is not there."""
    words = environment.globals["words"]
    for name in ("because", "why_separator", "explored"):
        if not callable(getattr(words, name, None)):
            _, file = read_template(environment, WORDS)
            raise TemplateError(f"{file}:1: the macro {name!r} is missing")
    called: Any = words
    return called.because, called.why_separator, called.explored
