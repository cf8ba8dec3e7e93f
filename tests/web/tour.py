"""Every page there is, one after the other, in a browser: for whoever looks at all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from web.served import Served, own_links_of, serving

from newsletter.config.passwords import hash_password

OWN = "carla@example.org"
"""A reader of the database; the others are of subscribers.yaml."""
FILE = "ada@example.org"
PASSWORD = "four words and more"


@contextmanager
def shown_around(folder: Path) -> Iterator[Served]:
    """A server with an archive for everybody, and readers who have had two digests."""
    desk = {"password_hash": hash_password(PASSWORD, cost=16)}
    with serving(folder, signup={"open": True}, archive={"public": True}, desk=desk) as served:
        served.deployment("subscribers", "add", OWN, "--name", "Carla", "--interest", "pruning", "--interest", "fMRI")
        now = datetime.now(UTC)
        served.run(now)
        served.deployment.write_page(
            "more", [("Sparse spikes", "Spiking networks, pruned to a tenth of their synapses.")]
        )
        served.deployment.write(
            sources=[*served.deployment.settings["sources"], {"kind": "page", "name": "more", "path": "more.txt"}]
        )
        served.run(now + timedelta(days=1))
        yield served


def tour(served: Served, page: Page) -> Iterator[str]:
    """Opens page after page, and gives the name of each; what is pressed on the way stays pressed."""
    url = served.url
    links = {what: found(served, OWN, f"/{what}/") for what in ("a", "p", "u", "v")}
    yield from _way_in(served, page)
    page.goto(f"{url}/nothing")
    yield "lost"
    page.goto(f"{url}/archive")
    yield "archive"
    page.get_by_role("main").locator("a[href*='/archive/']").first.click()
    yield "archive, one edition"
    page.goto(links["a"])
    yield "a digest"
    page.goto(links["v"])
    yield "vote"
    page.get_by_role("button").first.click()
    expect(page.get_by_role("button")).to_have_count(1)
    yield "voted"
    yield from _preferences(served, page, links["p"])
    page.goto(links["u"])
    yield "unsubscribe"
    page.get_by_role("button").first.click()
    page.wait_for_load_state()
    yield "unsubscribed"
    page.goto(links["p"])
    yield "preferences, unsubscribed"
    page.goto(links["v"])
    yield "vote, unsubscribed"

    yield from _desk(served, page)


def _desk(served: Served, page: Page) -> Iterator[str]:
    page.goto(f"{served.url}/desk")
    page.locator("[name=password]").fill("three words only")
    page.locator("main [type=submit]").click()
    expect(page.locator("[name=password]")).to_be_visible()
    yield "desk, wrong password"
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main [type=submit]").click()
    page.wait_for_url("**/desk")
    yield "desk"
    for part in ("sources", "runs", "ledger", "editions", "readers", "suppressions", "trial"):
        page.goto(f"{served.url}/desk/{part}")
        yield f"desk, {part}"
        if (first := page.locator(f"main td a[href*='/desk/{part}/']")).count():
            first.first.click()
            yield f"desk, one of {part}"


def _way_in(served: Served, page: Page) -> Iterator[str]:
    address = f"grace{len(served.sink.messages)}@example.org"
    page.goto(f"{served.url}/")
    yield "subscribe"
    page.locator("#interests").fill("spiking neural networks, pruning")
    page.locator("[name=email]").fill("grace@nowhere")
    page.locator("form.signup").evaluate("form => { form.noValidate = true }")
    page.locator("form.signup [type=submit]").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    yield "subscribe, mistakes"
    page.locator("[name=email]").fill(address)
    page.locator("form.signup [type=submit]").click()
    expect(page.locator("form.signup")).to_have_count(0)
    yield "subscribe, asked"
    letter = served.mail_to(address)
    page.goto(next(link for link in own_links_of(letter, served.url) if "/c/" in link))
    yield "confirm"
    page.get_by_role("button").first.click()
    expect(page.locator("a[href*='/p/']").first).to_be_visible()
    yield "confirmed"


def _preferences(served: Served, page: Page, link: str) -> Iterator[str]:
    page.goto(link)
    expect(page.locator("#preview ol, #preview li").first).to_be_visible()
    yield "preferences"
    for closed in page.locator("details:not([open]) > summary").all()[::-1]:
        closed.click()
    page.locator("[name=max_papers]").fill("1000")
    page.locator("[name=timezone]").fill("Middle/Earth")
    page.locator("button[formaction*='/save']").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    yield "preferences, mistakes"
    page.goto(link)
    page.locator("[name=interests]").fill("spiking neural networks")
    page.locator("button[formaction*='/backtest']").click()
    expect(page.locator(".played")).to_be_visible()
    yield "preferences, played back"
    page.locator("button[formaction*='/save']").click()
    expect(page.locator(".done").first).to_be_visible()
    yield "preferences, saved"
    page.locator("form[action$='/pause'] button").click()
    expect(page.locator("form[action$='/resume']")).to_be_visible()
    yield "preferences, paused"
    for way in ("export", "erase", "digests"):
        page.goto(link)
        there = page.locator(f"a[href*='/{way}']")
        if way != "export" and there.count():
            there.first.click()
            yield way
    page.goto(found(served, FILE, "/p/"))
    page.locator("[name=interests]").fill("spiking neural networks\nbrain decoding")
    page.locator("button[formaction*='/save']").click()
    expect(page.locator(".patch")).to_be_visible()
    yield "preferences of the file"


def found(served: Served, reader: str, part: str) -> str:
    """The first link of the reader's last mail with that part in it."""
    mail = served.mails_to(reader)[-1]
    return next(link for link in own_links_of(mail, served.url) if part in link)


@contextmanager
def touring(browser: Browser) -> Iterator[Page]:
    """A page of a browser that takes the server's own certificate."""
    context = browser.new_context(ignore_https_errors=True, timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.set_default_timeout(120_000)
    yield page
    context.close()
