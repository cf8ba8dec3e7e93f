"""How texts and single strings are written in a mail: escaped for HTML, and quoted-printable (RFC 2045)."""

from __future__ import annotations

import binascii
import re

from markupsafe import escape

MAX_LINE = 76

_NOT_IN_BODIES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_IN_HTML = re.compile(r"[&<>\"']")
"""What is written otherwise in HTML."""
_SOFT_BREAK = b"=\r\n"
_RISKY_STARTS = (b".", b"From ")
"""What SMTP doubles, and mailboxes take for the start of another mail."""


def clean_body(text: str) -> str:
    """Line ends as ``\\n``, and none of the characters that no mail may hold."""
    return _NOT_IN_BODIES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def escaped(text: str) -> str:
    """The text in HTML, where most is no other."""
    return str(escape(text)) if _IN_HTML.search(text) else text


def encode(string: str) -> bytes:
    """A string of a body, quoted-printable, from the start of a line on; what follows starts another line."""
    if not string.isprintable():
        return quoted_printable(clean_body(string), goes_on=True)
    if string.isascii() and "=" not in string and string == string.strip(" "):
        text = string.encode("ascii")
        lines = [text[at : at + MAX_LINE - 1] for at in range(0, len(text), MAX_LINE - 1)]
        if not any([line.startswith(_RISKY_STARTS) for line in lines]):  # noqa: C419 a list is quicker
            return _SOFT_BREAK.join([*lines, b""])
    return quoted_printable(string, goes_on=True)


def quoted_printable(text: str, *, goes_on: bool = False) -> bytes:
    """RFC 2045; a line never starts with a dot (SMTP) or "From " (mailboxes).

    ``goes_on``: more will follow, and whatever it is starts a line of its own.
    """
    encoded = binascii.b2a_qp(text.encode("utf-8"), istext=True)
    lines = encoded.split(b"\n")
    if goes_on and len(lines) == 1 and 0 < len(encoded) < MAX_LINE and not encoded.startswith(_RISKY_STARTS):
        return encoded + _SOFT_BREAK  # most strings
    encoded = b"\n".join([_harmless(line) if _is_risky(line) else line for line in lines])
    if goes_on and encoded and not encoded.endswith(b"\n"):
        encoded = _with_soft_break(encoded)
    return encoded.replace(b"\n", b"\r\n")


def _with_soft_break(encoded: bytes) -> bytes:
    """Ended by a soft break, before which there is room for one in its line."""
    last = len(encoded) - encoded.rfind(b"\n") - 1
    if last < MAX_LINE:
        return encoded + b"=\n"
    cut = len(encoded) - 3 if encoded[-3:-2] == b"=" else len(encoded) - 1
    return encoded[:cut] + b"=\n" + encoded[cut:].replace(b".", b"=2E") + b"=\n"


def _is_risky(line: bytes) -> bool:
    """The standard library's encoder makes a line now and then that is a byte or two too long."""
    return len(line) > MAX_LINE or line.startswith(_RISKY_STARTS)


def _harmless(line: bytes) -> bytes:
    if line.startswith(_RISKY_STARTS):
        line = b"=%02X" % line[0] + line[1:]
    if len(line) <= MAX_LINE:
        return line
    cut = line.rindex(b"=", 0, MAX_LINE - 1) if b"=" in line[MAX_LINE - 3 : MAX_LINE - 1] else MAX_LINE - 1
    return line[:cut] + b"=\n" + _harmless(line[cut:])
