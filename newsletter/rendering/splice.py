"""Digests put together out of pieces that are rendered once for all readers: what Jinja would give, much sooner."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import Environment, Template, meta
from markupsafe import escape

from newsletter.rendering.marks import Unspliceable, is_marked, mark, marking
from newsletter.rendering.pieces import (
    LINKS,
    NUMBER,
    RECIPIENT,
    WHY,
    Item,
    Own,
    Pieces,
    Variables,
    key_of,
    marked_card,
    marked_value,
    own_string,
)
from newsletter.rendering.templates import PREHEADER, Content, MailTemplate, Part
from newsletter.rendering.view import Card
from newsletter.text import one_line

FIRST_CARDS = 4
"""Which cards subjects and preheaders may name."""
MOST_KEPT = 20_000


class Splice:
    """Puts the contents of mails together; raises ``Unspliceable`` where the template must be left to Jinja."""

    def __init__(self, template: MailTemplate, *, common: Mapping[str, object], known: Collection[str]) -> None:
        """``common`` are the variables that never change, ``known`` the names of all others."""
        html, text = _for_marks(template.html), _for_marks(template.text)
        known = {*known, PREHEADER}
        self._why = template.html.reasons.why, template.text.reasons.why
        self._html = Pieces(html, template.html.source, common=common, known=known)
        self._text = Pieces(text, template.text.source, common=common, known=known)
        self._subject = _Line(text, template.subject, common=common)
        self._preheader = _Line(text, template.preheader, common=common)

    def content(self, variables: Variables) -> Content:
        """The same as ``MailTemplate.render`` makes of these variables, but for where encoded lines break."""
        variables = {**variables, PREHEADER: self._preheader.say(variables)}
        own = _own_strings(variables)
        why_in_html, why_in_text = self._why
        below = [Item(paper, paper) for paper in variables["below"]]
        in_html, in_text = [], []
        for card in variables["cards"]:
            shape, number = _shape(card), _number(card.number)
            in_html.append(Item(card, shape, {WHY: _told(str(why_in_html(card))), NUMBER: number}))
            in_text.append(Item(card, shape, {WHY: _told(why_in_text(card)), NUMBER: number}))
        html, size = self._html.put_together(
            variables, {name: _escaped(string) for name, string in own.items()}, {"card": in_html, "paper": below}
        )
        text, _ = self._text.put_together(variables, own, {"card": in_text, "paper": below})
        return Content(subject=self._subject.say(variables), html=html, text=text, html_size=size)


class _Line:
    """A template of one line, which says the same for all readers with the same first cards."""

    def __init__(self, environment: Environment, part: Part, *, common: Mapping[str, object]) -> None:
        tree = environment.parse(part.source)
        self._reads = sorted(meta.find_undeclared_variables(tree) - environment.globals.keys() - common.keys())
        self._template = Template.from_code(
            environment, environment.compile(tree), environment.make_globals({**common})
        )
        self._part = part
        self._common = common
        self._kept: dict[Any, str] = {}

    def say(self, variables: Variables) -> str:
        """The line."""
        first = [card.paper for card in variables["cards"][:FIRST_CARDS]]
        key = (*first, *[key_of(name, variables[name]) for name in self._reads])
        line = self._kept.get(key)
        if line is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            line = self._kept[key] = self._say(variables)
        return line

    def _say(self, variables: Variables) -> str:
        marked = {name: marked_value(name, variables[name]) for name in self._reads}
        marked["cards"] = _First(variables["cards"])
        if is_marked(line := self._template.render(marked)):
            raise Unspliceable("a line says something of the reader's own")
        return one_line(line)


class _First:
    """Cards of which the first few can be read."""

    def __init__(self, cards: Sequence[Card]) -> None:
        self._cards = cards

    def __len__(self) -> int:
        return len(self._cards)

    def __iter__(self) -> NoReturn:
        raise Unspliceable("a line reads all cards")

    def __getitem__(self, place: int | slice) -> Card | list[Card]:
        places = range(len(self._cards))[place]
        if isinstance(places, int):
            places = range(places, places + 1)
        if len(places) and max(places) >= FIRST_CARDS:
            raise Unspliceable("a line reads more than the first cards")
        read = [marked_card(self._cards[number]) for number in places]
        return read if isinstance(place, slice) else read[0]


def _for_marks(part: Part) -> Environment:
    environment = marking(part.environment)
    environment.filters["why"] = lambda card: mark(WHY) if card.why or card.explore else ""
    return environment


def _own_strings(variables: Variables) -> dict[str, Own]:
    strings = {RECIPIENT: variables[RECIPIENT], PREHEADER: variables[PREHEADER]}
    links = {link: address for link in LINKS if (address := getattr(variables["links"], link))}
    return {name: own_string(string) for name, string in (strings | links).items()}


def _escaped(own: Own) -> Own:
    safe = str(escape(own.text))
    return own if safe == own.text else own_string(safe)


_told = lru_cache(50_000)(own_string)


@lru_cache(1000)
def _number(number: int) -> Own:
    return own_string(str(number))


def _shape(card: Card) -> object:
    """What tells the renderings of a card apart, beside the reader's strings."""
    return card.paper, card.explore, bool(card.why), len(str(card.number)), card.more is None, card.less is None
