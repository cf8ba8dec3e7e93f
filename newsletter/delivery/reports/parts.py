"""A mail taken apart into its texts, whatever its bytes: broken structure gives fewer parts, never an error.

The standard library's parser recurses with the mail's nesting and raises on some headers; reports are written by
thousands of programs, and by whoever wants to see ours fall over.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header

MAX_DEPTH = 8
MAX_PARTS = 200
MAX_FIELD = 4000
"""Characters of a header that are kept."""
MAX_HEADER = 2000
"""Characters of a header that are looked into."""
MAX_ENCODED_WORDS = 50
"""Of a header that is decoded."""

_FIELD = re.compile(r"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n")
_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))')
RETURNED = frozenset(
    {"message/rfc822", "text/rfc822-headers", "text/rfc822-header", "message/global", "message/global-headers"}
)
"""Parts that hold the mail that the report is about."""


_NO_CHARSETS = frozenset({"punycode", "idna"})
"""Python knows them, no mail is written in them, and they take for ever."""


@dataclass(frozen=True, slots=True)
class Headers:
    """The headers of a mail or a part, folded lines joined."""

    fields: Sequence[tuple[str, str]] = ()
    """Names in lower case."""

    def first(self, name: str) -> str:
        """The first value of that name; empty where there is none."""
        return next((value for known, value in self.fields if known == name), "")

    def all(self, *names: str) -> list[str]:
        """All values of these names, in the mail's order."""
        return [value for known, value in self.fields if known in names]


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a mail."""

    kind: str
    """Its content type, lower case."""
    headers: Headers
    text: str
    """Decoded; line ends as ``\\n``."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as headers and a flat list of texts; a mail within it is one of them, not taken apart."""

    headers: Headers
    kind: str
    report_type: str
    """Of a ``multipart/report``."""
    parts: Sequence[Part]

    def of_kind(self, *kinds: str) -> list[Part]:
        """The parts of these content types."""
        return [part for part in self.parts if part.kind in kinds]


def take_apart(raw: bytes) -> Mail:
    """The mail's headers and texts."""
    head, body = _cut_head(raw)
    headers = read_headers(_as_text(head))
    kind, parameters = _content_type(headers)
    return Mail(headers, kind, parameters.get("report-type", "").lower(), tuple(_leaves(headers, body)))


def read_headers(text: str) -> Headers:
    """The header lines that a text begins with, up to a blank one; lines that are no headers are passed over."""
    fields: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        if not line.strip():
            break
        if line[0] in " \t" and fields:
            fields[-1][1].append(line.strip())
        elif found := _FIELD.fullmatch(line.rstrip("\r")):
            fields.append((found[1].lower(), [found[2].strip()]))
    return Headers(tuple((name, " ".join(lines).strip()[:MAX_FIELD]) for name, lines in fields))


def readable_header(value: str) -> str:
    """The value with its encoded words decoded, where they can be."""
    if value.count("=?") > MAX_ENCODED_WORDS:
        return value
    try:
        return str(make_header(decode_header(value[:MAX_HEADER])))
    except (MessageError, LookupError, ValueError):
        return value


def _leaves(headers: Headers, body: bytes) -> Iterator[Part]:
    """Depth first, without recursion."""
    waiting = [(headers, body, 0)]
    for _ in range(MAX_PARTS):
        if not waiting:
            return
        headers, body, depth = waiting.pop()
        kind, parameters = _content_type(headers)
        inside = _split(body, parameters.get("boundary", "")) if kind.startswith("multipart/") else []
        if inside and depth < MAX_DEPTH:
            waiting += [(*_open(piece), depth + 1) for piece in reversed(inside)]
        else:
            yield Part(kind, headers, _decode(headers, parameters, body))


def _open(piece: bytes) -> tuple[Headers, bytes]:
    head, body = _cut_head(piece)
    return read_headers(_as_text(head)), body


def _cut_head(raw: bytes) -> tuple[bytes, bytes]:
    if raw[:1] in (b"\n", b"\r"):
        return b"", raw
    found = _BLANK.search(raw)
    return (raw[: found.start()], raw[found.end() :]) if found else (raw, b"")


def _split(body: bytes, boundary: str) -> list[bytes]:
    """What lies between the boundaries; the last one may be missing."""
    if not boundary:
        return []
    delimiter = re.escape(boundary.encode("utf-8", "surrogateescape"))
    pieces = re.split(rb"(?:^|\r?\n)--" + delimiter + rb"(--)?[ \t]*(?=\r?\n|\Z)", body)
    inside = []
    for closes, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if closes:
            break
        inside.append(piece[2:] if piece.startswith(b"\r\n") else piece[1:])
    return inside


def _content_type(headers: Headers) -> tuple[str, dict[str, str]]:
    value = headers.first("content-type")[:MAX_HEADER]
    kind = value.partition(";")[0].strip().lower()
    parameters = {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare for name, quoted, bare in _PARAMETER.findall(value)
    }
    return kind or "text/plain", parameters


def _decode(headers: Headers, parameters: dict[str, str], body: bytes) -> str:
    encoding = headers.first("content-transfer-encoding").lower()
    if encoding == "quoted-printable":
        body = quopri.decodestring(body)
    elif encoding == "base64":
        body = _from_base64(body)
    return _as_text(body, parameters.get("charset", "")).replace("\r\n", "\n")


def _from_base64(body: bytes) -> bytes:
    """As much as makes sense; the body itself where nothing does."""
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
    try:
        return base64.b64decode(letters[: len(letters) // 4 * 4] + _tail(letters))
    except binascii.Error:
        return body


def _tail(letters: bytes) -> bytes:
    rest = letters[len(letters) // 4 * 4 :]
    return rest.ljust(4, b"=") if len(rest) > 1 else b""


def _as_text(raw: bytes, charset: str = "") -> str:
    for name in (charset, "utf-8"):
        try:
            if name and name.lower() not in _NO_CHARSETS:
                return raw.decode(name)
        except (LookupError, ValueError):  # ValueError: a charset's name may hold a NUL, its bytes may not fit
            continue
    return raw.decode("latin-1")
