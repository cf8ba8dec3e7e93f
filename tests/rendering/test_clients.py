"""What others say of our mails: MJML's own compiler, caniemail.com, axe in a real Chromium, SpamAssassin."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import pytest
from browser import browser
from playwright.sync_api import Browser
from rendering.cases import CASES, LETTERS
from rendering.invented import DIGEST, LINKS, READER
from rendering.looks import LOOKS, letter_in, letters_of, render_in, renderer_of

from newsletter.model import LetterKind
from newsletter.rendering.gallery import GalleryItem, render_gallery
from newsletter.rendering.inspection import inspect_message
from newsletter.rendering.letters import Letter, describe_letter
from newsletter.rendering.support import support_table
from newsletter.rendering.view import SUMMARY_CHARACTERS, describe_digest
from newsletter.rendering.views import render_views
from newsletter.rendering.weblinks import check_links

__all__ = ["browser"]

CHECKS = Path(__file__).parents[1] / "clients"
AXE = CHECKS / "node_modules" / "axe-core" / "axe.min.js"
DATA = CHECKS / "node_modules" / "caniemail" / "data" / "caniemail.json"
MAX_SPAM_POINTS = 1.0
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

WRONG = "wrong on purpose"

GROUPS = {
    "gmail.desktop-webmail": "gmail-web",
    "gmail.mobile-webmail": "gmail-phone-web",
    "gmail.ios": "gmail-app",
    "gmail.android": "gmail-app",
    "apple-mail.macos": "apple-mac",
    "apple-mail.ios": "apple-phone",
    "outlook.windows": "outlook-windows",
    "outlook.windows-mail": "outlook-windows",
    "outlook.macos": "outlook-mac",
    "outlook.outlook-com": "outlook-web",
    "outlook.ios": "outlook-app",
    "outlook.android": "outlook-app",
    "yahoo.desktop-webmail": "yahoo",
    "yahoo.ios": "yahoo",
    "yahoo.android": "yahoo",
}
"""caniemail's clients by what our table calls them."""


@cache
def features() -> dict[str, Any]:
    """What caniemail.com knows, by slug."""
    return {feature["slug"]: feature for feature in json.loads(DATA.read_text(encoding="utf-8"))["data"]}


def mjml_of(look: str) -> str:
    """The look's MJML with a digest in it, as the naive way would hand it to a compiler for every reader."""
    renderer = renderer_of(look)
    links = check_links(LINKS, sender=renderer._sender.email)
    digest = describe_digest(DIGEST, subscriber=READER, links=links, summary=SUMMARY_CHARACTERS)
    template = renderer.template.html.environment.from_string(renderer.template.mjml)
    return template.render({**renderer.common, **digest, "preheader": "Beside the subject"})


def letter_mjml(letter: Letter) -> str:
    """The same of a letter."""
    letters = letters_of("classic")
    template = letters.template.html.environment.from_string(letters.template.mjml)
    return template.render({**renderer_of("classic").common, **describe_letter(letter, READER), "preheader": "Beside"})


@pytest.fixture(scope="module")
def answers() -> Any:
    """What node says of all looks, in one run."""
    letter = LETTERS[LetterKind.CONFIRM]
    asked = {
        "mjml": {
            WRONG: "<mjml><mj-body><mj-txt>a</mj-txt></mj-body></mjml>",
            **{look: mjml_of(look) for look in LOOKS},
            "letter": letter_mjml(letter),
        },
        "html": {look: render_in(look, DIGEST).html for look in LOOKS} | {"letter": letter_in("classic", letter).html},
    }
    assert (CHECKS / "node_modules").is_dir(), "tests/prepare.sh brings what these tests ask"
    done = subprocess.run(
        ["node", CHECKS / "check.mjs"], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


# -- MJML --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", LOOKS)
def test_mjml_itself_accepts_our_mjml_and_makes_the_same_of_it(answers: Any, look: str) -> None:
    assert answers["mjml"][look]["errors"] == []
    assert structure(render_in(look, DIGEST).html) == structure(answers["mjml"][look]["html"])


def test_mjml_itself_makes_the_same_letter(answers: Any) -> None:
    assert answers["mjml"]["letter"]["errors"] == []
    html = letter_in("classic", LETTERS[LetterKind.CONFIRM]).html
    assert structure(html) == structure(answers["mjml"]["letter"]["html"])


def test_mjml_itself_tells_what_is_wrong(answers: Any) -> None:
    assert "mj-txt" in answers["mjml"][WRONG]["errors"][0]


def structure(html: str) -> list[str]:
    """The tags of a page in order, those for Outlook alone too.

    Made equal is what differs between the compilers to no effect: several ``<style>`` in a row or one, ``<tbody>``
    written or implied, and ``[if mso | IE]`` or ``[if mso]``, for no Internet Explorer has read mail for long.
    """
    reader = _Tags()
    reader.feed(html)
    tags = [tag for tag in reader.tags if not tag.endswith("tbody")]
    return [tag for tag, _ in groupby(tag for tag in tags if tag != "/style")]


class _Tags(HTMLParser):
    def __init__(self, inside: str = "") -> None:
        super().__init__()
        self.tags: list[str] = []
        self._inside = inside

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(self._inside + tag)

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"{self._inside}/{tag}")

    def handle_comment(self, data: str) -> None:
        conditional = re.fullmatch(r"\[if ([^\]]*)\]>(.*)<!\[endif\]", data, re.DOTALL)
        if conditional:
            inner = _Tags("mso " if conditional[1] in {"mso", "mso | IE"} else f"{conditional[1]} ")
            inner.feed(conditional[2])
            self.tags += inner.tags


# -- caniemail ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", [*LOOKS, "letter"])
def test_what_big_clients_lack_is_in_our_table_with_what_takes_its_place(answers: Any, look: str) -> None:
    graceful = {features()[row.caniemail]["title"] for row in support_table().values() if row.fallback}
    unlisted = {title: clients for title, clients in answers["unsupported"][look].items() if title not in graceful}
    assert unlisted == {}, "add it to newsletter/rendering/clients.csv with what readers get instead, or do without it"


def test_our_table_says_what_caniemail_says() -> None:
    for row in support_table().values():
        assert set(row.lacking) == lacking(features()[row.caniemail]["stats"]), row.name


def lacking(stats: dict[str, dict[str, dict[str, str]]]) -> set[str]:
    """The clients, as our table calls them, whose newest version lacks it; versions are listed from the oldest on."""
    newest = {f"{family}.{on}": list(seen.values())[-1:] for family, by in stats.items() for on, seen in by.items()}
    return {GROUPS[client] for client, last in newest.items() if client in GROUPS and last and last[0].startswith("n")}


# -- axe ---------------------------------------------------------------------------------------------------------


def pages(look: str) -> Iterator[str]:
    """A full and an empty digest, and letters."""
    yield render_in(look, DIGEST).html
    yield render_in(look, CASES[0].digest).html
    yield from (letter_in(look, LETTERS[kind]).html for kind in (LetterKind.CONFIRM, LetterKind.WELCOME))


@pytest.mark.parametrize("look", LOOKS)
def test_people_who_see_or_hear_differently_can_read_it_in_light_and_in_dark(browser: Browser, look: str) -> None:
    for html in pages(look):
        assert barriers(browser, html) == []


def test_axe_tells_what_is_wrong_in_either_scheme(browser: Browser) -> None:
    style = "<style>p { color: #333 } @media (prefers-color-scheme: dark) { body { background: #111 } }</style>"
    page = f"<html lang=en><head><title>T</title>{style}</head><body><p>Made for light</p></body></html>"
    assert [found.partition(": <")[0] for found in barriers(browser, page)] == ["dark: color-contrast"]


def test_our_own_pages_can_be_read_by_them_too(browser: Browser) -> None:
    message = render_in("classic", DIGEST)
    inspection = inspect_message(message)
    item = GalleryItem(recipient=message.recipient, subject=message.subject, html="a", views="b", dark="c", problems=1)
    assert barriers(browser, render_gallery([item] * 2)) == []
    views = render_views(message, light="about:blank", dark="about:blank", back="..", inspection=inspection)
    assert barriers(browser, views.replace("section:target", "#light, #check")) == []


def barriers(browser: Browser, html: str) -> list[str]:
    """What axe calls serious or critical on a light and on a dark screen."""
    found = []
    page = browser.new_page(viewport={"width": 640, "height": 800})
    page.set_content(html)
    page.add_script_tag(path=AXE)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        result = page.evaluate("axe.run(document, {resultTypes: ['violations'], iframes: false})")
        found += [
            f"{scheme}: {violation['id']}: {node['html']}"
            for violation in result["violations"]
            if violation["impact"] in {"serious", "critical"}
            for node in violation["nodes"]
        ]
    page.close()
    return found


# -- SpamAssassin ------------------------------------------------------------------------------------------------


def test_no_look_is_taken_for_spam(tmp_path: Path) -> None:
    digest = next(case.digest for case in CASES if case.name == "ten")
    messages = [render_in(look, digest) for look in LOOKS]
    messages += [letter_in(look, letter) for look in ("classic", "he") for letter in LETTERS.values()]
    mails = [message.raw.replace(b"\r\n", b"\n") for message in messages]
    mailbox = b"".join(b"From papers@example.org Sun Nov 22 06:31:00 2026\n" + mail + b"\n" for mail in mails)
    done = subprocess.run(
        ["spamassassin", "--local", "--mbox"],
        input=mailbox,
        capture_output=True,
        check=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    points = [float(score) for score in re.findall(rb"^X-Spam-Status: .*?score=(-?[\d.]+)", done.stdout, re.MULTILINE)]
    assert len(points) == len(messages)
    assert max(points) <= MAX_SPAM_POINTS, dict(zip([message.subject for message in messages], points, strict=True))
