"""A template in pieces, each rendered once for all readers who get the same, and put together for one reader.

A piece is a block of the template, or what stands around its blocks. What it says follows from the variables that it
names: for each set of their values Jinja renders it once, with marks for a reader's own strings; what comes is
transfer-encoded, and the marks become gaps. A reader's mail is those frames with the reader's strings in their gaps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, repeat
from typing import Any, NamedTuple

from jinja2 import Template, meta, nodes
from jinja2.visitor import NodeTransformer

from newsletter.model import Framed, decoded, joined
from newsletter.rendering.frames import NUMBER, Gap, Gaps, Numbered, Paragraph, Part, Reader, Told, Variables
from newsletter.rendering.marks import ANY, Unspliceable, block_mark
from newsletter.rendering.masks import ITEMS, key_of, marked_item, marked_value
from newsletter.rendering.quoted import clean_body, quoted_printable
from newsletter.rendering.reasons import LINES, WHY, Reasons

MOST_KEPT = 20_000
"""Renderings a piece keeps before it starts anew."""

_CUT = re.compile(r"\x06(\d+),(\d+)\x07(.*?)\x08|\x02(\w+)(?:\x05(\d*))?\x03|(\x04+)", re.DOTALL)
_NUMBER = re.compile(r"\x04+")
_STRING = re.compile(r"\x02(\w+)\x03|\x04+")
_WHOLE = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport, nodes.ScopedEvalContextModifier)
"""What changes the template from outside, or how its strings are escaped."""


class Place(NamedTuple):
    """Where a block stands, and for which item of its list."""

    piece: Piece
    item: int | None


class Run(NamedTuple):
    """Where the block of one item after the other stands."""

    piece: Piece
    places: tuple[int, ...]
    between: bytes


class Piece:
    """One block, or a template around its blocks."""

    def __init__(self, template: Template, reads: Collection[str], inner: Mapping[str, Piece], gaps: Gaps) -> None:
        self.item = next((variable for variable in ITEMS if variable in reads), None)
        self.reads = sorted(set(reads) - ITEMS.keys())
        self.inner = inner
        self.kept: dict[Any, Part] = {}
        """Of one item: what it is for each shape."""
        self.is_same_for_all = True
        """Whether no item had a gap so far."""
        self._template = template
        self._gaps = gaps

    def render(self, variables: Variables) -> list[Part | Place]:
        """The piece, where it is not one item's."""
        return list(self._cut(self._say(variables, None)))

    def render_item(self, reader: Reader, place: int) -> Part:
        """The piece for one item of this reader's; it is in one part, for it holds no other block."""
        key = reader.shapes[self.item or ""][place]
        if self.reads:
            key = key, key_of(reader.variables, self.reads)
        part = self.kept.get(key)
        if part is None:
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            part = self.kept[key] = self._one_part(reader.variables, place)
            self.is_same_for_all &= isinstance(part, bytes)
        return part

    def _one_part(self, variables: Variables, place: int) -> Part:
        [part] = self._cut(self._say(variables, place))
        if isinstance(part, Place):
            raise Unspliceable("a block of one item holds another block")
        return part

    def _say(self, variables: Variables, place: int | None) -> str:
        marked = {name: marked_value(name, variables[name]) for name in self.reads}
        if self.item is not None and place is not None:
            marked[self.item] = marked_item(variables[ITEMS[self.item]][place])
        text = self._template.render(marked)
        self._check(text, marked.get("card"))
        return text

    def _cut(self, text: str) -> Iterator[Part | Place]:
        """What stands around the blocks in it, and their places."""
        frame: list[bytes] = []
        gaps: list[Gap] = []
        at = 0
        for found in _CUT.finditer(text):
            frame.append(_same_for_all(text[at : found.start()]))
            at = found.end()
            met = self._met(found)
            if isinstance(met, Place):
                yield self._gaps.framed(frame, gaps, on_card=False)
                yield met
                frame, gaps = [], []
            else:
                gaps.append(met)
        frame.append(_same_for_all(text[at:]))
        yield self._gaps.framed(frame, gaps, on_card=self.item == "card")

    def _check(self, text: str, card: Any) -> None:
        """Raises Unspliceable where marks do not stand as one can tell them apart."""
        if self.item and any(found[4] and found[5] is not None for found in _CUT.finditer(text)):
            raise Unspliceable("a block of one item holds another block")
        if card is not None and any(found[0] != str(card.number) for found in _NUMBER.finditer(text)):
            raise Unspliceable("two numbers stand side by side")

    def _met(self, found: re.Match[str]) -> Gap | Place:
        indent, hanging, paragraph, name, place, number = found.groups()
        if number:
            return Numbered()
        if paragraph is not None:
            return Paragraph(_parts(paragraph), int(indent), int(hanging))
        if place is not None:
            return Place(self.inner[name], int(place) if place else None)
        if name == WHY:
            return Told(None)
        return Told(int(name.removeprefix(LINES))) if name.startswith(LINES) else str(name)


class Pieces:
    """A template in pieces; making it raises ``Unspliceable`` where that cannot be done."""

    def __init__(self, reasons: Reasons, source: str, *, common: Mapping[str, object], known: Collection[str]) -> None:
        """``reasons`` tells those of cards; ``common`` are the variables that never change, ``known`` all others."""
        self._gaps = Gaps(reasons)
        self._environment = reasons.marking
        self._common = common
        self._known = known
        tree = self._environment.parse(source)
        _refuse_new_values(tree, {*known, *common, *self._environment.globals})
        self._root = self._piece(tree.body)
        self.reads = {name for piece in _around(self._root) for name in piece.reads}
        """The variables that a reader's key must tell of."""
        self._plans: dict[object, list[Part | Run]] = {}
        """All but the items, by the values of what is read there."""

    def put_together(self, reader: Reader) -> list[bytes | Framed]:
        """The encoded text for one reader, in pieces: those that readers have in common are the same objects."""
        pieces = self._gather(reader)
        while pieces and not (last := _ended(joined(pieces[-1:]))):
            pieces.pop()
        if pieces:
            pieces[-1] = last
        return pieces

    def say(self, reader: Reader) -> str:
        """The text for one reader."""
        return "".join(
            [_read(piece) if isinstance(piece, bytes) else decoded(joined([piece])) for piece in self._gather(reader)]
        )

    def _gather(self, reader: Reader) -> list[bytes | Framed]:
        plan = self._plans.get(reader.key) or self._keep_plan(reader.key, reader.variables)
        pieces: list[bytes | Framed] = []
        for part in plan:
            if isinstance(part, bytes):
                pieces.append(part)
            elif isinstance(part, Run):
                pieces += self._items(part, reader)
            else:
                pieces.append(self._gaps.fill(part, reader, None))
        return pieces

    def _items(self, run: Run, reader: Reader) -> list[bytes | Framed]:
        """The blocks of cards, or of papers below: most of a mail, so this asks for as little as it can."""
        piece, places, between = run
        kept, shapes = piece.kept, reader.shapes[piece.item or ""]
        blocks: list[Any] = list(map(kept.get, map(shapes.__getitem__, places)))
        if None in blocks:
            blocks = [piece.render_item(reader, place) for place in places]
        filled = blocks if piece.is_same_for_all else self._gaps.fill_all(blocks, reader, places)
        return list(chain.from_iterable(zip(filled, repeat(between))))[:-1] if between else filled

    def _keep_plan(self, key: object, variables: Variables) -> list[Part | Run]:
        if len(self._plans) >= MOST_KEPT:
            self._plans.clear()
        plan = self._plans[key] = list(_in_runs(list(self._flat(self._root, variables))))
        return plan

    def _flat(self, piece: Piece, variables: Variables) -> Iterator[Part | Place]:
        """The blocks within blocks in their places, but for those of items."""
        for part in piece.render(variables):
            if isinstance(part, Place) and (part.item is None or part.piece.item is None):
                yield from self._flat(part.piece, variables)
            elif part != b"":
                yield part

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
        template = Template.from_code(self._environment, self._environment.compile(tree), globals_)
        return Piece(template, reads, cutter.inner, self._gaps)


def _around(piece: Piece) -> Iterator[Piece]:
    """The piece and those in it, but for those of items."""
    yield piece
    for inner in piece.inner.values():
        if inner.item is None:
            yield from _around(inner)


def _in_runs(parts: Sequence[Part | Place]) -> Iterator[Part | Run]:
    """Items that follow one upon the other taken together, with what stands between them if it is always the same."""
    at = 0
    while at < len(parts):
        part = parts[at]
        at += 1
        if not isinstance(part, Place):
            yield part
            continue
        items, between = [part.item or 0], None
        while (found := _next_item(parts, at, part.piece)) and between in {None, found[0]}:
            between, item, at = found
            items.append(item)
        yield Run(part.piece, tuple(items), between or b"")


def _next_item(parts: Sequence[Part | Place], at: int, piece: Piece) -> tuple[bytes, int, int] | None:
    """What stands before the next item of the piece, that item, and where it ends; ``None`` where another thing is."""
    between = b""
    for end, part in enumerate(parts[at : at + 2], at + 1):
        if isinstance(part, Place):
            return (between, part.item or 0, end) if part.piece is piece else None
        if between or not isinstance(part, bytes):
            return None
        between = part
    return None


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


@lru_cache(64)
def _ended(last: bytes) -> bytes:
    """A body must not end in the middle of a line."""
    return last.removesuffix(b"=\r\n")


_read = lru_cache(MOST_KEPT)(decoded)
"""Each piece is whole characters; those of lines are short, and many readers have the same."""


def _parts(paragraph: str) -> tuple[str, ...]:
    parts: list[str] = []
    at = 0
    for found in _STRING.finditer(paragraph):
        parts += [paragraph[at : found.start()], found[1] or NUMBER]
        at = found.end()
    return (*parts, paragraph[at:])
