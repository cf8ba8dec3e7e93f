"""YAML as text, lists and mappings, with the line and column of everything in it.

Scalars stay text: what ``no``, ``07:30``, ``2405.10`` or ``0123`` means is decided by the setting that holds it, so
none of YAML's guesses (Norway as ``False``, half past seven as 450) can happen. Nothing, ``~`` and ``null`` are
``None``.
The reader works on the parser's events with a stack of its own: nesting can exhaust neither memory nor recursion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from newsletter.config.files import decode, place, shown
from newsletter.errors import ConfigError, Problem

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
    places: dict[KeyPath, Any] = field(default_factory=dict)
    """The parser's mark of every value."""
    keys: dict[KeyPath, Any] = field(default_factory=dict)
    """The parser's mark of every key of a mapping."""
    mistakes: list[Mistake] = field(default_factory=list)
    """Mistakes that the rest of the file can still be read beside."""

    def position(self, path: KeyPath, *, key: bool = False) -> tuple[int, int]:
        """Line and column of the value at ``path`` (or of its key), or of the nearest thing around it."""
        if key and path in self.keys:
            return _position(self.keys[path])
        while path and path not in self.places:
            path = path[:-1]
        return _position(self.places[path]) if path in self.places else (1, 1)


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

    container: Any
    path: KeyPath
    is_mapping: bool
    key: str | None = None
    """The mapping's key that waits for its value."""

    def add(self, value: Any) -> KeyPath:
        """Append or set the value; returns its path. A key's second value takes the place of the first."""
        if self.is_mapping:
            key, self.key = self.key, None
            self.container[key] = value
            return (*self.path, key or "")
        self.container.append(value)
        return (*self.path, len(self.container) - 1)


class _Composer:
    """Puts a stream of YAML events together into a document: a method a type of event."""

    def __init__(self, name: str, max_values: int) -> None:
        self.document = Document(name)
        self._max_values = max_values
        self._stack: list[_Frame] = []
        self._documents = 0
        self._takers: dict[type, Callable[[Any], None]] = {
            yaml.DocumentStartEvent: self._take_document,
            yaml.ScalarEvent: self._take_scalar,
            yaml.AliasEvent: self._take_alias,
            yaml.MappingStartEvent: self._take_mapping,
            yaml.SequenceStartEvent: self._take_list,
            yaml.MappingEndEvent: self._take_end,
            yaml.SequenceEndEvent: self._take_end,
        }

    def take(self, event: Any) -> None:
        """Take the next event of the stream."""
        if taker := self._takers.get(type(event)):
            taker(event)

    def _take_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._fatal(event, "a second document begins here; expected one, without `---` between")

    def _take_scalar(self, event: Any) -> None:
        stack, value = self._stack, event.value
        if stack and stack[-1].is_mapping and stack[-1].key is None:
            path = self._put_key(event, value)
        elif event.implicit[0]:
            path = self._put(event, None if value in _NULLS else Plain(value))
        else:
            path = self._put(event, value)
        if event.anchor is not None or event.tag is not None:
            self._refuse_extras(event, path)

    def _take_alias(self, event: Any) -> None:
        self._want_value(event)
        path = self._put(event, None)
        self._note(path, event, f"an alias (`*{shown(event.anchor)}`) is not read; expected the value itself")

    def _take_mapping(self, event: Any) -> None:
        self._open(event, {}, is_mapping=True)

    def _take_list(self, event: Any) -> None:
        self._open(event, [], is_mapping=False)

    def _take_end(self, event: Any) -> None:  # noqa: ARG002 every taker is called with its event
        self._stack.pop()

    def _open(self, event: Any, container: Any, *, is_mapping: bool) -> None:
        self._want_value(event)
        if len(self._stack) >= MAX_DEPTH:
            raise self._fatal(event, f"lists and mappings are nested more than {MAX_DEPTH} deep; expected far less")
        path = self._put(event, container)
        self._refuse_extras(event, path)
        self._stack.append(_Frame(container, path, is_mapping))

    def _put_key(self, event: Any, key: str) -> KeyPath:
        frame = self._stack[-1]
        frame.key = key
        path = (*frame.path, key)
        if first := self.document.keys.get(path):
            self._note(path, event, f"`{shown(key)}` stands on line {first.line + 1} already; expected each key once")
        else:
            self.document.keys[path] = event.start_mark
        return path

    def _put(self, event: Any, value: Any) -> KeyPath:
        path: KeyPath = ()
        if self._stack:
            path = self._stack[-1].add(value)
        else:
            self.document.data = value
        self.document.places[path] = event.start_mark
        if len(self.document.places) > self._max_values:
            raise self._fatal(event, f"this file holds more than {self._max_values} values; expected far fewer")
        return path

    def _want_value(self, event: Any) -> None:
        if self._stack and self._stack[-1].is_mapping and self._stack[-1].key is None:
            raise self._fatal(event, "expected a key here; text that begins with `{`, `[` or `*` belongs in quotes")

    def _refuse_extras(self, event: Any, path: KeyPath) -> None:
        if event.anchor is not None:
            self._note(path, event, f"an anchor (`&{shown(event.anchor)}`) is not read; expected the value alone")
        elif event.tag is not None:
            self._note(path, event, f"a tag (`{shown(event.tag)}`) is not read; expected the value alone")

    def _note(self, path: KeyPath, event: Any, message: str) -> None:
        self.document.mistakes.append(Mistake(_position(event.start_mark), message, path))

    def _fatal(self, event: Any, message: str) -> ConfigError:
        return ConfigError(Problem(place(self.document.name, *_position(event.start_mark)), message))


def _position(mark: Any) -> tuple[int, int]:
    """Line and column from 1; the parser counts from 0."""
    return mark.line + 1, mark.column + 1


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
    return place(name, *_position(mark)) if mark else place(name, 1, 1)


def _character(text: str, mark: yaml.Mark | None) -> str:
    lines = text.splitlines()
    if mark is None or mark.line >= len(lines):
        return ""
    return lines[mark.line][mark.column : mark.column + 1]
