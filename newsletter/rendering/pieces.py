"""A template in pieces, each rendered once for all readers who get the same, and put together for one reader.

A piece is a block of the template, or what stands around its blocks. What it says follows from the variables that it
names: for each set of their values Jinja renders it once, with marks for a reader's own strings; it is cut at the
marks and transfer-encoded. A reader's mail is those cuts with the reader's strings between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from jinja2 import Template, meta, nodes
from jinja2.visitor import NodeTransformer

from newsletter.rendering.lines import wrapped
from newsletter.rendering.marks import ANY, Unspliceable, block_mark
from newsletter.rendering.masks import ITEMS, key_of, marked_item, marked_value
from newsletter.rendering.mime import clean_body, encode, quoted_printable
from newsletter.rendering.reasons import LINES, WHY, Reasons

MOST_KEPT = 20_000
"""Renderings a piece keeps before it starts anew."""

NUMBER = "number"

_CUT = re.compile(r"\x06(\d+),(\d+)\x07(.*?)\x08|\x02(\w+)(?:\x05(\d*))?\x03|(\x04+)", re.DOTALL)
_NUMBER = re.compile(r"\x04+")
_STRING = re.compile(r"\x02(\w+)\x03|\x04+")
_WHOLE = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport, nodes.ScopedEvalContextModifier)
"""What changes the template from outside, or how its strings are escaped."""

Variables = Mapping[str, Any]


class Told(NamedTuple):
    """Where the reasons of a card stand: as a sentence, or each on lines of its own, so many columns in."""

    indent: int | None


class Numbered(NamedTuple):
    """Where the number of a card stands."""


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


Gap = str | Told | Numbered | Paragraph | Place
"""The name of a reader's string, what is a card's own, a paragraph with either, or a block."""


class Rendered(NamedTuple):
    """A piece for one set of values."""

    segments: list[bytes]
    """What is the same for all, transfer-encoded, and nothing where there is a gap."""
    gaps: tuple[tuple[int, Gap], ...]
    """Each with its place among the segments."""


class Reader(NamedTuple):
    """What is put together for one reader."""

    variables: Variables
    texts: Mapping[str, str]
    """The reader's strings as they are."""
    own: Mapping[str, bytes]
    """The same as they travel."""
    shapes: Mapping[str, list[object]]
    """What tells the renderings of each card, and of each paper below, apart."""
    told: dict[int | None, list[bytes]]
    """The reasons of all cards, by how they are told."""


class Piece:
    """One block, or a template around its blocks."""

    def __init__(self, template: Template, reads: Collection[str], inner: Mapping[str, Piece]) -> None:
        self.item = next((variable for variable in ITEMS if variable in reads), None)
        self._template = template
        self._reads = sorted(set(reads) - ITEMS.keys())
        self._inner = inner
        self.kept: dict[Any, Rendered] = {}

    def render(self, reader: Reader, place: int | None) -> Rendered:
        """The piece for this reader, or for one item of theirs."""
        key = None if self.item is None or place is None else reader.shapes[self.item][place]
        if self._reads:
            key = (key, *[key_of(name, reader.variables[name]) for name in self._reads])
        return self.kept.get(key) or self._keep(key, self._render(reader.variables, place))

    def _keep(self, key: object, rendered: Rendered) -> Rendered:
        if len(self.kept) >= MOST_KEPT:
            self.kept.clear()
        self.kept[key] = rendered
        return rendered

    def _render(self, variables: Variables, place: int | None) -> Rendered:
        marked = {name: marked_value(name, variables[name]) for name in self._reads}
        if self.item is not None and place is not None:
            marked[self.item] = marked_item(variables[ITEMS[self.item]][place])
        text = self._template.render(marked)
        self._check(text, marked.get("card"))
        segments: list[bytes] = []
        gaps: list[tuple[int, Gap]] = []
        at = 0
        for found in _CUT.finditer(text):
            segments.append(_same_for_all(text[at : found.start()]))
            gaps.append((len(segments), self._gap(found)))
            segments.append(b"")
            at = found.end()
        segments.append(_same_for_all(text[at:]))
        return Rendered(segments, tuple(gaps))

    def _check(self, text: str, card: Any) -> None:
        """Raises Unspliceable where marks do not stand as one can tell them apart."""
        if self.item and any(found[4] and found[5] is not None for found in _CUT.finditer(text)):
            raise Unspliceable("a block of one item holds another block")
        if card is not None and any(found[0] != str(card.number) for found in _NUMBER.finditer(text)):
            raise Unspliceable("two numbers stand side by side")

    def _gap(self, found: re.Match[str]) -> Gap:
        indent, hanging, paragraph, name, place, number = found.groups()
        if number:
            return Numbered()
        if paragraph is not None:
            return Paragraph(_parts(paragraph), int(indent), int(hanging))
        if place is not None:
            return Place(self._inner[name], int(place) if place else None)
        if name == WHY:
            return Told(None)
        return Told(int(name.removeprefix(LINES))) if name.startswith(LINES) else str(name)


class Pieces:
    """A template in pieces; making it raises ``Unspliceable`` where that cannot be done."""

    def __init__(self, reasons: Reasons, source: str, *, common: Mapping[str, object], known: Collection[str]) -> None:
        """``reasons`` tells those of cards; ``common`` are the variables that never change, ``known`` all others."""
        self._reasons = reasons
        self._environment = reasons.marking
        self._common = common
        self._known = known
        tree = self._environment.parse(source)
        _refuse_new_values(tree, {*known, *common, *self._environment.globals})
        self._root = self._piece(tree.body)

    def put_together(self, reader: Reader) -> list[bytes]:
        """The encoded text for one reader, in pieces: those that readers have in common are the same objects."""
        pieces: list[bytes] = []
        self._put(self._root, None, reader, pieces)
        while pieces and not pieces[-1]:
            pieces.pop()
        if pieces:
            pieces[-1] = pieces[-1].removesuffix(b"=\r\n")  # a body must not end in the middle of a line
        return pieces

    def _put(self, piece: Piece, place: int | None, reader: Reader, pieces: list[bytes]) -> None:
        segments, gaps = piece.render(reader, place)
        filled, own, at = segments.copy(), reader.own, 0
        for gap_at, gap in gaps:
            if type(gap) is str:
                filled[gap_at] = own[gap]
            elif type(gap) is Place:
                pieces += filled[at:gap_at]
                at = gap_at + 1
                inner, item = gap
                if item is None or inner.item is None:
                    self._put(inner, None, reader, pieces)
                else:
                    pieces += self._item(inner, item, reader)
            else:
                filled[gap_at] = self._own(gap, reader, place)
        pieces += filled[at:] if at else filled

    def _item(self, piece: Piece, place: int, reader: Reader) -> list[bytes]:
        """The block of one card, or of one paper below: most of a mail, so it asks for as little as it can."""
        shape = reader.shapes[piece.item or ""][place]
        segments, gaps = piece.kept.get(shape) or piece.render(reader, place)
        if not gaps:
            return segments
        filled, own = segments.copy(), reader.own
        for gap_at, gap in gaps:
            filled[gap_at] = own[gap] if type(gap) is str else self._own(gap, reader, place)
        return filled

    def _own(self, gap: Gap, reader: Reader, place: int | None) -> bytes:
        if type(gap) is Told and place is not None:
            told = reader.told.get(gap.indent)
            if told is None:
                told = reader.told[gap.indent] = self._reasons.encoded(reader.variables["cards"], gap.indent)
            return told[place]
        if type(gap) is Paragraph:
            return _broken(self._filled(gap, reader, place), gap.indent, gap.hanging)
        if place is None:
            raise Unspliceable("what is a card's own stands outside of it")
        return _encoded_number(reader.variables["cards"][place].number)

    def _filled(self, paragraph: Paragraph, reader: Reader, place: int | None) -> str:
        text, *others = paragraph.parts
        for name, behind in zip(others[::2], others[1::2], strict=True):
            if name == WHY and place is not None:
                text += self._reasons.why(reader.variables["cards"][place])
            elif name == NUMBER and place is not None:
                text += str(reader.variables["cards"][place].number)
            else:
                text += reader.texts[name]
            text += behind
        return text

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


def _refuse_new_values(tree: nodes.Template, names: Collection[str]) -> None:
    """A piece is told apart by the variables as they come, so a template must not give them other values."""
    for name in tree.find_all(nodes.Name):
        if name.ctx != "load" and name.name in names:
            raise Unspliceable(f"{name.name} is given another value")


class _Cutter(NodeTransformer):
    """Puts marks in the place of blocks."""

    def __init__(self, make: Callable[[list[nodes.Node]], Piece]) -> None:
        self.inner: dict[str, Piece] = {}
        self._make = make

    def visit_Block(self, block: nodes.Block) -> nodes.Output:  # noqa: N802 Jinja's name for it
        """The mark of the block, which becomes a piece of its own."""
        piece = self.inner[block.name] = self._make(block.body)
        return block_mark(block.name, piece.item)


def _same_for_all(text: str) -> bytes:
    if ANY.search(text) or text.endswith("\r"):
        raise Unspliceable("a mark was changed")
    return quoted_printable(clean_body(text), goes_on=True)


def _parts(paragraph: str) -> tuple[str, ...]:
    parts: list[str] = []
    at = 0
    for found in _STRING.finditer(paragraph):
        parts += [paragraph[at : found.start()], found[1] or NUMBER]
        at = found.end()
    return (*parts, paragraph[at:])


@lru_cache(10_000)
def _broken(paragraph: str, indent: int, hanging: int) -> bytes:
    return encode(wrapped(paragraph, indent, hanging=hanging))


@lru_cache(1_000)
def _encoded_number(number: int) -> bytes:
    return encode(str(number))
