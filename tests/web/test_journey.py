"""One reader's whole way, in a real browser with scripts and without: from the box on the page to the last mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser import browser
from playwright.sync_api import Browser, Page, expect
from product import PAPERS
from web.served import Served, own_links_of, serving, wait_for

__all__ = ["browser"]

ADDRESS = "grace@example.org"
ZONE = "Asia/Tokyo"


@contextmanager
def tab(browser: Browser, *, scripts: bool) -> Iterator[Page]:
    """A page of a browser of its own; nothing may go wrong on it."""
    context = browser.new_context(ignore_https_errors=True, java_script_enabled=scripts, timezone_id=ZONE)
    page = context.new_page()
    page.set_default_timeout(120_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("response", lambda answer: wrong.append(answer.url) if answer.status >= 400 else None)
    yield page
    assert wrong == []
    context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_from_the_box_on_the_page_to_the_last_mail(tmp_path: Path, browser: Browser, scripts: bool) -> None:
    with serving(tmp_path, root="/papers/", signup={"open": True}) as served, tab(browser, scripts=scripts) as page:
        subscribe(served, page)
        confirm(served, page)
        tune(page, scripts=scripts)
        shown = served.deployment("subscribers", "show", ADDRESS, "--json").json
        assert (shown["interests"], shown["max_papers"]) == (["spiking neural networks", "pruning"], 3)
        assert (shown["state"], shown["timezone"]) == ("active", ZONE if scripts else "UTC")

        tomorrow = datetime.now(UTC).replace(hour=12) + timedelta(days=1)
        served.run(tomorrow)
        first = digests(served)[-1]
        assert set(cards(first)) <= set(ids(served, "spikes", "pruning"))

        soon = tomorrow + timedelta(days=1)
        before = ranked(served, soon)
        liked = next(papers for papers in map(partial(ids, served), ("spikes", "pruning")) if before[0] in papers)
        unwanted = tuple(f"/{paper}/less" for paper in cards(first) if paper in liked)
        for link in [link for link in own_links_of(first, served.url) if link.endswith(unwanted)]:
            page.goto(link)
            page.get_by_role("button").click()
            expect(page.get_by_role("button", name="Take it back")).to_be_visible()
        after = ranked(served, soon)
        assert before != after
        served.run(soon)
        second = digests(served)[-1]
        assert second["Message-ID"] != first["Message-ID"]
        assert cards(second) == after

        leave(second)
        count = len(served.mails_to(ADDRESS))
        assert served.deployment("subscribers", "show", ADDRESS, "--json").json["state"] == "left"
        served.run(soon + timedelta(days=1))
        assert len(served.mails_to(ADDRESS)) == count


def subscribe(served: Served, page: Page) -> None:
    page.goto(f"{served.url}/")
    page.locator("[name=email]").fill(ADDRESS)
    page.locator("#interests").fill("spiking neural networks")
    page.locator("form [type=submit]").click()
    expect(page.locator("[name=email]")).to_have_count(0)


def confirm(served: Served, page: Page) -> None:
    letter = served.mail_to(ADDRESS)
    page.goto(next(link for link in own_links_of(letter, served.url) if "/c/" in link))
    assert served.deployment("subscribers", "show", ADDRESS, "--json").json["state"] == "pending"
    page.get_by_role("button").click()
    page.locator("a[href*='/p/']").first.click()


def tune(page: Page, *, scripts: bool) -> None:
    """Says what else is wanted, sees today's digest follow, and saves it."""
    wishes, preview = page.locator("[name=interests]"), page.locator("#preview")
    expect(wishes).to_have_value("spiking neural networks")
    for interest, papers in (("brain decoding", "brains"), ("spiking neural networks\npruning", "pruning")):
        wishes.fill(interest)
        page.locator("[name=max_papers]").fill("3")
        if not scripts:
            page.locator("[data-show]").click()
        titles = re.compile("|".join(re.escape(title) for title, _ in PAPERS[papers]))
        expect(preview.get_by_text(titles).first).to_be_visible()
    page.locator("button[formaction*='/save']").click()
    expect(page.locator(".done").first).to_be_visible()


def leave(mail: EmailMessage) -> None:
    """As a mail program does for whoever presses its own button."""
    link = re.search(r"<(https://[^>]+)>", mail["List-Unsubscribe"])[1]
    answer = httpx.post(link, data={"List-Unsubscribe": "One-Click"}, verify=False, timeout=120)
    assert (answer.status_code, answer.history) == (200, [])


def digests(served: Served) -> list[EmailMessage]:
    """The reader's mails that are no letters, in order."""
    return wait_for(lambda: [mail for mail in served.mails_to(ADDRESS) if cards(mail)], "digest")


def cards(mail: EmailMessage) -> list[str]:
    """The ids of the papers on its cards, in order."""
    html = mail.get_body(("html",)).get_content()
    return list(dict.fromkeys(re.findall(r"/v/[\w.-]+/(\w+)/more", html)))


def ranked(served: Served, now: datetime) -> list[str]:
    """The ids of the papers that the reader would get at that time."""
    said = served.deployment("rank", "--subscriber", ADDRESS, "--json", "--now", now.isoformat()).json
    return [item["entry"]["id"] for item in said["items"]]


def ids(served: Served, *pages: str) -> list[str]:
    """The ids of the papers of these listings."""
    titles = {title for page in pages for title, _ in PAPERS[page]}
    rows: list[Any] = served.dump()["entries"]
    return [row[0] for row in rows if any(title in str(row) for title in titles)]
