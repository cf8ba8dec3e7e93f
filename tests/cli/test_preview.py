"""``newsletter preview``: what it writes, what it says after a look, and how open pages follow changes."""

from __future__ import annotations

import http.client
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser import browser
from playwright.sync_api import Browser, expect
from product import Deployment

from newsletter.shipped import shipped

__all__ = ["browser"]

MORNING = "2026-11-23T08:00:00Z"
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(1, 2, 3)"
NOTHING_IS_COVERED = """() => {
    const [bar, header] = ["[role=alert]", "header"].map(found => document.querySelector(found)?.getBoundingClientRect());
    return bar?.top === 0 && bar.height > 0 && bar.bottom <= header.top;
}"""


@dataclass
class Serving:
    """A running ``preview --serve``."""

    url: str
    process: subprocess.Popen[str]
    err: Path

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0


@contextmanager
def serving(deployment: Deployment, *options: str, env: dict[str, str] | None = None) -> Iterator[Serving]:
    """Ends it as Ctrl-C does."""
    err = deployment.folder / "stderr.txt"
    command = [sys.executable, "-m", "newsletter", "--config", str(deployment.folder / "config"), "preview", "--serve"]
    with err.open("w") as errors:
        process = subprocess.Popen(
            [*command, *options, "--now", MORNING], stdout=subprocess.PIPE, stderr=errors, text=True, env=env
        )
        assert process.stdout is not None
        try:
            url = next((match[0] for line in process.stdout if (match := re.search(r"http://\S+/", line))), "")
            assert url, err.read_text()
            yield Serving(url, process, err)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=300)


def test_a_folder_a_reader_holds_the_message_and_five_views_of_it(deployment):
    said = deployment("preview", "--out", "looks", "--now", MORNING)
    assert said.code == 0
    looks = deployment.folder / "looks"
    for reader in ("ada-example-org", "ben-example-org", "eve-example-org"):
        assert (
            (looks / reader / "message.eml").read_bytes().startswith(b"From: Morning Papers <papers@example.org>\r\n")
        )
        assert "Morning Papers" in (looks / reader / "message.txt").read_text()
        assert (looks / reader / "index.html").read_text().lower().startswith("<!doctype html>")
        views = (looks / reader / "views.html").read_text()
        assert [name for name in ("light", "dark", "phone", "text", "raw", "check") if f'<section id="{name}"' in views] == [
            "light", "dark", "phone", "text", "raw",
        ]  # fmt: skip
        assert "<script" not in views
    gallery = (looks / "index.html").read_text()
    for link in ("index.html", "message.txt", "message.eml", "views.html#light", "views.html#raw"):
        assert f'href="ada-example-org/{link}"' in gallery
    assert deployment("status", "--json").json["ledger"] == {}


def test_readers_whose_addresses_look_alike_do_not_share_a_folder(deployment):
    deployment.write_readers([{"email": "a.b@example.org"}, {"email": "a-b@example.org"}])
    deployment("preview", "--out", "looks", "--now", MORNING)
    assert sorted(path.name for path in (deployment.folder / "looks").iterdir() if path.is_dir()) == [
        "a-b-example-org", "a-b-example-org-2",
    ]  # fmt: skip


def test_a_check_tells_sizes_links_and_that_all_is_well(deployment):
    said = deployment("preview", "--check", "--now", MORNING)
    assert said.code == 0
    assert re.search(r"^ada@example\.org +[\d,]+ +[\d,]+ +0 +\d+ +scholar\.google\.com \d+", said.out, re.MULTILINE)
    assert re.search(r"^note +\d+ features that some mail client lacks", said.out, re.MULTILINE)
    assert "problem " not in said.out
    assert '<section id="check"' in (deployment.folder / "preview" / "ada-example-org" / "views.html").read_text()


FOOTER = """<mj-section css-class="wide"><mj-column><mj-text>
<p style="color: #cccccc">Too pale</p> <a href="http://example.org">Click here</a> <img src="https://example.org/a.png" />
<p>{{ title }} {{ recipient }} {{ links.unsubscribe_mailto }}</p>
</mj-text></mj-column></mj-section>
"""


def test_a_check_tells_problems_once_for_all_who_have_them(deployment):
    own = deployment.folder / "templates" / "partials"
    own.mkdir(parents=True)
    (own / "footer.mjml.j2").write_text(FOOTER)
    said = deployment("preview", "--check", "--now", MORNING)
    assert said.code == 2
    problems = [line for line in said.out.splitlines() if line.startswith("problem")]
    assert len(problems) == 1, problems
    assert "everyone: html, light" in problems[0]
    assert "“Too pale” is #cccccc on #" in problems[0]
    assert "the link “Click here” leads to http://example.org" in said.out
    assert "it does not say where it leads" in said.out


def test_both_schemes_are_shown_whatever_the_screen_is_like(deployment, browser: Browser):
    style = (shipped("templates") / "partials" / "style.mjml.j2").read_text()
    own = deployment.folder / "templates" / "partials"
    own.mkdir(parents=True)
    (own / "style.mjml.j2").write_text(
        style + "<mj-style>.page { background-color: #ffffff !important }"
        "@media (prefers-color-scheme: dark) { body, .page { background-color: #010203 !important } }</mj-style>"
    )
    deployment("preview", "--subscriber", "ada@example.org", "--now", MORNING)
    views = (deployment.folder / "preview" / "ada-example-org" / "views.html").as_uri()
    for screen in ("light", "dark"):
        page = browser.new_page(color_scheme=screen)
        page.goto(views)
        for view, colour in (("light", LIGHT), ("dark", DARK)):
            page.get_by_role("link", name=view.title(), exact=True).click()
            expect(page.frame_locator(f"#{view} iframe").locator(".page").first).to_have_css("background-color", colour)
            assert [section.get_attribute("id") for section in page.locator("section:visible").all()] == [view]
        page.close()


def test_the_phone_is_as_wide_as_one_and_texts_are_text(deployment, browser: Browser):
    deployment("preview", "--subscriber", "ada@example.org", "--now", MORNING)
    page = browser.new_page()
    page.goto((deployment.folder / "preview" / "ada-example-org" / "views.html").as_uri())
    assert page.locator("#light").is_visible()
    page.get_by_role("link", name="Phone", exact=True).click()
    assert [frame.bounding_box()["width"] for frame in page.locator("#phone iframe").all()] == [375, 375]
    page.get_by_role("link", name="Text", exact=True).click()
    assert page.locator("#text").inner_text().startswith("Morning Papers\n")
    assert page.locator("#text pre").get_attribute("dir") == "ltr"
    page.get_by_role("link", name="Raw", exact=True).click()
    assert page.locator("#raw").inner_text().startswith("From: Morning Papers <papers@example.org>\n")
    page.close()


def test_text_of_a_language_from_right_to_left_is_shown_so(deployment, browser: Browser):
    deployment.write(language="he")
    deployment("preview", "--subscriber", "ada@example.org", "--now", MORNING)
    page = browser.new_page()
    page.goto((deployment.folder / "preview" / "ada-example-org" / "views.html").as_uri() + "#text")
    expect(page.locator("#text pre")).to_have_css("direction", "rtl")
    expect(page.locator("body")).to_have_css("direction", "ltr")
    page.close()


def test_an_open_page_follows_templates_shows_their_faults_and_comes_back(deployment, browser: Browser):
    card = deployment.folder / "templates" / "partials" / "below.mjml.j2"
    with serving(deployment) as served:
        page = browser.new_page()
        page.goto(f"{served.url}ada-example-org/views.html")
        expect(page.locator("h1")).not_to_be_empty()
        deployment.write(title="Evening Papers")
        expect(page.frame_locator("#light iframe").locator("h1")).to_have_text("Evening Papers", timeout=60_000)
        assert page.get_by_role("alert").count() == 0
        card.parent.mkdir(parents=True)
        card.write_text("<mj-section>\n{{ nobody_knows_this }}\n</mj-section>")
        fault = page.get_by_role("alert")
        expect(fault).to_contain_text(f"{card}:2: ", timeout=60_000)
        expect(fault).to_be_visible()
        page.wait_for_function(NOTHING_IS_COVERED)
        assert [line for line in served.err.read_text().splitlines() if f"{card}:2: " in line]
        assert "Traceback" not in served.err.read_text()
        card.unlink()
        expect(fault).to_have_count(0, timeout=60_000)
        page.close()
    assert served.process.returncode == 0
    assert "Traceback" not in served.err.read_text()
    assert "<script" not in (deployment.folder / "preview" / "ada-example-org" / "views.html").read_text()


@pytest.fixture
def opened(deployment, monkeypatch) -> Path:
    """A file that a browser of ours writes the address into that it is told to open."""
    program, file = deployment.folder / "browser.sh", deployment.folder / "opened.txt"
    program.write_text(f'#!/bin/sh\necho "$1" > {file}.new && mv {file}.new {file}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("BROWSER", str(program))
    return file


def test_what_is_served_is_opened_and_shown_to_this_machine_alone(deployment, opened):
    with serving(deployment, "--open") as served:
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=300)
        for host, status in (("127.0.0.1", 200), ("localhost", 200), ("elsewhere.example.org", 421)):
            connection.request("GET", "/", headers={"Host": f"{host}:{served.port}"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
            connection.close()
        while not opened.exists():
            assert served.process.poll() is None
            time.sleep(0.05)
        assert opened.read_text().strip() == served.url


def test_without_serving_the_file_is_opened(deployment, opened):
    command = [sys.executable, "-m", "newsletter", "--config", str(deployment.folder / "config")]
    subprocess.run([*command, "preview", "--open", "--now", MORNING], check=True, capture_output=True)
    assert opened.read_text().strip() == (deployment.folder / "preview" / "index.html").as_uri()
