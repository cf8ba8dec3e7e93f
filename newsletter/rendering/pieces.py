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
from newsletter.rendering.view import Card, Paper, vote_link

MOST_KEPT = 20_000
"""Renderings a piece keeps before it starts anew."""

NUMBER, RECIPIENT, PREHEADER, WHY = "number", "recipient", "preheader", "why"
VOTE = "vote"
LINKS = ("unsubscribe", "unsubscribe_mailto", "preferences", "archive", VOTE)
ITEMS = {"card": "cards", "paper": "below"}
"""The variable of a loop, and the list that it goes through."""

_CUT = re.compile(r"\x06(\d+),(\d+)\x07(.*?)\x08|\x02(\w+)(?:\x05(\d+))?\x03|(\x04+)", re.DOTALL)
_STRING = re.compile(r"\x02(\w+)\x03|\x04+")
_WHOLE = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)

Variables = Mapping[str, Any]


class Own(NamedTuple):
    """A string of the reader's own: as it is, as it travels, and how many bytes it has before that."""

    text: str
    encoded: bytes
    size: int


class Item(NamedTuple):
    """A card, or a paper below the line, in one reader's digest."""

    value: Card | Paper
    shape: object
    """What of it tells its renderings apart."""
    own: Mapping[str, Own] = {}


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


Cut = bytes | str | Paragraph | Place
"""What is the same for all, transfer-encoded; the name of a reader's string; a paragraph; or a block."""


class Rendered(NamedTuple):
    """A piece for one set of values."""

    cuts: tuple[Cut, ...]
    size: int
    """Bytes of what is the same for all, before it was encoded."""


def own_string(text: str) -> Own:
    """A string of the reader's own, encoded."""
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
        key = (item and item.shape, *[key_of(name, variables[name]) for name in self._reads])
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            found = self._kept[key] = self._render(variables, item)
        return found

    def _render(self, variables: Variables, item: Item | None) -> Rendered:
        marked = {name: marked_value(name, variables[name]) for name in self._reads}
        if self.item is not None and item is not None:
            marked[self.item] = _marked_item(item.value)
        text = self._template.render(marked)
        cuts: list[Cut] = []
        size = at = 0
        for found in _CUT.finditer(text):
            size += _keep(text[at : found.start()], cuts)
            cuts.append(self._cut(found))
            at = found.end()
        size += _keep(text[at:], cuts)
        return Rendered(tuple(cuts), size)

    def _cut(self, found: re.Match[str]) -> Cut:
        indent, hanging, paragraph, name, place, number = found.groups()
        if number:
            return NUMBER
        if paragraph is not None:
            return Paragraph(_parts(paragraph), int(indent), int(hanging))
        return Place(self._inner[name], None if place is None else int(place)) if name in self._inner else str(name)


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

    def put_together(
        self, variables: Variables, own: dict[str, Own], items: Mapping[str, Sequence[Item]]
    ) -> tuple[list[bytes], int]:
        """The encoded text for one reader, in parts, and how many bytes it has before it is encoded."""
        out: list[bytes] = []

        def put(piece: Piece, item: Item | None) -> int:
            rendered = piece.render(variables, item)
            size = rendered.size
            for cut in rendered.cuts:
                if type(cut) is bytes:
                    out.append(cut)
                elif type(cut) is str:
                    string = own[cut]
                    out.append(string.encoded)
                    size += string.size
                elif type(cut) is Place:
                    size += put(cut.piece, _item_at(cut, items, own))
                elif type(cut) is Paragraph:
                    string = _broken(_filled(cut, own), cut.indent, cut.hanging)
                    out.append(string.encoded)
                    size += string.size
            return size

        size = put(self._root, None)
        if out and out[-1].endswith(b"=\r\n"):
            out[-1] = out[-1][:-3]  # a body must not end in the middle of a line
        return out, size

    def _piece(self, body: list[nodes.Node]) -> Piece:
        cutter = _Cutter(self._piece)
        tree = nodes.Template([cutter.visit(node) for node in body], lineno=1).set_environment(self._environment)
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


def _item_at(place: Place, items: Mapping[str, Sequence[Item]], own: dict[str, Own]) -> Item | None:
    """The item that the block is for; its strings take the places of the last one's."""
    if place.item is None or place.piece.item is None:
        return None
    item = items[place.piece.item][place.item]
    own.update(item.own)
    return item


def key_of(name: str, value: Any) -> object:
    """What of a variable tells renderings apart."""
    if name in ITEMS.values():
        return len(value)
    if name == "links":
        return tuple([getattr(value, link) is None for link in LINKS])
    return bool(value) if name in (RECIPIENT, PREHEADER) else value


def marked_value(name: str, value: Any) -> object:
    if name in ITEMS.values():
        return Listed(len(value))
    if name == "links":
        return Links(**{link: mark(link) for link in LINKS if getattr(value, link) is not None})
    return mark(name) if name in (RECIPIENT, PREHEADER) and value else value


def _marked_item(item: Card | Paper) -> object:
    return marked_card(item) if isinstance(item, Card) else item


def marked_card(item: Card) -> Card:
    """The card with marks in the place of what is the reader's own."""
    vote = mark(VOTE)
    return Card(
        paper=item.paper,
        number=number_mark(item.number),  # type: ignore[arg-type] it stands for one
        why=Unreadable(is_there=bool(item.why)),  # type: ignore[arg-type]
        explore=item.explore,
        more=Marked(vote_link(vote, item.paper, "more")) if item.more else None,
        less=Marked(vote_link(vote, item.paper, "less")) if item.less else None,
    )


def _keep(text: str, cuts: list[Cut]) -> int:
    """Adds what is the same for all; its bytes."""
    if ANY.search(text) or text.endswith("\r"):
        raise Unspliceable("a mark was changed")
    clean = clean_body(text)
    if clean:
        cuts.append(quoted_printable(clean, goes_on=True))
    return len(clean.encode())


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


def _filled(paragraph: Paragraph, own: Mapping[str, Own]) -> str:
    return "".join([own[part].text if odd % 2 else part for odd, part in enumerate(paragraph.parts)])
