"""A kept message as bytes: what is its own, and the numbers of the pieces that it shares with others. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence
from struct import calcsize, pack, unpack_from

MIN_SHARED_BYTES = 48
"""A shorter piece is kept with its message."""
_OWN = 1 << 31
"""Marks the length of a run of own bytes; without it the number is that of a piece."""


def find_shared(
    messages: Mapping[str, Iterable[Sequence[bytes]]], known: Collection[bytes], met: MutableMapping[bytes, str]
) -> set[bytes]:
    """Pieces, beside those known, that messages of more than one reader have: nobody's own data is in them.

    ``met`` remembers from one call to the next which reader had a piece first.
    """
    shared = set()
    for reader, theirs in messages.items():
        for one in theirs:
            for piece in one:
                if len(piece) >= MIN_SHARED_BYTES and piece not in known and met.setdefault(piece, reader) != reader:
                    shared.add(piece)
    return shared


def write_parts(pieces: Sequence[bytes], numbers: Mapping[bytes, int]) -> bytes:
    """The message as ``read_parts`` takes it; ``numbers`` are of the shared pieces.

    >>> read_parts(write_parts([b"Dear ", b"Ada", b", today"], {b", today": 7}), {7: b", today"})
    b'Dear Ada, today'
    """
    codes: list[int] = []
    own: list[bytes] = []
    run = 0
    for piece in pieces:
        number = numbers.get(piece)
        if number is None:
            own.append(piece)
            run += len(piece)
        else:
            if run:
                codes.append(_OWN | run)
                run = 0
            codes.append(number)
    if run:
        codes.append(_OWN | run)
    return pack(f"<I{len(codes)}I", len(codes), *codes) + b"".join(own)


def numbers_in(parts: bytes) -> set[int]:
    """The numbers of the pieces that the message shares."""
    return {code for code in _codes(parts) if not code & _OWN}


def read_parts(parts: bytes, pieces: Mapping[int, bytes]) -> bytes:
    """The very bytes of the message; KeyError where a piece is missing."""
    codes = _codes(parts)
    at = calcsize(f"<I{len(codes)}I")
    out = []
    for code in codes:
        if code & _OWN:
            end = at + (code ^ _OWN)
            out.append(parts[at:end])
            at = end
        else:
            out.append(pieces[code])
    return b"".join(out)


def _codes(parts: bytes) -> tuple[int, ...]:
    (count,) = unpack_from("<I", parts)
    return unpack_from(f"<{count}I", parts, 4)
