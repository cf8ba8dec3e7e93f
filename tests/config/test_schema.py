"""The JSON Schemas that editors get."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from newsletter.config.schema import known_keys, schemas
from newsletter.config.settings import PROVIDER_KINDS, SOURCE_KINDS, NewsletterFile


def test_one_schema_a_file() -> None:
    assert set(schemas()) == {"newsletter", "subscribers"}
    for schema in schemas().values():
        assert schema["$schema"].startswith("https://json-schema.org/")
        assert json.loads(json.dumps(schema)) == schema
        assert schema["additionalProperties"] is False


def test_only_what_may_be_written_is_in_it() -> None:
    schema = schemas()["newsletter"]

    assert list(schema["properties"]) == [
        "title", "from", "base_url", "postal_address", "theme", "brand", "language", "timezone", "database", "durability", "window",
        "sources", "enrich", "lookup", "ranking", "schedule", "when_empty", "provider", "bounces", "signup", "archive", "desk", "retention", "network",
    ]  # fmt: skip
    assert schema["required"] == ["title", "from", "sources"]


def test_defaults_are_written_as_a_person_would() -> None:
    properties = schemas()["newsletter"]["properties"]

    assert properties["window"]["default"] == "3d"
    assert properties["timezone"]["default"] == "UTC"
    assert properties["schedule"]["default"] == {"days": "daily"}
    assert properties["provider"]["default"] == {"kind": "files"}
    assert schemas()["newsletter"]["$defs"]["FilesProvider"]["properties"]["path"]["default"] == "outbox"
    assert schemas()["newsletter"]["$defs"]["HuggingFaceSource"]["properties"]["every"]["default"] == "15m"


@pytest.mark.parametrize("name", ["newsletter", "subscribers"])
def test_everything_is_described(name: str) -> None:
    undescribed = [
        path
        for path, node in _properties(schemas()[name])
        if "description" not in node and "$ref" not in node and not path.endswith(".kind")
    ]

    assert undescribed == []


def test_kinds_are_told_apart() -> None:
    definitions = schemas()["newsletter"]["$defs"]
    kinds = [
        definition["properties"]["kind"] for definition in definitions.values() if "kind" in definition["properties"]
    ]

    named = {kind["const"] for kind in kinds if "const" in kind} | {
        word for kind in kinds for word in kind.get("enum", ())
    }
    assert named == {*SOURCE_KINDS, *PROVIDER_KINDS}
    assert [kind["pattern"] for kind in kinds if "pattern" in kind] == [r"\.", r"\."]


@pytest.mark.parametrize(
    ("path", "data", "keys"),
    [
        ((), {}, {"title", "from"}),
        (("from",), {"from": {}}, {"name", "email"}),
        (("sources", 0), {"sources": [{"kind": "feed"}]}, {"kind", "url", "path"}),
        (("provider",), {"provider": {"kind": "smtp"}}, {"kind", "host", "tls"}),
        (("provider",), {"provider": {"kind": "a.b"}}, {"kind", "options"}),
    ],
)
def test_the_keys_of_a_mapping(path: Any, data: Any, keys: set[str]) -> None:
    assert keys <= set(known_keys(NewsletterFile, path, data))


def test_a_mapping_that_nobody_knows_has_no_keys() -> None:
    assert known_keys(NewsletterFile, ("title", "x"), {"title": {"x": {}}}) == []


def _properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for owner, node in [("", schema), *schema["$defs"].items()]:
        for name, property_ in node.get("properties", {}).items():
            yield f"{owner}.{name}", property_
