"""The API answers as its own description says, whatever it is asked; ``python -m benchmarks.api`` asks for longer."""

from __future__ import annotations

import re
from pathlib import Path

from web.conftest import Site

from benchmarks.api import Explorer, known_ids
from newsletter.web.api.scopes import MEANINGS, Scope

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
EXAMPLES = 8


def test_whatever_is_asked_the_answer_is_as_described_and_no_fault_of_ours(site: Site) -> None:
    explorer = Explorer(site.settings, site.storage, known_ids(site.storage))
    for operation in explorer.operations():
        explorer.explore(operation, examples=EXAMPLES)
    assert {200, 401, 404, 422} <= set(explorer.answers)
    assert max(explorer.answers) < 500


def test_the_description_names_a_scope_for_every_operation_and_every_scope_is_of_use(site: Site) -> None:
    described = site.client.get("/api/openapi.json").json()
    needed = [
        scope
        for operations in described["paths"].values()
        for operation in operations.values()
        for scope in operation["security"][0]["token"]
    ]
    assert len(needed) == sum(len(operations) for operations in described["paths"].values())
    assert set(needed) == set(Scope)
    assert described["servers"] == [{"url": "/api"}]


def test_there_are_no_pages_of_scripts_from_elsewhere(site: Site) -> None:
    assert {site.client.get(f"/api/{page}").status_code for page in ("docs", "redoc", "docs/oauth2-redirect")} == {404}


def test_its_page_has_every_path_and_every_scope(site: Site) -> None:
    page = PAGE.read_text(encoding="utf-8")
    paths = set(site.client.get("/api/openapi.json").json()["paths"])
    told = set(re.findall(r"`(?:[A-Z]+, )*[A-Z`, ]*(/v1/[a-z/{}]+)`", page))
    for group in re.findall(r"`[A-Z]+ (/v1/[a-z/{}]+)/[a-z]+`((?:, `/[a-z]+`)+)", page):
        told |= {group[0] + end for end in re.findall(r"/[a-z]+", group[1])}
    assert told == paths
    assert [scope for scope, meaning in MEANINGS.items() if f"| `{scope}` | {meaning} |" not in page] == []
