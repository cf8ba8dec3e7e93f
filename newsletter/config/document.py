"""YAML as text, lists and mappings, with the line and column of everything in it.

Scalars stay text: what ``no``, ``07:30``, ``2405.10`` or ``0123`` means is decided by the setting that holds it, so
none of YAML's guesses (Norway as ``False``, half past seven as 450) can happen. Nothing, ``~`` and ``null`` are
``None``.
The reader works on the parser's events with a stack of its own: nesting can exhaust neither memory nor recursion.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from newsletter.errors import ConfigError, Problem
from newsletter.text import one_line, shorten

MAX_DEPTH = 20
MAX_VALUES = 1_000_000

KeyPath = tuple[str | int, ...]
"""Where a value is in a document: ``("sources", 2, "url")``."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]{1,3})?")
_SYNTAX = {
    "mapping values": "a `:` is not expected here; put text that holds a colon in quotes, and look at the indentation",
    "flow node": "expected a value here; look for a `[` or `{` above that is never closed",
    "escape": "an unknown escape in double quotes; expected single quotes around text with a backslash",
    "tag handle": "a tag (`!…`) is not read; expected the value alone, in quotes where it begins with `!`",
}
"""A part of what the parser says, and what it means."""
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Plain(str):
    """A scalar written without quotes: a setting of any type may read it as a number or a boolean."""

    __slots__ = ()


def unquoted(value: Any) -> Any:
    """The value with its scalars as YAML 1.2 reads them, for options whose types no setting of ours knows."""
    if isinstance(value, dict):
        return {key: unquoted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unquoted(item) for item in value]
    if not isinstance(value, Plain):
        return value
    if value in _BOOLEANS:
        return _BOOLEANS[value]
    if _INTEGER.fullmatch(value):
        return int(value)
    return float(value) if _FLOAT.fullmatch(value) else str(value)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong at a place of a document."""

    position: tuple[int, int]
    """Line and column, from 1."""
    message: str
    path: KeyPath = ()


@dataclass(slots=True)
class Document:
    """What a YAML file says, and where it says so."""

    name: str
    """The file's path as it is printed."""
    data: Any = None
    """Plain dicts, lists, text and ``None``."""
    places: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    """Line and column of every value, from 1."""
    keys: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    """Line and column of every key of a mapping."""
    mistakes: list[Mistake] = field(default_factory=list)
    """Mistakes that the rest of the file can still be read beside."""

    def position(self, path: KeyPath, *, key: bool = False) -> tuple[int, int]:
        """Line and column of the value at ``path`` (or of its key), or of the nearest thing around it."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))


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


def parse(content: bytes, name: str, *, loader: type = _LOADER, max_values: int = MAX_VALUES) -> Document:
    """The document in ``content``; a ``ConfigError`` where it cannot be understood as YAML at all."""
    text = decode(content, name)
    composer = _Composer(name, max_values)
    try:
        for event in yaml.parse(text, Loader=loader):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        raise ConfigError(_syntax_problem(error, text, name)) from None  # its text quotes the file
    return composer.document


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


def walk(data: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every scalar in ``data`` with its path; ``data`` is never deeper than ``MAX_DEPTH``."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from walk(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from walk(value, (*path, index))
    else:
        yield path, data


@dataclass(slots=True)
class _Frame:
    """A list or a mapping that is still open."""

    container: dict[str, Any] | list[Any]
    path: KeyPath
    key: str | None = None
    """The mapping's key that waits for its value."""

    @property
    def wants_key(self) -> bool:
        return self.key is None and isinstance(self.container, dict)

    def add(self, value: Any) -> KeyPath:
        """Append or set the value; returns its path. A key's second value takes the place of the first."""
        if isinstance(self.container, list):
            self.container.append(value)
            return (*self.path, len(self.container) - 1)
        key, self.key = self.key or "", None
        self.container[key] = value
        return (*self.path, key)


class _Composer:
    """Puts a stream of YAML events together into a document."""

    def __init__(self, name: str, max_values: int) -> None:
        self.document = Document(name)
        self._max_values = max_values
        self._stack: list[_Frame] = []
        self._documents = 0

    def take(self, event: Any) -> None:
        """Take the next event of the stream."""
        if isinstance(event, yaml.DocumentStartEvent):
            self._count_document(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._stack.pop()
        elif isinstance(event, yaml.NodeEvent):
            self._take_node(event, as_key=bool(self._stack) and self._stack[-1].wants_key)

    def _count_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._fatal(event, "a second document begins here; expected one, without `---` between")

    def _take_node(self, event: Any, *, as_key: bool) -> None:
        if as_key and isinstance(event, yaml.ScalarEvent):
            path = self._take_key(event)
        elif as_key:
            raise self._fatal(event, "expected a key here; text that begins with `{`, `[` or `*` belongs in quotes")
        elif isinstance(event, yaml.CollectionStartEvent):
            path = self._open(event)
        else:
            path = self._put(event, _scalar(event))
        if extra := _extra(event):
            self._note(path, event, extra)

    def _take_key(self, event: Any) -> KeyPath:
        frame = self._stack[-1]
        frame.key = event.value
        path = (*frame.path, event.value)
        if first := self.document.keys.get(path):
            self._note(path, event, f"`{shown(event.value)}` stands on line {first[0]} already; expected each key once")
        self.document.keys.setdefault(path, _start(event))
        return path

    def _open(self, event: Any) -> KeyPath:
        if len(self._stack) >= MAX_DEPTH:
            raise self._fatal(event, f"lists and mappings are nested more than {MAX_DEPTH} deep; expected far less")
        container: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        path = self._put(event, container)
        self._stack.append(_Frame(container, path))
        return path

    def _put(self, event: Any, value: Any) -> KeyPath:
        path: KeyPath = ()
        if self._stack:
            path = self._stack[-1].add(value)
        else:
            self.document.data = value
        self.document.places[path] = _start(event)
        if len(self.document.places) > self._max_values:
            raise self._fatal(event, f"this file holds more than {self._max_values} values; expected far fewer")
        return path

    def _note(self, path: KeyPath, event: Any, message: str) -> None:
        self.document.mistakes.append(Mistake(_start(event), message, path))

    def _fatal(self, event: Any, message: str) -> ConfigError:
        return ConfigError(Problem(place(self.document.name, *_start(event)), message))


def _scalar(event: Any) -> str | None:
    if isinstance(event, yaml.AliasEvent):
        return None
    if not event.implicit[0]:
        return str(event.value)
    return None if event.value in _NULLS else Plain(event.value)


def _extra(event: Any) -> str | None:
    """What is wrong with the parts of YAML that are not read here."""
    if isinstance(event, yaml.AliasEvent):
        return f"an alias (`*{shown(event.anchor)}`) is not read; expected the value itself"
    if event.anchor is not None:
        return f"an anchor (`&{shown(event.anchor)}`) is not read; expected the value alone"
    if event.tag is not None:
        return f"a tag (`{shown(event.tag)}`) is not read; expected the value alone"
    return None


def _start(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, name: str) -> Problem:
    """The parser's complaint in plain words; the parser in C and the one in Python say it differently."""
    said, context, begun = error.problem or "", error.context or "", error.context_mark
    if begun and "quoted scalar" in context and "end of stream" in said:
        return Problem(_marked(name, begun), "the quote that opens here is never closed")
    if begun and context.endswith(("flow sequence", "flow mapping")):
        opened, closed = ("[", "]") if context.endswith("sequence") else ("{", "}")
        message = f"the `{opened}` on line {begun.line + 1} is not closed; expected `,` or `{closed}`"
    elif "cannot start any token" in said:
        character = _character(text, error.problem_mark)
        tab = "a tab cannot indent YAML; expected spaces"
        message = tab if character == "\t" else f"a value cannot begin with `{character}`; expected it in quotes"
    else:
        parts = (message for part, message in _SYNTAX.items() if part in said or part in context)
        message = next(parts, "this is no valid YAML; look at the indentation, colons and quotes here and just above")
    return Problem(_marked(name, error.problem_mark), message)


def _marked(name: str, mark: yaml.Mark | None) -> str:
    return place(name, mark.line + 1, mark.column + 1) if mark else place(name, 1, 1)


def _character(text: str, mark: yaml.Mark | None) -> str:
    lines = text.splitlines()
    if mark is None or mark.line >= len(lines):
        return ""
    return lines[mark.line][mark.column : mark.column + 1]


def _place_after(name: str, before: str) -> str:
    """The place of the character that follows the text ``before``."""
    lines = before.split("\n")
    return place(name, len(lines), len(lines[-1]) + 1)
