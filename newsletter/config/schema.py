"""JSON Schema of both files, made from the models: for editors, and for telling which keys a mapping knows."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from newsletter.config.document import KeyPath
from newsletter.config.readers import SubscribersFile
from newsletter.config.settings import NewsletterFile
from newsletter.model import Schedule

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each file, by the file's name without its suffix."""
    return {"newsletter": schema_of(NewsletterFile), "subscribers": schema_of(SubscribersFile)}


@lru_cache
def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of what may be written for the model."""
    schema = {"$schema": DIALECT, **model.model_json_schema(schema_generator=_Written)}
    tidy: dict[str, Any] = json.loads(json.dumps(schema).replace("``", "`"))
    return tidy


def known_keys(model: type[BaseModel], path: KeyPath, data: Any) -> list[str]:
    """The keys that the mapping at ``path`` of ``data`` may have, those of its own ``kind`` where it has one."""
    schema = schema_of(model)
    nodes = _choices(schema, schema, data)
    for step in path:
        below = [_below(node, step) for node in nodes]
        data = data[step]
        nodes = [choice for node in below if node for choice in _choices(schema, node, data)]
    return list(dict.fromkeys(key for node in nodes for key in node.get("properties", {})))


def _choices(schema: dict[str, Any], node: dict[str, Any], data: Any) -> list[dict[str, Any]]:
    """The schema's node with references followed; of several those that fit the data's kind."""
    if "$ref" in node:
        return _choices(schema, schema["$defs"][node["$ref"].rpartition("/")[2]], data)
    if several := node.get("oneOf") or node.get("anyOf"):
        found = [choice for one in several for choice in _choices(schema, one, data)]
        kind = data.get("kind") if isinstance(data, dict) else None
        return [choice for choice in found if _is_of_kind(choice, kind)] or found
    return [node]


def _below(node: dict[str, Any], step: str | int) -> dict[str, Any] | None:
    if isinstance(step, int):
        items: dict[str, Any] | None = node.get("items")
        return items
    found: dict[str, Any] | None = node.get("properties", {}).get(step)
    return found


def _is_of_kind(node: dict[str, Any], kind: object) -> bool:
    expected = node.get("properties", {}).get("kind", {})
    if "pattern" in expected:
        return isinstance(kind, str) and bool(re.search(expected["pattern"], kind))
    return kind in expected.get("enum", [expected.get("const")])


class _Written(GenerateJsonSchema):
    """Defaults as a person would write them, and no titles that repeat the keys."""

    def encode_default(self, dft: Any) -> Any:
        """The default in the form of the YAML file."""
        if isinstance(dft, timedelta):
            return _written_duration(dft)
        if isinstance(dft, Schedule | frozenset):
            return {"days": "daily"} if isinstance(dft, Schedule) else "daily"
        if isinstance(dft, Path | ZoneInfo):
            return str(dft)
        return {} if isinstance(dft, BaseModel) else dft

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 the parent's signature
        """Never: a title would only repeat the key."""
        return False


def _written_duration(duration: timedelta) -> str:
    minutes = int(duration.total_seconds() // 60)
    for unit, length in (("d", 24 * 60), ("h", 60)):
        if minutes and minutes % length == 0:
            return f"{minutes // length}{unit}"
    return f"{minutes}m" if minutes else "0"
