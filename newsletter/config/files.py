"""Files of text as they are read here: not too large, UTF-8, and how places in them are printed."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from newsletter.errors import ConfigError, Problem
from newsletter.text import one_line, shorten

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def place(name: str, line: int, column: int) -> str:
    """``file:line:column``, as editors and terminals understand it."""
    return f"{name}:{line}:{column}"


def shown(text: object) -> str:
    """Text from a file as part of a message: one line, not too long."""
    return shorten(one_line(str(text)), 60)


def read_bytes(file: Path, name: str, *, limit: int) -> bytes:
    """The file's content; a ``ConfigError`` where it cannot be read or is larger than ``limit`` bytes."""
    try:
        if not file.is_file():
            raise ConfigError(Problem(name, "this is no file; expected a text file"))
        with file.open("rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        raise ConfigError(Problem(name, f"cannot be read: {error.strerror}")) from error
    if len(content) > limit:
        raise ConfigError(Problem(name, f"is larger than {limit // 1_000_000} MB, which is the most that is read"))
    return content


def decode(content: bytes, name: str) -> str:
    """The text of a UTF-8 file without its byte order mark; a ``ConfigError`` that names the first bad byte."""
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(errors="replace")
        problem = f"byte 0x{content[error.start]:02x} is no UTF-8; save the file as UTF-8"
        raise ConfigError(Problem(_place_after(name, before), problem)) from None  # it holds the file
    if bad := _UNPRINTABLE.search(text):
        problem = f"a control character (U+{ord(bad.group()):04X}); expected text"
        raise ConfigError(Problem(_place_after(name, text[: bad.start()]), problem))
    return text


def _place_after(name: str, before: str) -> str:
    """The place of the character that follows the text ``before``."""
    lines = before.split("\n")
    return place(name, len(lines), len(lines[-1]) + 1)
