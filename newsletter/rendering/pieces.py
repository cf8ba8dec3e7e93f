"""A template in pieces, each rendered once for all readers who get the same, and put together for one reader.

A piece is a block of the template, or what stands around its blocks. What it says follows from the variables that it
names: for each set of their values Jinja renders it once, with marks for a reader's own strings; it is cut at the
marks and transfer-encoded. A reader's mail is those cuts with the reader's strings between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from jinja2 import Environment, Template, meta, nodes
from jinja2.visitor import NodeTransformer

from newsletter.model import Links
from newsletter.rendering.lines import wrapped
from newsletter.rendering.marks import ANY, Listed, Marked, Unreadable, Unspliceable, block_mark, mark, number_mark
from newsletter.rendering.mime import clean_body, quoted_printable
from newsletter.rendering.view import VOTES, Card, Paper, vote_link

MOST_KEPT = 20_000
"""Renderings a piece keeps before it starts anew."""

NUMBER, RECIPIENT, PREHEADER, WHY = "number", "recipient", "preheader", "why"
VOTE = "vote"
LINKS = ("unsubscribe", "unsubscribe_mailto", "preferences", "archive", VOTE)
ITEMS = {"card": "cards", "paper": "below"}
"""The variable of a loop, and the list that it goes through."""

_CUT = re.compile(r"\x06(\d+),(\d+)\x07(.*?)\x08|\x02(\w+)(?:\x05(\d+))?\x03|(\x04+)", re.DOTALL)
_STRING = re.compile(r"\x02(\w+)\x03|\x04+")
_PLAIN = re.compile(r"(?!\.|From )[!-<>-~](?:[ -<>-~]{0,73}[!-<>-~])?")
"""What quoted-printable leaves as it is, on one line."""
_WHOLE = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)

Variables = Mapping[str, Any]


class Own(NamedTuple):
    """A string of the reader's own: as it is, as it travels, and how many bytes it has before that."""

    text: str
    encoded: bytes
    size: int

    def join(self, strings: Sequence[Own]) -> Own:
        """The strings as one, with this one between them."""
        text, encoded, size = self
        texts, all_encoded, sizes = zip(*strings, strict=True) if strings else ((), (), ())
        return Own(text.join(texts), encoded.join(all_encoded), sum(sizes) + size * max(0, len(strings) - 1))


Strings = Mapping[str, Own]


class Item(NamedTuple):
    """A card, or a paper below the line, in one reader's digest."""

    value: Card | Paper
    shape: object
    """What of it tells its renderings apart."""
    own: Strings | None = None


Items = Mapping[str, Sequence[Item]]
"""By the variable of their loop."""


class Paragraph(NamedTuple):
    """A text with the reader's strings in it, broken into lines when they are known."""

    parts: tuple[str, ...]
    """Text and names of strings in turn, text first and last."""
    indent: int
    hanging: int


class Place(NamedTuple):
    """Where a block stands, and for which item of its list."""

    piece: Piece
    item: int | None


Gap = str | Paragraph | Place
"""The name of a reader's string, a paragraph, or a block."""


class Rendered(NamedTuple):
    """A piece for one set of values."""

    start: bytes
    """What is the same for all and stands before the first gap, transfer-encoded."""
    gaps: tuple[tuple[Gap, bytes], ...]
    """Each with what stands behind it."""
    size: int
    """Bytes of what is the same for all, before it was encoded."""


def own_string(text: str) -> Own:
    """A string of the reader's own, encoded."""
    if _PLAIN.fullmatch(text):
        return Own(text, text.encode("ascii") + b"=\r\n", len(text))
    clean = clean_body(text)
    return Own(text, quoted_printable(clean, goes_on=True), len(clean.encode()))


class Piece:
    """One block, or a template around its blocks."""

    def __init__(self, template: Template, reads: Collection[str], inner: Mapping[str, Piece]) -> None:
        self.item = next((variable for variable in ITEMS if variable in reads), None)
        self._template = template
        self._reads = sorted(set(reads) - ITEMS.keys())
        self._inner = inner
        self._kept: dict[Any, Rendered] = {}

    def render(self, variables: Variables, item: Item | None) -> Rendered:
        """The piece for these values."""
        key = None if item is None else item.shape
        if self._reads:
            key = (key, *[key_of(name, variables[name]) for name in self._reads])
        return self._kept.get(key) or self._keep(key, self._render(variables, item))

    def _keep(self, key: object, rendered: Rendered) -> Rendered:
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = rendered
        return rendered

    def _render(self, variables: Variables, item: Item | None) -> Rendered:
        marked = {name: marked_value(name, variables[name]) for name in self._reads}
        if self.item is not None and item is not None:
            marked[self.item] = _marked_item(item.value)
        text = self._template.render(marked)
        found = list(_CUT.finditer(text))
        starts, ends = [0, *(gap.end() for gap in found)], [*(gap.start() for gap in found), len(text)]
        same = [_same_for_all(text[start:end]) for start, end in zip(starts, ends, strict=True)]
        start, *others = [quoted_printable(part, goes_on=True) for part in same]
        gaps = [self._gap(gap) for gap in found]
        return Rendered(start, tuple(zip(gaps, others, strict=True)), sum(len(part.encode()) for part in same))

    def _gap(self, found: re.Match[str]) -> Gap:
        indent, hanging, paragraph, name, place, number = found.groups()
        if number:
            return NUMBER
        if paragraph is not None:
            return Paragraph(_parts(paragraph), int(indent), int(hanging))
        return Place(self._inner[name], None if place is None else int(place)) if name in self._inner else str(name)


class _Reader(NamedTuple):
    """One reader's digest while it is put together."""

    variables: Variables
    own: dict[str, Own]
    items: Items

    def item_at(self, place: Place) -> Item | None:
        """The item that a block is for; its strings take the places of the last one's."""
        if place.item is None or place.piece.item is None:
            return None
        item = self.items[place.piece.item][place.item]
        if item.own:
            self.own.update(item.own)
        return item


class Pieces:
    """A template in pieces; making it raises ``Unspliceable`` where that cannot be done."""

    def __init__(
        self, environment: Environment, source: str, *, common: Mapping[str, object], known: Collection[str]
    ) -> None:
        """``environment`` is one for marks; ``common`` are the variables that never change, ``known`` all others."""
        self._environment = environment
        self._common = common
        self._known = known
        self._root = self._piece(environment.parse(source).body)

    def put_together(self, variables: Variables, own: Strings, items: Items) -> tuple[list[bytes], int]:
        """The encoded text for one reader, in pieces, and how many bytes it has before it is encoded.

        Pieces that readers have in common are the same objects for all of them.
        """
        pieces: list[bytes] = []
        size = self._put(self._root, None, _Reader(variables, dict(own), items), pieces)
        pieces[-1] = pieces[-1].removesuffix(b"=\r\n")  # a body must not end in the middle of a line
        return pieces, size

    def _put(self, piece: Piece, item: Item | None, reader: _Reader, pieces: list[bytes]) -> int:
        start, gaps, size = piece.render(reader.variables, item)
        if start:
            pieces.append(start)
        own = reader.own
        for gap, behind in gaps:
            if type(gap) is str:
                _, encoded, more = own[gap]
                pieces.append(encoded)
                size += more
            elif type(gap) is Place:
                size += self._put(gap.piece, reader.item_at(gap), reader, pieces)
            elif type(gap) is Paragraph:
                _, encoded, more = _broken(_filled(gap, own), gap.indent, gap.hanging)
                pieces.append(encoded)
                size += more
            if behind:
                pieces.append(behind)
        return size

    def _piece(self, body: list[nodes.Node]) -> Piece:
        cutter = _Cutter(self._piece)
        tree = nodes.Template([cutter.visit(node) for node in body], lineno=1)
        tree.set_environment(self._environment)
        if next(tree.find_all(_WHOLE), None) is not None:
            raise Unspliceable("the template is made of several files")
        reads = meta.find_undeclared_variables(tree) - self._environment.globals.keys() - self._common.keys()
        if unknown := reads - ITEMS.keys() - set(self._known):
            raise Unspliceable(f"a block reads {', '.join(sorted(unknown))} of what stands around it")
        globals_ = self._environment.make_globals({**self._common})
        return Piece(
            Template.from_code(self._environment, self._environment.compile(tree), globals_), reads, cutter.inner
        )


class _Cutter(NodeTransformer):
    """Puts marks in the place of blocks."""

    def __init__(self, make: Callable[[list[nodes.Node]], Piece]) -> None:
        self.inner: dict[str, Piece] = {}
        self._make = make

    def visit_Block(self, block: nodes.Block) -> nodes.Output:  # noqa: N802 Jinja's name for it
        """The mark of the block, which becomes a piece of its own."""
        piece = self.inner[block.name] = self._make(block.body)
        return block_mark(block.name, piece.item)


def key_of(name: str, value: Any) -> object:
    """What of a variable tells renderings apart."""
    if name in ITEMS.values():
        return len(value)
    if name == "links":
        return tuple([getattr(value, link) is None for link in LINKS])
    return bool(value) if name in (RECIPIENT, PREHEADER) else value


def marked_value(name: str, value: Any) -> object:
    """The variable with marks in the place of the reader's strings."""
    if name in ITEMS.values():
        return Listed(len(value))
    if name == "links":
        return Links(**{link: mark(link) for link in LINKS if getattr(value, link) is not None})
    return mark(name) if name in (RECIPIENT, PREHEADER) and value else value


def _marked_item(item: Card | Paper) -> object:
    return marked_card(item) if isinstance(item, Card) else item


def marked_card(item: Card) -> Card:
    """The card with marks in the place of what is the reader's own."""
    marks: dict[str, Any] = {"number": number_mark(item.number), "why": Unreadable(is_there=bool(item.why))}
    links = {vote: Marked(vote_link(mark(VOTE), item.paper, vote)) for vote in VOTES if getattr(item, vote)}
    return item._replace(**{**marks, **links})


def _same_for_all(text: str) -> str:
    if ANY.search(text) or text.endswith("\r"):
        raise Unspliceable("a mark was changed")
    return clean_body(text)


def _parts(paragraph: str) -> tuple[str, ...]:
    parts: list[str] = []
    at = 0
    for found in _STRING.finditer(paragraph):
        parts += [paragraph[at : found.start()], found[1] or NUMBER]
        at = found.end()
    return (*parts, paragraph[at:])


@lru_cache(50_000)
def _broken(paragraph: str, indent: int, hanging: int) -> Own:
    return own_string(wrapped(paragraph, indent, hanging=hanging))


def _filled(paragraph: Paragraph, own: Strings) -> str:
    first, *others = paragraph.parts
    for name, text in zip(others[::2], others[1::2], strict=True):
        first += own[name].text + text
    return first
