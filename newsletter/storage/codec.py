"""Records as JSON and back; fields at their default are left out, fields of a newer version are passed over."""

from __future__ import annotations

import json
import zlib
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from newsletter.errors import StorageError
from newsletter.model import Edition, Entry, ProfileSpec, Schedule, SourceMemory

R = TypeVar("R")


class Codec(Generic[R]):
    """Writes and reads one kind of record.

    >>> ENTRY.decode(ENTRY.encode(Entry(title="A study of cats"))).title
    'A study of cats'
    """

    def __init__(self, record: type[R]) -> None:
        self._name = record.__name__
        self._adapter: TypeAdapter[R] = TypeAdapter(record)

    def encode(self, record: R) -> str:
        """The record as one line of JSON."""
        try:
            return self._adapter.dump_json(record, exclude_defaults=True).decode()
        except PydanticSerializationError:  # half of a surrogate pair, which UTF-8 cannot carry
            plain = self._adapter.dump_python(record, mode="json", exclude_defaults=True)
            return json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace").decode()

    def decode(self, text: str | bytes) -> R:
        """The record; StorageError where the text is not what ``encode`` wrote."""
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            raise StorageError(
                f"a stored {self._name} cannot be read: run `newsletter doctor` ({_cause(error)})"
            ) from None

    def pack(self, record: R) -> bytes:
        """The record as compressed JSON."""
        return compress(self.encode(record).encode())

    def unpack(self, packed: bytes) -> R:
        """The record out of compressed JSON."""
        return self.decode(decompress(packed))


def compress(plain: bytes) -> bytes:
    """The bytes in zlib's format; the quickest level, for it is one of the dearest steps of a hand-over."""
    return zlib.compress(plain, 1)


def decompress(packed: bytes) -> bytes:
    """What was compressed; StorageError where it is damaged."""
    try:
        return zlib.decompress(packed)
    except zlib.error as error:
        raise StorageError(f"a stored record is damaged: run `newsletter doctor` ({error})") from None


def _cause(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}".lstrip(": ")


EDITION = Codec(Edition)
ENTRY = Codec(Entry)
PROFILE = Codec(ProfileSpec)
SCHEDULE = Codec(Schedule)
MEMORY = Codec(SourceMemory)
