"""Digests put together out of pieces that are rendered once for all readers: what Jinja would give, much sooner."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from newsletter.rendering.frames import Reader, Variables
from newsletter.rendering.marks import Unspliceable
from newsletter.rendering.masks import LINKS, RECIPIENT, key_of
from newsletter.rendering.mime import Body
from newsletter.rendering.pieces import Pieces
from newsletter.rendering.quoted import encode, escaped
from newsletter.rendering.templates import PREHEADER, Content, MailTemplate, Part, say
from newsletter.rendering.view import Card
from newsletter.text import one_line


class Splice:
    """Puts the contents of mails together; raises ``Unspliceable`` where the template must be left to Jinja."""

    def __init__(self, template: MailTemplate, *, common: Mapping[str, object], known: Collection[str]) -> None:
        """``common`` are the variables that never change, ``known`` the names of all others."""
        known = {*known, PREHEADER}
        self._html = Pieces(template.html.reasons, template.html.source, common=common, known=known)
        self._text = Pieces(template.text.reasons, template.text.source, common=common, known=known)
        self._subject = _Line(template.subject, common=common, known=known)
        self._preheader = _Line(template.preheader, common=common, known=known)
        parts = (self._html, self._text, self._subject, self._preheader)
        self._reads = sorted({name for part in parts for name in part.reads} - {PREHEADER})

    def content(self, variables: Variables) -> Content:
        """The same as ``MailTemplate.render`` makes of these variables, but for where encoded lines break."""
        links = variables["links"]
        texts = {RECIPIENT: variables[RECIPIENT], **{link: getattr(links, link) for link in LINKS}}
        shapes = {"card": _shapes(variables["cards"]), "paper": variables["below"]}
        key = key_of(variables, self._reads)
        plain = Reader(variables, key, texts, _Encoded(texts), shapes)
        preheader = self._preheader.say(plain)
        texts[PREHEADER] = preheader
        described = {**variables, PREHEADER: preheader}
        in_html = Reader(described, (key, bool(preheader)), texts, _Escaped(texts, plain.own), shapes)
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
        self.reads = self._pieces.reads if self._pieces is not None else set()

    def say(self, reader: Reader) -> str:
        """The line."""
        if self._pieces is not None:
            try:
                return one_line(self._pieces.say(reader))
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
        in_html = escaped(text)
        encoded = self[name] = self._plain[name] if in_html is text else encode(in_html)
        return encoded


def _shapes(cards: Sequence[Card]) -> list[object]:
    """What tells the renderings of each card apart, beside the reader's strings."""
    return [(paper, explore, bool(why), len(str(number)), vote is None) for paper, number, why, explore, vote in cards]
