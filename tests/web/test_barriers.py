"""People who see, hear or move differently: what axe says of every page, and what a phone's width does to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import browser
from playwright.sync_api import Browser, Page
from web.served import Served
from web.tour import shown_around, tour, touring

__all__ = ["browser"]

AXE = Path(__file__).parents[1] / "clients" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (360, 1280)
SCHEMES = ("light", "dark")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with shown_around(tmp_path_factory.mktemp("shown")) as made:
        yield made


def test_every_page_can_be_read_and_used_by_everybody(served: Served, browser: Browser) -> None:
    with touring(browser) as page:
        seen = {name: [*barriers(page), *wider(page)] for name in tour(served, page)}
    assert len(seen) > 15
    assert {name: found for name, found in seen.items() if found} == {}


def barriers(page: Page) -> list[str]:
    """What axe calls serious or critical, light and dark, on a phone and on a desk."""
    found = set()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            result: Any = page.evaluate("axe.run(document, {resultTypes: ['violations'], iframes: false})")
            found |= {
                f"{scheme}, {width}: {violation['id']}: {node['html'][:200]}"
                for violation in result["violations"]
                if violation["impact"] in {"serious", "critical"}
                for node in violation["nodes"]
            }
    return sorted(found)


def wider(page: Page) -> list[str]:
    """Whether it has to be scrolled sideways on a narrow phone."""
    page.set_viewport_size({"width": 320, "height": 800})
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{over} pixels wider than a narrow phone"] if over > 0 else []
