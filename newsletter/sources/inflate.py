"""Compressed answers, inflated as they arrive and never beyond a bound, so that a bomb is never held."""

from __future__ import annotations

import zlib

from newsletter.errors import SourceError

RATIO_APPLIES_FROM_BYTES = 1_000_000
"""Below this size a high ratio is no danger, and an honest one: a short answer of little but repetition."""
_STEP_BYTES = 262_144
_GZIP, _ZLIB, _RAW = 31, 15, -15
_MEMBER = b"\x1f\x8b"
"""How another member of a gzip file begins; anything else after the end is padding."""


class Inflater:
    """Takes the chunks of one answer and gives its plain bytes.

    >>> inflater = Inflater("", wire_limit=100, plain_limit=100, ratio=100)
    >>> inflater.feed(b"plain")
    >>> inflater.finish()
    b'plain'
    """

    def __init__(self, encoding: str, *, wire_limit: int, plain_limit: int, ratio: int) -> None:
        """``encoding`` is the Content-Encoding; limits are in bytes, ``ratio`` in plain bytes a wire byte."""
        self._encoding = encoding.strip().casefold()
        if self._encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise SourceError(f"is sent in the encoding {self._encoding[:40]!r}, which was not asked for")
        self._wire_limit, self._plain_limit, self._ratio = wire_limit, plain_limit, ratio
        self._wire = 0
        self._plain = bytearray()
        self._stream: zlib._Decompress | None = None
        self._between = b""
        """What came after a finished member, too short yet to tell another one from padding."""

    def feed(self, chunk: bytes) -> None:
        """Takes the next bytes off the wire; raises SourceError where the answer is broken or too large."""
        self._wire += len(chunk)
        if self._wire > self._wire_limit:
            raise SourceError(f"sends more than {self._wire_limit / 1e6:g} MB")
        if self._encoding in ("", "identity"):
            self._keep(chunk)
            return
        try:
            self._inflate(chunk)
        except zlib.error as error:
            raise SourceError(
                "is compressed data that cannot be unpacked: broken on the way or at its source"
            ) from error

    def finish(self) -> bytes:
        """All plain bytes; raises SourceError where compressed data ends early."""
        if self._stream is not None and not self._stream.eof:
            raise SourceError("breaks off in the middle of its compressed data")
        return bytes(self._plain)

    def _inflate(self, chunk: bytes) -> None:
        while chunk:
            if self._stream is None or self._stream.eof:
                chunk = self._between + chunk
                if self._stream is not None and not chunk.startswith(_MEMBER):
                    self._between = chunk if len(chunk) < len(_MEMBER) else b""
                    return
                self._stream, self._between = zlib.decompressobj(self._window(chunk)), b""
            chunk = self._unpack(self._stream, chunk)

    def _unpack(self, stream: zlib._Decompress, chunk: bytes) -> bytes:
        """Keeps what the chunk unpacks to, a step at a time; gives the bytes after the stream's end."""
        plain = stream.decompress(chunk, _STEP_BYTES)
        self._keep(plain)
        while not stream.eof and (stream.unconsumed_tail or len(plain) == _STEP_BYTES):
            plain = stream.decompress(stream.unconsumed_tail, _STEP_BYTES)
            self._keep(plain)
        return stream.unused_data

    def _window(self, chunk: bytes) -> int:
        if self._encoding != "deflate":
            return _GZIP
        return _ZLIB if chunk[0] & 0x0F == 8 and len(chunk) > 1 and (chunk[0] * 256 + chunk[1]) % 31 == 0 else _RAW

    def _keep(self, plain: bytes) -> None:
        self._plain += plain
        if len(self._plain) > self._plain_limit:
            raise SourceError(f"unpacks to more than {self._plain_limit / 1e6:g} MB")
        if len(self._plain) > max(RATIO_APPLIES_FROM_BYTES, self._ratio * self._wire):
            raise SourceError(f"unpacks to more than {self._ratio} times its size, as only a bomb does")
