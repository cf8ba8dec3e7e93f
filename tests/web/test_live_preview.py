"""The preview as it follows what is typed, in a real browser: the last keystroke always has its answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from browser import browser
from patience import wait_until
from playwright.sync_api import Browser, Page, expect
from web.conftest import Links, Site
from web.test_tuning import fields

from newsletter.web.app import make_app
from newsletter.web.workshop import PREVIEWS

__all__ = ["browser"]


@pytest.fixture
def address(site: Site, links: Links) -> Iterator[str]:
    """The reader's page on a real server; what runs in a thread ends with the test, whatever becomes of it."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_app(site.settings, site.storage), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}{urlsplit(links.preferences).path}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(address)
    expect(opened.locator("ol.tried li")).to_have_count(10)  # it comes by itself
    yield opened
    context.close()


def test_the_digest_follows_what_is_typed_and_nothing_is_saved(site: Site, page: Page) -> None:
    before = site.everything()
    page.locator("#interests").fill("")
    page.locator("#interests").press_sequentially("brain decoding\nfMRI")
    page.locator("#max_papers").fill("2")
    expect(page.locator("ol.tried li")).to_have_count(2)
    expect(page.locator("ol.tried .why").first).to_contain_text("brain decoding")
    expect(page.locator("[data-said]")).to_contain_text("2 of 11 papers")
    expect(page.locator("ul.gone li").first).to_be_visible()
    assert page.locator("#interests").input_value() == "brain decoding\nfMRI"
    assert site.everything() == before


def test_who_is_told_to_come_again_gets_the_last_of_it_without_typing_more(
    site: Site, links: Links, address: str, page: Page
) -> None:
    said = fields(site, links) | {"part": "1"}
    with httpx.Client(timeout=120) as other:
        for _ in range(PREVIEWS):
            assert other.post(f"{address}/preview", data=said).status_code in {200, 429}
    page.locator("#max_papers").fill("3")
    page.locator("#max_papers").fill("1")
    expect(page.locator("ol.tried li")).to_have_count(1)


def test_a_library_that_is_chosen_is_read_at_once_and_nothing_typed_is_lost(page: Page) -> None:
    page.locator("#interests").fill("pruning")
    page.locator("summary", has_text="Papers you like").click()
    library = b"@article{a, title = {Sparse training without a dense phase}}"
    page.locator("#library").set_input_files({"name": "mine.bib", "mimeType": "text/x-bibtex", "buffer": library})
    expect(page.locator("#liked")).to_have_value("title: Sparse training without a dense phase")
    expect(page.locator("#interests")).to_have_value("pruning")


def test_without_script_a_button_shows_it(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(address)
    opened.locator("#interests").fill("pruning")
    opened.get_by_role("button", name="Show me today’s digest").click()
    expect(opened.locator("ol.tried .why").first).to_contain_text("pruning")
    expect(opened.locator("#interests")).to_have_value("pruning")
    context.close()
