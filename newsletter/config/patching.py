"""What a reader of ``subscribers.yaml`` wishes, as a patch of their own lines there: we never write that file.

Lines are changed one by one, so that comments and the operator's way of writing stay; the patch holds no line of
anybody else. Before it is given it is tried: with it the file says what was wished, and of all others what it said.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from newsletter.addresses import normal_form
from newsletter.config.document import parse
from newsletter.config.files import decode, read_bytes
from newsletter.config.loading import MAX_SUBSCRIBERS_BYTES, read_reader
from newsletter.config.settings import Settings
from newsletter.config.values import WEEKDAYS
from newsletter.config.writing import item_as_yaml, quoted, write_profile
from newsletter.errors import ConfigError, NewsletterError
from newsletter.model import Interest, ProfileSpec, Schedule, Subscriber

FILE = "config/subscribers.yaml"
CONTEXT = 1
"""Unchanged lines around each change."""
_ALONE = ("name", "timezone", "schedule", "when_empty")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def patch_for(settings: Settings, saved: Subscriber, wished: Subscriber) -> str:
    """The changes as a patch of the reader's entry; where that cannot be made, the lines to put there instead.

    Empty where nothing differs.
    """
    if not changed_keys(saved, wished):
        return ""
    for file in (settings.folder / "config" / "subscribers.yaml", settings.folder / "subscribers.yaml"):
        patch = _patch_of(file, settings, saved, wished) if file.is_file() else None
        if patch:
            return patch
    return _as_lines(saved, wished)


def changed_keys(saved: Subscriber, wished: Subscriber) -> list[str]:
    """What of a reader's entry differs, by its keys there; those of the profile as ``profile.interests``."""
    of_profile = (field.name for field in fields(ProfileSpec))
    return [
        *(key for key in _ALONE if getattr(saved, key) != getattr(wished, key)),
        *(f"profile.{key}" for key in of_profile if getattr(saved.profile, key) != getattr(wished.profile, key)),
    ]


def change_entry(content: bytes, settings: Settings, saved: Subscriber, wished: Subscriber) -> tuple[str, str] | None:
    """The file's text before and after; ``None`` where the entry is not found, or is written in some way that cannot
    be changed line by line."""
    try:
        text = decode(content, FILE)
        place = _find_entry(parse(content, FILE).data, saved.email)
        if place is None:
            return None
        new = _Changes(text, place).make(saved, wished)
        return (text, new) if new and _is_as_meant(text, new, place, settings, wished) else None
    except (NewsletterError, yaml.YAMLError):
        return None


def _patch_of(file: Path, settings: Settings, saved: Subscriber, wished: Subscriber) -> str | None:
    try:
        content = read_bytes(file, FILE, limit=MAX_SUBSCRIBERS_BYTES)
    except ConfigError:
        return None
    changed = change_entry(content, settings, saved, wished)
    return _tell_difference(*changed, _find_entry(parse(content, FILE).data, saved.email) or 0) if changed else None


def _find_entry(data: Any, email: str) -> int | None:
    """Which of the readers has that address."""
    listed = data.get("subscribers") if isinstance(data, dict) else None
    for place, entry in enumerate(listed if isinstance(listed, list) else []):
        written = entry.get("email") if isinstance(entry, dict) else None
        if isinstance(written, str) and normal_form(written.strip()) == normal_form(email):
            return place
    return None


def _is_as_meant(old: str, new: str, place: int, settings: Settings, wished: Subscriber) -> bool:
    """Whether the new text says of the reader what they wish, and otherwise what the old one says."""
    before, after = parse(old.encode(), FILE).data, parse(new.encode(), FILE)
    if after.mistakes:
        return False
    entry = after.data["subscribers"].pop(place)
    before["subscribers"].pop(place)
    if after.data != before:
        return False
    found = read_reader(_filled(entry), settings)
    return all(_same(getattr(found, key), getattr(wished, key)) for key in _ALONE) and all(
        _same(getattr(found.profile, field.name), getattr(wished.profile, field.name)) for field in fields(ProfileSpec)
    )


def _filled(data: Any) -> Any:
    """The entry with ``$${`` for what it stands for; variables stay what they are, and are not what was wished."""
    if isinstance(data, dict):
        return {key: _filled(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_filled(value) for value in data]
    return type(data)(data.replace("$${", "${")) if isinstance(data, str) else data


def _same(one: Any, other: Any) -> bool:
    """Lists may be in another order."""
    return one == other or (isinstance(one, tuple) and len(one) == len(other) and set(one) == set(other))


@dataclass(frozen=True, slots=True)
class _Edit:
    """Text in place of a stretch of the file."""

    start: int
    end: int
    text: str


class _Changes:
    """The edits of one entry."""

    def __init__(self, text: str, place: int) -> None:
        self._text = text
        self._newline = "\r\n" if "\r\n" in text else "\n"
        readers = _value(yaml.compose(text, Loader=_LOADER), "subscribers")
        self._entry = readers.value[place]
        self._edits: list[_Edit] = []

    def make(self, saved: Subscriber, wished: Subscriber) -> str | None:
        """The whole text with the changes; ``None`` where the entry has no room for them."""
        if not isinstance(self._entry, yaml.MappingNode):
            return None
        for key in changed_keys(saved, wished):
            if key in _ALONE:
                self._set(self._entry, key, _flow(getattr(wished, key)))
        names = [key.partition(".")[2] for key in changed_keys(saved, wished) if key.startswith("profile.")]
        profile = _value(self._entry, "profile")
        if names and not isinstance(profile, yaml.MappingNode):
            told = ", ".join(f"{name}: {_flow(getattr(wished.profile, name))}" for name in names)
            self._set(self._entry, "profile", f"{{{told}}}")
        elif names:
            for name in names:
                self._set_part(profile, name, getattr(saved.profile, name), getattr(wished.profile, name))
        return self._applied()

    def _set_part(self, profile: Any, name: str, old: Any, new: Any) -> None:
        node = _value(profile, name)
        is_list = isinstance(node, yaml.SequenceNode) and not node.flow_style and isinstance(new, tuple)
        if is_list and len(node.value) == len(old):
            self._set_items(profile, name, node, old, new)
        elif node is None and isinstance(new, tuple) and not profile.flow_style:
            self._insert(profile, [f"{name}:", *(f"  - {item_as_yaml(item)}" for item in new)])
        else:
            self._set(profile, name, _flow(new))

    def _set_items(self, profile: Any, name: str, node: Any, old: Sequence[Any], new: Sequence[Any]) -> None:
        """A list of a line for each: lines go, come at its end, or have another weight."""
        weights = {one.text: one for one in new if isinstance(one, Interest)}
        met = set()
        left = 0
        for item, was in zip(node.value, old, strict=True):
            now = was if was in new else weights.get(was.text) if isinstance(was, Interest) else None
            if now is None or now in met:
                start = self._text.rfind("\n", 0, item.start_mark.index) + 1
                self._edits.append(_Edit(start, self._line_after(_end(item)), ""))
                continue
            met.add(now)
            left += 1
            if now != was:
                self._edits.append(_Edit(item.start_mark.index, _end(item), item_as_yaml(now)))
        added = [one for one in new if one not in met]
        if not left and not added:
            key_end = _key(profile, name).end_mark.index
            colon = self._text.index(":", key_end) + 1
            self._edits.append(_Edit(colon, colon, " []"))
        indent = " " * node.start_mark.column
        self._add_lines(_end(node), [f"{indent}- {item_as_yaml(one)}" for one in added])

    def _set(self, mapping: Any, key: str, told: str) -> None:
        """The key's value in place of the one before, or a new key at the end of the mapping."""
        node = _value(mapping, key)
        if node is None:
            self._insert(mapping, [f"{key}: {told}"])
            return
        start, end = node.start_mark.index, _end(node)
        if isinstance(node, yaml.CollectionNode) and not node.flow_style:
            start = self._text.index(":", _key(mapping, key).end_mark.index) + 1
        is_apart = self._text[start - 1] in " \t"
        self._edits.append(_Edit(start, end, told if is_apart else f" {told}"))

    def _insert(self, mapping: Any, lines: Sequence[str]) -> None:
        if mapping.flow_style:
            inside = mapping.end_mark.index - 1
            told = ", ".join(lines)
            self._edits.append(_Edit(inside, inside, f", {told}" if mapping.value else told))
            return
        indent = " " * mapping.start_mark.column
        self._add_lines(_end(mapping), [f"{indent}{line}" for line in lines])

    def _add_lines(self, after: int, lines: Iterable[str]) -> None:
        """Lines below the one in which something ends."""
        at = self._line_after(after)
        told = "".join(f"{line}{self._newline}" for line in lines)
        if told:
            is_last = at == len(self._text) and not self._text.endswith("\n")
            self._edits.append(_Edit(at, at, self._newline * is_last + told))

    def _line_after(self, at: int) -> int:
        """Where the next line begins."""
        if at and self._text[at - 1] == "\n":
            return at
        found = self._text.find("\n", at)
        return len(self._text) if found < 0 else found + 1

    def _applied(self) -> str | None:
        """The text after all edits; ``None`` where two of them are about the same place."""
        made, at = [], 0
        for edit in sorted(self._edits, key=lambda one: (one.start, one.end)):
            if edit.start < at:
                return None
            made += [self._text[at : edit.start], edit.text]
            at = edit.end
        return "".join([*made, self._text[at:]])


def _pairs(mapping: Any) -> Iterator[tuple[Any, Any]]:
    yield from mapping.value if isinstance(mapping, yaml.MappingNode) else ()


def _key(mapping: Any, name: str) -> Any:
    return next((key for key, _ in _pairs(mapping) if key.value == name), None)


def _value(mapping: Any, name: str) -> Any:
    return next((value for key, value in _pairs(mapping) if key.value == name), None)


def _end(node: Any) -> int:
    """The index behind the last thing in a node; those of blocks end only where the next thing begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return max(map(_end, last)) if isinstance(last, tuple) else _end(last)
    return int(node.end_mark.index)


def _flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, tuple):
        return "[" + ", ".join(item_as_yaml(item) for item in value) + "]"
    if isinstance(value, Schedule):
        days = ", ".join(WEEKDAYS[day] for day in sorted(value.days))
        at = f', at: "{value.at:%H:%M}"' if value.at else ""
        return f"{{days: [{days}]{at}}}"
    if value is None:
        return "~"
    return quoted(value) if isinstance(value, str) else str(value)


def _tell_difference(old: str, new: str, place: int) -> str | None:
    """A unified diff of the entry's own lines; ``None`` where a line of it is somebody else's too."""
    readers = _value(yaml.compose(old, Loader=_LOADER), "subscribers").value
    starts = [reader.start_mark.line for reader in readers]
    first, end = starts[place], starts[place + 1] if place + 1 < len(starts) else None
    if first in starts[:place] or end == first:
        return None
    before, after = old.splitlines(), new.splitlines()
    last = old.count("\n", 0, _end(readers[place]))
    if end is not None and last >= end:
        return None
    grown = len(after) - len(before)
    above = [""] * first  # so that lines are numbered as in the file
    lines = difflib.unified_diff(
        [*above, *before[first : last + 1]],
        [*above, *after[first : last + 1 + grown]],
        FILE,
        FILE,
        n=CONTEXT if before[first] == after[first] else 0,  # what stands above is not the reader's
        lineterm="",
    )
    return "".join(f"{line}\n" for line in lines)


def _as_lines(saved: Subscriber, wished: Subscriber) -> str:
    """What differs, as lines of an entry, all of the profile if any of it."""
    keys = changed_keys(saved, wished)
    told = [f"# of {saved.email}, in place of the same keys"]
    told += [f"{key}: {_flow(getattr(wished, key))}" for key in keys if key in _ALONE]
    lines = "".join(f"    {line}\n" for line in told)
    return lines + (write_profile(wished.profile) if any(key.startswith("profile.") for key in keys) else "")
