"""Digests put together out of pieces that are rendered once for all readers: what Jinja would give, much sooner."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from markupsafe import escape

from newsletter.model import decoded, joined
from newsletter.rendering.frames import Reader, Variables
from newsletter.rendering.marks import Unspliceable
from newsletter.rendering.masks import LINKS, RECIPIENT
from newsletter.rendering.mime import Body, encode
from newsletter.rendering.pieces import Pieces
from newsletter.rendering.templates import PREHEADER, Content, MailTemplate, Part, say
from newsletter.rendering.view import Card
from newsletter.text import one_line

_IN_HTML = re.compile(r"[&<>\"']")
"""What is written otherwise in HTML."""


class Splice:
    """Puts the contents of mails together; raises ``Unspliceable`` where the template must be left to Jinja."""

    def __init__(self, template: MailTemplate, *, common: Mapping[str, object], known: Collection[str]) -> None:
        """``common`` are the variables that never change, ``known`` the names of all others."""
        known = {*known, PREHEADER}
        self._html = Pieces(template.html.reasons, template.html.source, common=common, known=known)
        self._text = Pieces(template.text.reasons, template.text.source, common=common, known=known)
        self._subject = _Line(template.subject, common=common, known=known)
        self._preheader = _Line(template.preheader, common=common, known=known)

    def content(self, variables: Variables) -> Content:
        """The same as ``MailTemplate.render`` makes of these variables, but for where encoded lines break."""
        links = variables["links"]
        texts = {RECIPIENT: variables[RECIPIENT], **{link: getattr(links, link) for link in LINKS}}
        shapes = {"card": [_shape(card) for card in variables["cards"]], "paper": variables["below"]}
        plain = Reader(variables, texts, _Encoded(texts), shapes)
        preheader = self._preheader.say(plain)
        texts[PREHEADER] = preheader
        in_html = Reader({**variables, PREHEADER: preheader}, texts, _Escaped(texts, plain.own), shapes)
        return Content(
            subject=self._subject.say(plain),
            html=Body.of(self._html.put_together(in_html)),
            text=Body.of(self._text.put_together(plain)),
        )


class _Line:
    """A template of one line; where it cannot be cut into pieces, it is left to Jinja by itself."""

    def __init__(self, part: Part, *, common: Mapping[str, object], known: Collection[str]) -> None:
        self._part, self._common = part, common
        try:
            self._pieces: Pieces | None = Pieces(part.reasons, part.source, common=common, known=known)
        except Unspliceable:
            self._pieces = None

    def say(self, reader: Reader) -> str:
        """The line."""
        if self._pieces is not None:
            try:
                return one_line(decoded(joined(self._pieces.put_together(reader))))
            except Unspliceable:
                self._pieces = None
        return say(self._part, {**self._common, **reader.variables})


class _Encoded(dict[str, bytes]):
    """Strings by name as they travel in text, encoded when they are first asked for."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__()
        self._texts = texts

    def __missing__(self, name: str) -> bytes:
        encoded = self[name] = encode(self._texts[name])
        return encoded


class _Escaped(dict[str, bytes]):
    """The same in HTML, where most are no other."""

    def __init__(self, texts: Mapping[str, str], plain: Mapping[str, bytes]) -> None:
        super().__init__()
        self._texts, self._plain = texts, plain

    def __missing__(self, name: str) -> bytes:
        text = self._texts[name]
        is_same = _IN_HTML.search(text) is None
        encoded = self[name] = self._plain[name] if is_same else encode(str(escape(text)))
        return encoded


def _shape(card: Card) -> object:
    """What tells the renderings of a card apart, beside the reader's strings."""
    return card.paper, card.explore, bool(card.why), len(str(card.number)), card.vote is None
