"""``python tests/web/pictures.py DIR``: pictures of every web page to look at, on a phone and on a desk, light and dark."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from browser import chromium  # noqa: E402
from playwright.sync_api import Page  # noqa: E402
from web.tour import shown_around, tour, touring  # noqa: E402

WIDTHS = (360, 1280)
SCHEMES = ("light", "dark")


def main(folder: Path) -> None:
    """Writes them into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as deployment,
        shown_around(Path(deployment)) as served,
        chromium() as browser,
        touring(browser) as page,
    ):
        for number, name in enumerate(tour(served, page), start=1):
            take_pictures(page, folder, f"{number:02} {name}")


def take_pictures(page: Page, folder: Path, name: str) -> None:
    """Of the page as it stands."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            page.screenshot(path=folder / f"{name}, {width}, {scheme}.png", full_page=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
