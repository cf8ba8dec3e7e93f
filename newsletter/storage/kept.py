"""Messages as they were handed over, for ``replay``: what many of them share is kept once."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from newsletter.errors import StorageError
from newsletter.storage.bare import Bare
from newsletter.storage.codec import compress, decompress
from newsletter.storage.engine import Database, in_chunks
from newsletter.storage.ledger import HandOver
from newsletter.storage.parts import Body, find_shared, numbers_in, read_parts, write_parts
from newsletter.storage.schema import messages, notes, pieces

PLAIN_BYTES = 5_000
"""Own bytes that are kept as they are: compressing them would cost more time than it saves room."""
MOST_KNOWN = 20_000
"""Pieces that are remembered: those of an edition, and not of all editions of a month."""

_GENERATION = "SELECT value FROM notes WHERE name = 'pieces' "
_FIND = "SELECT id, digest, used_on FROM pieces WHERE digest IN ([marks])"
_ADD = "INSERT INTO pieces (digest, body, used_on) VALUES [rows (?, ?, ?)] ON CONFLICT (digest) DO NOTHING"
_RENEW = "UPDATE pieces SET used_on = ? WHERE id IN ([marks])"
_KEEP = (
    "INSERT INTO messages (delivery_id, kept_at, encoding, body) VALUES [rows (?, ?, ?, ?)] ON CONFLICT (delivery_id)"
    " DO UPDATE SET kept_at = excluded.kept_at, encoding = excluded.encoding, body = excluded.body"
)


class Stale(Exception):
    """What is remembered of the pieces does not hold any more; it is forgotten now."""


@dataclass(frozen=True, slots=True)
class Known:
    """Pieces that need not be looked up, as one transaction leaves them to the next."""

    day: date | None = None
    """They are marked as in use on this day."""
    generation: str = ""
    """The note as it was: another one means that some may be gone."""
    numbers: Mapping[bytes, int] = field(default_factory=dict)


class Kept:
    """The store of sent messages; shared by the threads that send."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known = Known()
        self._met: dict[bytes, str] = {}

    def keep(self, bare: Bare, hand: HandOver, packed: Mapping[int, bytes], handed: Set[int], *, at: datetime) -> Known:
        """Writes the messages of what is handed over; what it gives back is for ``remember`` after the commit.

        ``packed`` are those in one piece. A piece is deleted only when no message needs it, and who deletes one says
        so in a note: it is looked at here before anything that is remembered counts. Stale where it does not.
        """
        bodies = {row_id: body for row_id, body in hand.bodies.items() if row_id in handed and row_id not in packed}
        readers: dict[str, list[Body]] = defaultdict(list)
        for delivery in hand.deliveries:
            if delivery.id in bodies:
                readers[delivery.subscriber].append(bodies[delivery.id])
        known = self._number(bare, readers, on=at.date()) if bodies else self._known
        row: list[Any] = []
        kept_at = bare.instant(at)
        for row_id in handed & packed.keys():
            row += [row_id, kept_at, "zlib", packed[row_id]]
        for row_id, body in bodies.items():
            parts = write_parts(body, known.numbers)
            small = len(parts) <= PLAIN_BYTES
            row += [row_id, kept_at, *(("parts", parts) if small else ("parts+zlib", compress(parts)))]
        if row:
            bare.write(_KEEP, row, count=len(row) // 4)
        return known

    def remember(self, known: Known) -> None:
        """What a transaction that is committed has learnt."""
        self._known = known if len(known.numbers) <= MOST_KNOWN else Known()

    def read(self, connection: Connection, encoding: str, body: bytes) -> bytes:
        """The message's very bytes."""
        if encoding == "zlib":
            return decompress(body)
        parts = decompress(body) if encoding == "parts+zlib" else body
        wanted = sorted(numbers_in(parts))
        found: dict[int, bytes] = {}
        for chunk in in_chunks(wanted):
            query = select(pieces.c.id, pieces.c.body).where(pieces.c.id.in_(chunk))
            found |= {number: decompress(packed) for number, packed in connection.execute(query)}
        if len(found) != len(wanted):
            raise StorageError("a part of the stored message is missing: run `newsletter doctor`")
        return read_parts(parts, found)

    def prune_pieces(self) -> int:
        """Deletes what no kept message can need; how many pieces."""
        generation = notes.c.name == "pieces"
        with self._database.writing() as connection:
            said = connection.scalars(select(notes.c.value).where(generation).with_for_update()).one()
            oldest = connection.scalar(select(func.min(messages.c.kept_at)))
            old = delete(pieces) if oldest is None else delete(pieces).where(pieces.c.used_on < oldest.date())
            gone = connection.execute(old).rowcount
            if gone:
                connection.execute(update(notes).where(generation).values(value=str(int(said) + 1)))
        return gone

    def _number(self, bare: Bare, readers: Mapping[str, Iterable[Body]], *, on: date) -> Known:
        """The numbers of the pieces that these readers' messages share, marked as in use on that day."""
        known = self._known if self._known.day == on else Known(day=on)
        if len(self._met) > MOST_KNOWN:
            self._met = {}
        new = find_shared(readers, known.numbers, self._met)
        # Taken in full where pieces are to be written: two who share the note and both want more would wait for ever.
        [[generation]] = bare.read(_GENERATION + ("{lock}" if new else "{share}"))
        if known.numbers and known.generation != generation:
            self._known = Known()
            raise Stale
        numbers = {**known.numbers, **_number_pieces(bare, new, on=on)} if new else known.numbers
        return Known(on, generation, numbers)


def _number_pieces(bare: Bare, new: Iterable[bytes], *, on: date) -> dict[bytes, int]:
    """Piece -> its number, an old one or a new one."""
    found: dict[bytes, int] = {}
    for chunk in in_chunks(new):
        digests = {hashlib.blake2b(piece, digest_size=16).digest(): piece for piece in chunk}
        stored = {digest for _, digest, _ in bare.read(_FIND, list(digests), count=len(digests))}
        row: list[Any] = []
        for digest in digests.keys() - stored:
            row += [digest, compress(digests[digest]), bare.day(on)]
        if row:
            bare.write(_ADD, row, count=len(row) // 3)
        rows = bare.read(_FIND, list(digests), count=len(digests))
        found |= {digests[digest]: number for number, digest, _ in rows}
        late = [number for number, _, used_on in rows if bare.read_day(used_on) < on]
        if late:
            bare.write(_RENEW, [bare.day(on), *late], count=len(late))
    return found
