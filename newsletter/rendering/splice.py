"""Digests put together out of pieces that are rendered once for all readers: what Jinja would give, much sooner."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache

from markupsafe import escape

from newsletter.model import decoded
from newsletter.rendering.marks import Unspliceable
from newsletter.rendering.pieces import (
    LINKS,
    NUMBER,
    RECIPIENT,
    WHY,
    Item,
    Items,
    Own,
    Pieces,
    Variables,
    own_string,
)
from newsletter.rendering.templates import PREHEADER, Content, MailTemplate, Part, say
from newsletter.rendering.view import Card
from newsletter.text import one_line


class Splice:
    """Puts the contents of mails together; raises ``Unspliceable`` where the template must be left to Jinja."""

    def __init__(self, template: MailTemplate, *, common: Mapping[str, object], known: Collection[str]) -> None:
        """``common`` are the variables that never change, ``known`` the names of all others."""
        self._reasons = template.html.reasons, template.text.reasons
        known = {*known, PREHEADER}
        self._html = Pieces(template.html.reasons.marking, template.html.source, common=common, known=known)
        self._text = Pieces(template.text.reasons.marking, template.text.source, common=common, known=known)
        self._subject = _Line(template.subject, common=common, known=known)
        self._preheader = _Line(template.preheader, common=common, known=known)

    def content(self, variables: Variables) -> Content:
        """The same as ``MailTemplate.render`` makes of these variables, but for where encoded lines break."""
        strings = _strings(variables)
        in_html, in_text = self._items(variables)
        preheader = self._preheader.say(variables, strings, in_text)
        subject = self._subject.say(variables, strings, in_text)
        text, _ = self._text.put_together(variables, strings, in_text)
        escaped = _escaped({**strings, PREHEADER: own_string(preheader)})
        html, size = self._html.put_together({**variables, PREHEADER: preheader}, escaped, in_html)
        return Content(subject, html, text, size)

    def _items(self, variables: Variables) -> tuple[Items, Items]:
        """The cards with the reader's strings, for HTML and for text, and the papers below."""
        below = [Item(paper, paper) for paper in variables["below"]]
        in_html, in_text = self._reasons
        html, text = [], []
        for card in variables["cards"]:
            shape, number = _shape(card), _number(card.number)
            html.append(Item(card, shape, {WHY: in_html.told(card), NUMBER: number}))
            text.append(Item(card, shape, {WHY: in_text.told(card), NUMBER: number}))
        return {"card": html, "paper": below}, {"card": text, "paper": below}


class _Line:
    """A template of one line; where it cannot be cut into pieces, it is left to Jinja by itself."""

    def __init__(self, part: Part, *, common: Mapping[str, object], known: Collection[str]) -> None:
        self._part, self._common = part, common
        try:
            self._pieces: Pieces | None = Pieces(part.reasons.marking, part.source, common=common, known=known)
        except Unspliceable:
            self._pieces = None

    def say(self, variables: Variables, own: Mapping[str, Own], items: Items) -> str:
        """The line."""
        if self._pieces is not None:
            try:
                encoded, _ = self._pieces.put_together(variables, own, items)
                return one_line(decoded(b"".join(encoded)))
            except Unspliceable:
                self._pieces = None
        return say(self._part, {**self._common, **variables})


def _strings(variables: Variables) -> dict[str, Own]:
    links = variables["links"]
    strings = {name: own_string(address) for name in LINKS if (address := getattr(links, name))}
    strings[RECIPIENT] = own_string(variables[RECIPIENT])
    return strings


def _escaped(strings: Mapping[str, Own]) -> dict[str, Own]:
    return {name: _escape(own) for name, own in strings.items()}


def _escape(own: Own) -> Own:
    safe = str(escape(own.text))
    return own if safe == own.text else own_string(safe)


@lru_cache(1000)
def _number(number: int) -> Own:
    return own_string(str(number))


def _shape(card: Card) -> object:
    """What tells the renderings of a card apart, beside the reader's strings."""
    return card.paper, card.explore, bool(card.why), len(str(card.number)), card.more is None, card.less is None
