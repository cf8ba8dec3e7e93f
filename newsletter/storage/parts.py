"""A kept message as bytes: what is its own, and the numbers of the pieces that it shares with others. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from io import BytesIO
from itertools import islice
from struct import calcsize, pack, unpack_from

from newsletter.model import Framed, joined

MIN_SHARED_BYTES = 48
"""A shorter piece is kept with its message."""
_OWN = 1 << 31
"""Marks the length of own bytes."""
_FRAME = 1 << 30
"""Marks the number of a frame: how many gaps it has follows, and for each the length of what stands in it, or which of
the message's own strings that is. A number without a mark is that of a piece."""

Body = Sequence[bytes | Framed]
"""A message in pieces."""


def find_shared(
    messages: Mapping[str, Iterable[Body]], known: Collection[bytes], met: MutableMapping[bytes, str]
) -> set[bytes]:
    """Pieces and frames, beside those known, that messages of more than one reader have: nobody's own data is in them.

    ``met`` remembers from one call to the next which reader had a piece first.
    """
    shared = set()
    for reader, theirs in messages.items():
        for one in theirs:
            for piece in one:
                text = piece if isinstance(piece, bytes) else piece[0]
                if text not in known and len(text) >= MIN_SHARED_BYTES and met.setdefault(text, reader) != reader:
                    shared.add(text)
    return shared


def write_parts(body: Body, numbers: Mapping[bytes, int]) -> bytes:
    """The message as ``read_parts`` takes it; ``numbers`` are of the shared pieces and frames.

    >>> body = [b"Dear ", (b"%b, today", (b"Ada",)), b"!"]
    >>> read_parts(write_parts(body, {b"%b, today": 7}), {7: b"%b, today"})
    b'Dear Ada, today!'
    """
    codes: list[int] = []
    own: list[bytes] = []
    strings: dict[bytes, int] = {}
    run = 0
    for piece in body:
        shared, values = (piece, ()) if isinstance(piece, bytes) else piece
        number = numbers.get(shared)
        if number is None:
            own.append(shared % values if values else shared)
            run += len(own[-1])
            continue
        if run:
            codes.append(_OWN | run)
            run = 0
        if values:
            codes += [_FRAME | number, len(values)]
            for value in values:
                met = strings.get(value)
                if met is None:
                    strings[value] = len(strings)
                    own.append(value)
                    met = _OWN | len(value)
                codes.append(met)
        else:
            codes.append(number)
    if run:
        codes.append(_OWN | run)
    return pack(f"<I{len(codes)}I", len(codes), *codes) + b"".join(own)


def numbers_in(parts: bytes) -> set[int]:
    """The numbers of the pieces that the message shares."""
    return {number for number, _ in _read(parts) if number is not None}


def read_parts(parts: bytes, pieces: Mapping[int, bytes]) -> bytes:
    """The very bytes of the message; KeyError where a piece is missing."""
    body: list[bytes | Framed] = []
    for number, own in _read(parts):
        if number is None:
            body += own
        else:
            body.append((pieces[number], own) if own else pieces[number])
    return joined(body)


def _read(parts: bytes) -> Iterator[tuple[int | None, tuple[bytes, ...]]]:
    """The number of each shared piece, with what stands in its gaps; without one, a run of own bytes."""
    (count,) = unpack_from("<I", parts)
    codes = iter(unpack_from(f"<{count}I", parts, 4))
    text = BytesIO(parts[calcsize(f"<I{count}I") :])
    strings: list[bytes] = []
    for code in codes:
        if code & _OWN:
            yield None, (text.read(code ^ _OWN),)
            continue
        values = []
        for met in islice(codes, next(codes) if code & _FRAME else 0):
            if met & _OWN:
                strings.append(text.read(met ^ _OWN))
            values.append(strings[-1 if met & _OWN else met])
        yield code & ~_FRAME, tuple(values)
