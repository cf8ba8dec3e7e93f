"""``python tests/renew_golden.py [--pictures DIR]``: writes the golden mails anew, and pictures of them to look at."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from browser import chromium
from playwright.sync_api import Browser
from product import deploy, parse
from rendering.cases import CASES, LETTERS
from rendering.coming_back import come_back
from rendering.goldens import masked, store
from rendering.looks import letter_in, render_in

WIDTHS = (640, 375)
SCHEMES = ("light", "dark")


def messages() -> Iterator[tuple[str, bytes]]:
    """Every case's name and message."""
    for case in CASES:
        yield case.name, render_in(case.look, case.digest, subscriber=case.subscriber, links=case.links).raw
    for kind, letter in LETTERS.items():
        yield f"letter_{kind}", letter_in("classic", letter).raw
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("NEWSLETTER_CONFIG", None)
        yield "came_back", come_back(deploy(Path(folder))).raw


def main() -> None:
    """Writes what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="pictures only, and no golden files")
    folder = parser.parse_args().pictures
    mails = dict(messages())
    if folder is None:
        for name, raw in mails.items():
            store(name, masked(raw, case=name))
    else:
        folder.mkdir(parents=True, exist_ok=True)
        with chromium() as browser:
            for name, raw in mails.items():
                take_pictures(browser, name, raw, folder)


def take_pictures(browser: Browser, name: str, raw: bytes, folder: Path) -> None:
    """The HTML part on screens of two widths, light and dark."""
    for scheme in SCHEMES:
        page = browser.new_page(color_scheme=scheme)
        page.set_content(parse(raw).get_body(("html",)).get_content())
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 600})
            page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
        page.close()


if __name__ == "__main__":
    main()
