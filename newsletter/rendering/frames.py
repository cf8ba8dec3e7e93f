"""What is the same for many readers, and what stands in its gaps for one of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from operator import itemgetter
from threading import Lock
from typing import Any, NamedTuple

from newsletter.model import Framed
from newsletter.rendering.lines import wrapped
from newsletter.rendering.marks import Unspliceable
from newsletter.rendering.quoted import encode
from newsletter.rendering.reasons import WHY, Reasons

NUMBER = "number"

Variables = Mapping[str, Any]
Row = tuple[bytes, ...]


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


Gap = str | Told | Numbered | Paragraph
"""The name of a reader's string, what is a card's own, or a paragraph with either."""


class Frame(NamedTuple):
    """What is the same for all, transfer-encoded, with ``%b`` for each gap."""

    text: bytes
    gaps: tuple[Gap, ...]
    pick: Callable[[Row], Row] | None
    """Takes what stands in the gaps out of a card's row; ``None`` where not all of it is there."""


Part = bytes | Frame


class Reader(NamedTuple):
    """What is put together for one reader."""

    variables: Variables
    key: Hashable
    """What of the variables tells renderings apart, whichever of them a template reads."""
    texts: Mapping[str, str]
    """The reader's strings as they are."""
    own: Mapping[str, bytes]
    """The same as they travel."""
    shapes: Mapping[str, Sequence[object]]
    """What tells the renderings of each card, and of each paper below, apart."""


class Gaps:
    """The gaps of a template's cards, each with its place in a row; they are filled for all cards at once."""

    def __init__(self, reasons: Reasons) -> None:
        self._reasons = reasons
        self._places: dict[Gap, int] = {}
        self._lock = Lock()

    def framed(self, texts: Sequence[bytes], gaps: Sequence[Gap], *, on_card: bool) -> Part:
        """The texts with the gaps between them."""
        if not gaps:
            return b"".join(texts)
        in_row = on_card and not any(isinstance(gap, Paragraph) for gap in gaps)
        text = b"%b".join([text.replace(b"%", b"%%") for text in texts])
        return Frame(text, tuple(gaps), self._picker(gaps) if in_row else None)

    def fill_all(self, parts: Sequence[Part], reader: Reader, places: Sequence[int]) -> list[bytes | Framed]:
        """The parts of items with what stands in their gaps, each on the card at its place."""
        cards = reader.variables["cards"]
        rows = list(zip(*[self._column(gap, reader) for gap in list(self._places)], strict=True)) or [()] * len(cards)
        return [
            part
            if isinstance(part, bytes)
            else (part[0], part[2](rows[place]))
            if part[2]
            else self.fill(part, reader, place)
            for part, place in zip(parts, places, strict=True)
        ]

    def fill(self, frame: Frame, reader: Reader, place: int | None) -> Framed:
        """The frame with what stands in its gaps, on the card at that place or on none."""
        return frame.text, tuple([self._value(gap, reader, place) for gap in frame.gaps])

    def _picker(self, gaps: Iterable[Gap]) -> Callable[[Row], Row]:
        with self._lock:  # lanes render at the same time, and a place belongs to one gap
            places = [self._places.setdefault(gap, len(self._places)) for gap in gaps]
        # One place alone would give what stands there, and not a row.
        return itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))

    def _column(self, gap: Gap, reader: Reader) -> Iterable[bytes]:
        cards = reader.variables["cards"]
        if isinstance(gap, str):
            return repeat(b"" if reader.texts.get(gap) is None else reader.own[gap], len(cards))
        if isinstance(gap, Told):
            return self._reasons.encoded(cards, gap.indent)
        return [_encoded_number(card.number) for card in cards]

    def _value(self, gap: Gap, reader: Reader, place: int | None) -> bytes:
        if isinstance(gap, str):
            return reader.own[gap]
        if isinstance(gap, Paragraph):
            return _broken(self._filled(gap, reader, place), gap.indent, gap.hanging)
        card = _card(reader, place)
        if isinstance(gap, Told):
            return self._reasons.encoded([card], gap.indent)[0]
        return _encoded_number(card.number)

    def _filled(self, paragraph: Paragraph, reader: Reader, place: int | None) -> str:
        text, *others = paragraph.parts
        for name, behind in zip(others[::2], others[1::2], strict=True):
            if name == WHY:
                text += self._reasons.why(_card(reader, place))
            elif name == NUMBER:
                text += str(_card(reader, place).number)
            else:
                text += reader.texts[name]
            text += behind
        return text


def _card(reader: Reader, place: int | None) -> Any:
    if place is None:
        raise Unspliceable("what is a card's own stands outside of it")
    return reader.variables["cards"][place]


@lru_cache(10_000)
def _broken(paragraph: str, indent: int, hanging: int) -> bytes:
    return encode(wrapped(paragraph, indent, hanging=hanging))


@lru_cache(1_000)
def _encoded_number(number: int) -> bytes:
    return encode(str(number))
