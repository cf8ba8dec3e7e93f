"""Sources added to the operator's ``newsletter.yaml``: lines are put in, and all that stands there stays as it is."""

from __future__ import annotations

import codecs
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from newsletter.config.document import parse
from newsletter.config.files import decode, read_bytes
from newsletter.config.loading import MAX_NEWSLETTER_BYTES, load
from newsletter.errors import ConfigError, Problem, UsageError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORD = re.compile(r"[A-Za-z][A-Za-z.-]*")
_COMMENT = re.compile(r"#[^\r\n]*")

SourceOptions = Mapping[str, str | list[str]]
"""A source as YAML says it: text, and lists of text."""


def has_sources(file: Path) -> bool:
    """Whether ``newsletter.yaml`` lists any; ConfigError where it is no YAML."""
    data = parse(read_bytes(file, str(file), limit=MAX_NEWSLETTER_BYTES), str(file)).data
    return bool(data.get("sources")) if isinstance(data, dict) else True


def write_sources(file: Path, added: Sequence[SourceOptions], *, environ: Mapping[str, str]) -> None:
    """Put the sources at the end of those in ``newsletter.yaml``; UsageError, and nothing changed, where it cannot be.

    The new text is loaded as a configuration before it takes the old one's place at once, with its mode.
    """
    if not os.access(file, os.W_OK) or not file.stat().st_mode & 0o222:
        raise UsageError(f"{file}: cannot be written; expected a file that this user may change")
    content = with_sources(read_bytes(file, str(file), limit=MAX_NEWSLETTER_BYTES), str(file), added)
    try:
        _replace(file, content, environ=environ)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from error


def with_sources(content: bytes, name: str, added: Sequence[SourceOptions]) -> bytes:
    """The configuration's text with the sources at the end of its list; UsageError where it is of no known shape."""
    before = parse(content, name).data
    mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    text = decode(content, name)
    changed = mark + _put_in(text, [source_line(source) for source in added]).encode()
    if not _is_as_meant(changed, name, before, added):
        raise UsageError(
            f"{name}: its `sources` are written in a way that cannot be added to; --dry-run shows the lines"
        )
    return changed


def source_line(source: SourceOptions) -> str:
    """The source on one line of YAML, without a dash."""
    return "{" + ", ".join(f"{key}: {_written(value)}" for key, value in source.items()) + "}"


def _written(value: str | list[str]) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    is_word = _WORD.fullmatch(value) and value.casefold() != "null"
    return value if is_word else json.dumps(_literal(value), ensure_ascii=False)


def _literal(text: str) -> str:
    """Text in which ``${`` stands for itself."""
    return text.replace("${", "$${")


def _put_in(text: str, lines: Sequence[str]) -> str:
    """The text with the lines in the list of its ``sources``, or with such a list at its end."""
    newline = "\r\n" if "\r\n" in text else "\n"
    events = _sources(text)
    if not events:
        return _with_lines(text, len(text), ["sources:", *(f"  - {line}" for line in lines)], newline)
    start, end = events[0].start_mark.index, _end_of(events)
    if isinstance(events[0], yaml.ScalarEvent):
        text = text[:start].rstrip(" ") + text[end:] if end > start else text
        return _with_lines(text, _end_of_lines(text, start, indent=1), [f"  - {line}" for line in lines], newline)
    if events[0].flow_style:
        return _in_brackets(text, events, lines, newline)
    indent = start - text.rfind("\n", 0, start) - 1
    at = _end_of_lines(text, end, indent=indent)
    return _with_lines(text, at, [f"{' ' * indent}- {line}" for line in lines], newline)


def _sources(text: str) -> list[Any]:
    """The parser's events of what the key ``sources`` holds; none where there is no such key."""
    taken: list[Any] = []
    depth = count = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth == 1 and isinstance(event, yaml.NodeEvent):  # keys and values take turns
            if taken and count % 2 == 0:
                return taken[1:]
            if count % 2 == 0 and getattr(event, "value", "") == "sources":
                taken.append(event)
            count += 1
        if taken and depth and event is not taken[0]:
            taken.append(event)
        depth += isinstance(event, yaml.CollectionStartEvent)
    return taken[1:]


def _end_of(events: Sequence[Any]) -> int:
    """The index behind the last thing in a value; events of blocks end only where the next thing begins."""
    within = events[1:-1] if len(events) > 1 else events
    ends: list[int] = [
        e.end_mark.index for e in within if isinstance(e, yaml.ScalarEvent) or e.end_mark.index > e.start_mark.index
    ]
    return max(ends, default=events[0].end_mark.index)


def _end_of_lines(text: str, end: int, *, indent: int) -> int:
    """The index behind the line, and behind comments that follow it at once and belong to the list by their indent."""
    end = len(text[:end].rstrip())
    comments = rf"(?:[ ]{{{indent},}}#[^\r\n]*(?:\r?\n|\Z))*" if indent else ""
    found = re.compile(rf"[^\r\n]*(?:\r?\n|\Z){comments}").match(text, end)
    return found.end() if found else len(text)


def _with_lines(text: str, at: int, lines: Sequence[str], newline: str) -> str:
    before = text[:at] if not at or text[at - 1] == "\n" else text[:at] + newline
    return before + "".join(f"{line}{newline}" for line in lines) + text[at:]


def _in_brackets(text: str, events: Sequence[Any], lines: Sequence[str], newline: str) -> str:
    """The text with the lines behind the last item of a list in brackets, each on a line of its own."""
    start, end, close = events[0].start_mark.index, _end_of(events), events[-1].start_mark.index
    rest = text[end:close]
    comma = "" if len(events) == 2 or "," in _COMMENT.sub("", rest) else ","
    line = text[text.rfind("\n", 0, end) + 1 : end]
    deeper = 2 if end - len(line) <= start else 0
    indent = " " * (len(line) - len(line.lstrip(" ")) + deeper)
    body = f",{newline}".join(indent + line for line in lines)
    behind, is_broken, below = rest.partition("\n")
    if is_broken:
        return f"{text[:end]}{comma}{behind}\n{body}{newline}{below}{text[close:]}"
    return f"{text[:end]}{comma or behind.rstrip()}{newline}{body}{text[close:]}"


def _is_as_meant(content: bytes, name: str, before: Any, added: Sequence[SourceOptions]) -> bool:
    """Whether the new text says what the old one said, and the new sources."""
    try:
        document = parse(content, name)
    except ConfigError:
        return False
    old = before if isinstance(before, dict) else {}
    new = [{key: _as_read(value) for key, value in source.items()} for source in added]
    return bool(document.data == {**old, "sources": [*(old.get("sources") or ()), *new]})


def _as_read(value: str | list[str]) -> str | list[str]:
    return value if isinstance(value, list) else _literal(value)


def _replace(file: Path, content: bytes, *, environ: Mapping[str, str]) -> None:
    """The file with the new content, at once and with its mode, after it was found to be a good configuration."""
    handle, path = tempfile.mkstemp(prefix=".newsletter-", suffix=".yaml", dir=file.parent)
    new = Path(path)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(handle)
        _load(new, file, environ=environ)
        status = file.stat()
        new.chmod(status.st_mode & 0o7777)
        with suppress(PermissionError):  # only root may give files away
            os.chown(new, status.st_uid, status.st_gid)
        new.replace(file.resolve())
    finally:
        new.unlink(missing_ok=True)


def _load(new: Path, file: Path, *, environ: Mapping[str, str]) -> None:
    try:
        load(new, environ=environ)
    except ConfigError as error:
        problems = [Problem(one.place.replace(str(new), str(file)), one.message) for one in error.problems]
        raise ConfigError(*problems) from None
