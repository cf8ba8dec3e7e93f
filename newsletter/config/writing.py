"""A profile as ``subscribers.yaml`` says it: lines to paste there, for that file is never written by us."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields

import yaml

from newsletter.config.env import escape
from newsletter.model import Interest, ProfileSpec

INDENT = " " * 4
"""Where ``profile:`` stands below a reader's ``- email:``."""


def write_profile(
    spec: ProfileSpec, *, remarks: Mapping[tuple[str, str], str] | None = None, above: Iterable[str] = ()
) -> str:
    """The ``profile:`` of a reader as YAML, without what is left at its default.

    ``remarks``: a comment beside an item, by the name of its list and its text; ``above``: comments before all of it.
    """
    lines = [*(f"# {_one_line(comment)}" for comment in above), "profile:", *_settings(spec, remarks or {})]
    if lines[-1] == "profile:":
        lines[-1] = "profile: {}"
    return "".join(f"{INDENT}{line}\n" for line in lines)


def _settings(spec: ProfileSpec, remarks: Mapping[tuple[str, str], str]) -> Iterator[str]:
    for field in fields(spec):
        value = getattr(spec, field.name)
        if value == field.default:
            continue
        if not isinstance(value, tuple):
            yield f"  {field.name}: {value}"
            continue
        yield f"  {field.name}:"
        for item in value:
            remark = remarks.get((field.name, item)) if isinstance(item, str) else None
            yield f"    - {item_as_yaml(item)}" + (f"  # {_one_line(remark)}" if remark else "")


def item_as_yaml(item: str | Interest) -> str:
    """An item of one of the profile's lists."""
    if isinstance(item, str):
        return quoted(item)
    return quoted(item.text) if item.weight == 1 else f"{{text: {quoted(item.text)}, weight: {item.weight:g}}}"


def quoted(text: str) -> str:
    """Text that YAML cannot take for anything else, on one line."""
    return yaml.safe_dump(escape(text), default_style='"', allow_unicode=True, width=float("inf")).strip()


def _one_line(text: str) -> str:
    return " ".join(text.split())
