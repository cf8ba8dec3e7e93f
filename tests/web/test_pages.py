"""What holds for all pages: looking changes nothing, junk finds nothing, and tokens stay with the reader."""

from __future__ import annotations

import re

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient
from web.conftest import SEAL, Links, Site

from newsletter.shipped import shipped
from newsletter.web.app import make_app


def test_a_scanner_that_opens_every_link_changes_nothing(site: Site, links: Links) -> None:
    assert len(links.all) == 3 + 2 * 10
    before = site.everything()
    for link in links.all:
        assert site.client.get(link).status_code == 200
        assert site.client.head(link).status_code == 200
    for form in (f"{links.preferences}/pause", f"{links.preferences}/resume", f"{links.more[0]}/back"):
        assert site.client.get(form).status_code in {404, 405}
    assert site.everything() == before


def test_wrong_tokens_unknown_readers_and_unknown_pages_look_the_same(site: Site, links: Links) -> None:
    paper = links.more[0].split("/")[-2]
    token = links.more[0].split("/")[-3]
    other = links.preferences.rpartition("/")[2]
    ways = ["/nothing", "/u/nonsense", f"{links.leave}x", "/p/nonsense", f"/p/{token}", f"/u/{other}", "/a/nonsense",
            f"/a/{token}", f"/v/nonsense/{paper}/more", f"/v/{token}/0000000000000000/more", f"/v/{token}/{paper}/most",
            f"/v/{other}/{paper}/more"]  # fmt: skip
    answers = [site.client.get(way) for way in ways]
    answers += [site.client.post(way) for way in ways if way[1] == "u" or way.startswith(links.leave)]
    site.deployment("subscribers", "erase", links.reader, "--yes")
    gone = [site.client.get(link) for link in (links.preferences, links.archive, links.more[0])]
    assert {answer.status_code for answer in answers + gone} == {404}
    assert len({answer.text for answer in answers + gone}) == 1


def test_a_form_that_no_page_of_ours_held_is_refused(site: Site, links: Links) -> None:
    before = site.everything()
    seal = SEAL.search(site.client.get(links.more[0]).text)[1]
    forms = [f"{links.preferences}/pause", links.more[0], f"{links.more[0]}/back", "/p/nonsense/pause"]
    refused = [
        site.client.post(form, data={"seal": other}) for form in forms for other in ("", "x", seal[:-1], f"{seal}x")
    ]
    refused += [site.client.post(f"{links.preferences}/pause", data={"seal": seal}), site.client.post(links.more[0])]
    assert {answer.status_code for answer in refused} == {403}
    assert len({re.sub(SEAL, "", answer.text) for answer in refused}) == 1
    assert site.everything() == before


def test_a_form_that_is_too_large_or_damaged_is_refused(site: Site, links: Links) -> None:
    large = site.client.post(links.more[0], data={"seal": "x" * 200_000})
    chunks = site.client.post(links.more[0], content=iter([b"seal=", *[b"x" * 10_000] * 20]))
    damaged = site.client.post(
        links.more[0], content=b"--x", headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert [large.status_code, chunks.status_code, damaged.status_code] == [413, 413, 403]
    unread = site.client.post(links.more[0], content=b"nothing", headers={"content-type": "multipart/form-data"})
    assert unread.status_code == 400


def test_pages_carry_the_headers_that_keep_tokens_private(site: Site, links: Links) -> None:
    for link in links.all:
        headers = site.client.get(link).headers
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-robots-tag"] == "noindex"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe-inline" not in policy


def test_pages_have_no_script_and_no_style_inside(site: Site, links: Links) -> None:
    site.press(links.more[0])
    for link in ("/", links.leave, links.preferences, links.more[0], links.less[0], "/nothing"):
        page = site.client.get(link).text
        assert re.findall(r"<script[^>]*>[^<]*", page) == ['<script src="/script.js" defer>']
        assert "<style" not in page
        assert "style=" not in page
        assert '<html lang="en" dir="ltr">' in page


def test_health_and_style(client: TestClient) -> None:
    assert client.get("/healthz").text == "ok\n"
    assert "color-scheme" in client.get("/style.css").text
    assert client.get("/script.js").headers["content-type"].startswith("text/javascript")


def test_every_language_says_what_english_says() -> None:
    def macros(name: str) -> dict[str, str]:
        text = (shipped("templates") / "web" / name).read_text(encoding="utf-8")
        return dict(re.findall(r"\{% macro (\w+)\(([^)]*)\) %\}", text))

    assert macros("words.he.j2") == macros("words.j2")


def test_pages_are_in_the_newsletters_language(site: Site, links: Links) -> None:
    settings = site.settings.model_copy(update={"language": "he"})
    client = TestClient(make_app(settings, site.storage), base_url=settings.base_url)
    for link in (links.leave, links.preferences, links.more[0], "/nothing"):
        page = client.get(link).text
        assert '<html lang="he" dir="rtl">' in page
        assert re.search(r"<h1>[\u0590-\u05ff]", page)


@pytest.mark.parametrize("keys", [(), (SecretStr("another secret of more than 32 characters"),)])
def test_with_no_key_or_another_one_no_link_is_valid(site: Site, links: Links, keys: tuple[SecretStr, ...]) -> None:
    settings = site.settings.model_copy(update={"secret_keys": keys})
    elsewhere = TestClient(make_app(settings, site.storage), base_url=settings.base_url)
    assert {elsewhere.get(link).status_code for link in links.all} == {404}


def test_pages_may_lie_below_a_path_of_a_site(site: Site, links: Links) -> None:
    settings = site.settings.model_copy(update={"base_url": "https://lab.example.org/papers"})
    behind_a_proxy = TestClient(make_app(settings, site.storage), base_url=settings.base_url, follow_redirects=False)
    path = links.more[0].removeprefix("https://papers.example.org")
    assert 'href="/papers/style.css"' in behind_a_proxy.get(f"https://lab.example.org{path}").text
    seal = SEAL.search(behind_a_proxy.get(f"https://lab.example.org{path}").text)[1]
    answer = behind_a_proxy.post(f"https://lab.example.org{path}", data={"seal": seal})
    assert answer.headers["location"] == f"/papers{path}"
