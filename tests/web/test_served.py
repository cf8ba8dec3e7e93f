"""The pages as they are served: a process of its own, behind a proxy with TLS, mail over real SMTP, a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from browser import browser
from playwright.sync_api import Browser
from web.conftest import SEAL
from web.everywhere import Forms
from web.served import KEY, PATIENCE_SECONDS, Served, own_links_of, serving, wait_for

__all__ = ["browser"]

READERS = ("ada@example.org", "ben@example.org", "eve@example.org")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that has mailed its readers, below a path of its own."""
    with serving(tmp_path_factory.mktemp("served"), root="/papers/") as made:
        wait_for(lambda: all(made.mails_to(reader) for reader in READERS), "first mails")
        wait_for(lambda: {row[0] for row in states(made)} == {"sent"}, "end of the first run")
        yield made


def states(served: Served) -> list[tuple[str]]:
    """Of all deliveries."""
    file = served.deployment.folder / "var" / "newsletter.db"
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=120)) as connection:
        return connection.execute("SELECT state FROM deliveries").fetchall()


@pytest.fixture
def visitor() -> Iterator[httpx.Client]:
    with httpx.Client(verify=False, timeout=120) as client:
        yield client


def test_every_link_of_every_mail_changes_nothing_when_it_is_looked_at(
    served: Served, visitor: httpx.Client, browser: Browser
) -> None:
    """By programs that fetch, and by one that runs scripts and waits for what they do, but presses nothing."""
    mails = [mail for reader in READERS for mail in served.mails_to(reader)]
    links = sorted({link for mail in mails for link in own_links_of(mail, served.url)})
    assert len(links) > len(mails) * 10
    with served.without_runs():
        before = served.dump()
        for link in links:
            answers = [visitor.get(link), visitor.head(link)]
            assert {answer.status_code for answer in answers} == {200}, link
        page = browser.new_context(ignore_https_errors=True).new_page()
        for link in one_a_kind(links):
            page.goto(link, wait_until="networkidle")
            page.mouse.move(50, 50)
            page.keyboard.press("Tab")
            page.mouse.wheel(0, 5000)
        page.context.close()
        assert served.dump() == before


def one_a_kind(links: list[str]) -> list[str]:
    """The first link of each shape: whose token and which paper it names makes no difference to a browser."""
    return list({re.sub(r"/[\w.-]{16,}", "/x", link): link for link in links}.values())


@pytest.mark.parametrize(
    ("reader", "body", "kind"),
    [
        ("ada@example.org", b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        ("ben@example.org",
         b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n', "multipart/form-data; boundary=x"),
        ("eve@example.org", b"", None),
    ],
    ids=["urlencoded", "multipart", "empty"],
)  # fmt: skip
def test_one_click_in_the_three_shapes_that_mail_programs_send(
    served: Served, visitor: httpx.Client, reader: str, body: bytes, kind: str | None
) -> None:
    mail = served.mail_to(reader)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = re.search(r"<(https://[^>]+)>", mail["List-Unsubscribe"])[1]
    headers = {"content-type": kind} if kind else {}
    answers = [visitor.post(link, content=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.history for answer in answers] == [[], []]
    assert not any("location" in answer.headers or "set-cookie" in answer.headers for answer in answers)
    assert served.deployment("subscribers", "show", reader, "--json").json["state"] == "left"


def test_whoever_hangs_up_in_the_middle_is_not_worth_a_line(served: Served, visitor: httpx.Client) -> None:
    link = served.mail_to("ada@example.org")["List-Unsubscribe"].split(">")[0].strip("<")
    path = link.removeprefix(served.url)
    said = len(served.log.read_bytes())
    for begun in (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nList",
        f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nList-\r\n",
        f"GET {path} HTT",
        f"GET {path} HTTP/1.1\r\nHost: x\r\n" + "X: y\r\n" * 50_000,
        "\x16\x03\x01 a greeting of TLS",
        f"GET {path} HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        f"GET {'x' * 200_000} HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", served.proxy.behind)) as visit, suppress(OSError):
            visit.sendall(begun.encode())
            visit.shutdown(socket.SHUT_WR)
            while visit.recv(100_000):
                pass
    assert visitor.get(f"{served.url}/healthz").text == "ok\n"
    told = served.log.read_bytes()[said:].decode()
    assert "Traceback" not in told
    assert path not in told
    assert all(json.loads(line)["message"] for line in told.splitlines())


def test_no_log_holds_an_address_a_token_or_a_secret_and_an_erased_address_is_nowhere(
    tmp_path: Path,
) -> None:
    """A session that uses every page, at debug level; then the address is looked for in every file there is."""
    canary = "carla.c4n4ry@example.org"
    with serving(tmp_path, signup={"open": True}) as served, visiting(served) as visitor:
        assert (
            served.deployment("subscribers", "add", canary, "--name", "Carla C4n4ry", "--interest", "pruning").code == 0
        )
        assert served.run(datetime.now(UTC))["exit_code"] == 0
        mail = served.mail_to(canary)
        links = own_links_of(mail, served.url)
        use_all(visitor, served, links)
        visitor.get(f"{served.url}/nothing/{canary}?email={canary}", headers={"user-agent": canary, "referer": canary})
        visitor.post(links[0], content=f"email={canary}".encode(), headers={"cookie": f"visit={canary}"})
        tokens = {part for link in links for part in re.findall(r"[\w-]{8,}\.[\w.-]{20,}", link)}
        assert tokens
        log = served.log.read_text(encoding="utf-8")
        for secret in (canary, "c4n4ry", KEY, *tokens, *(token.rpartition(".")[2] for token in tokens)):
            assert secret.lower() not in log.lower()
        assert "Traceback" not in log
        assert files_with(tmp_path, canary)
        assert served.deployment("subscribers", "erase", canary, "--yes").code == 0
        assert files_with(tmp_path, canary) == []
    assert files_with(tmp_path, canary) == []
    assert files_with(tmp_path, "C4n4ry") == []


def files_with(folder: Path, text: str) -> list[str]:
    """The files that hold the text, in whatever case, as text or as it stands in addresses of the web or in base64."""
    forms = {text, quote(text), text.replace("@", "=40")}
    wanted = [one.lower().encode() for one in forms] + [b64encode(text.encode())[:-4].lower()]
    files = [file for file in folder.rglob("*") if file.is_file()]
    return [file.name for file in files if any(one in file.read_bytes().lower() for one in wanted)]


@contextmanager
def visiting(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(verify=False, timeout=120, base_url=served.url, follow_redirects=True) as client:
        yield client


def use_all(visitor: httpx.Client, served: Served, links: list[str]) -> None:
    """Opens every link, and presses every button of every page that they lead to but those that erase."""
    seen: set[str] = set()
    for link in [f"{served.url}/", *sorted(one_a_kind(links), key=lambda link: "/u/" in link)]:
        page = visitor.get(link)
        for form in Forms(page.text, path=link).forms:
            for action, name, value in form.buttons:
                if action not in seen and "erase" not in action and action.startswith(served.url):
                    seen.add(action)
                    fresh = next(
                        (one for one in Forms(visitor.get(link).text, path=link).forms if one.action == form.action),
                        form,
                    )
                    fields = {**fresh.fields, **({name: value} if name else {})}
                    answer = visitor.request(
                        form.method, action, **{"params" if form.method == "get" else "data": fields}
                    )
                    assert answer.status_code < 500, action
    assert len(seen) > 3


def test_an_operator_hands_out_a_link_to_who_has_lost_all_mails(served: Served, visitor: httpx.Client) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEWSLETTER_SECRET_KEY", KEY)
        said = served.deployment("subscribers", "link", "ben@example.org", "--json")
        assert served.deployment("subscribers", "link", "ben@example.org").out.strip() == said.json["preferences"]
        assert served.deployment("subscribers", "link", "nobody@example.org").code == 2
    assert visitor.get(said.json["preferences"]).status_code == 200
    unsigned = served.deployment("subscribers", "link", "ben@example.org")
    assert (unsigned.code, "NEWSLETTER_SECRET_KEY" in unsigned.err) == (2, True)


def test_make_serve_shows_the_pages_with_the_demos_data(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    for folder in ("config", "examples"):
        shutil.copytree(root / folder, tmp_path / folder)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", "newsletter", "--config", str(tmp_path / "config"), "demo", "--serve", str(port)]
    told = tmp_path / "told.txt"
    with (
        told.open("w") as out,
        subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as demo,
    ):
        try:
            wait_for(lambda: "serving http" in told.read_text() or demo.poll() is not None, "word from the demo")
            assert demo.poll() is None, told.read_text()
            links = re.findall(r"http://127\.0\.0\.1:\d+/\S*", told.read_text().partition("serving")[0])
            assert len(links) >= 4
            shown = {link: httpx.get(link, timeout=120, trust_env=False) for link in links}
        finally:
            demo.terminate()
    assert {link: answer.status_code for link, answer in shown.items() if answer.status_code != 200} == {}
    assert list((tmp_path / "outbox").glob("*.eml"))
    [own] = [answer.text for link, answer in shown.items() if "/p/" in link]
    assert "/save" in own


def test_only_a_proxy_of_ours_says_where_visitors_come_from(served: Served) -> None:
    def sign_up(peer: str, said: str) -> int:
        url = f"http://127.0.0.1:{served.proxy.behind}/"
        with httpx.Client(transport=httpx.HTTPTransport(local_address=peer), timeout=PATIENCE_SECONDS) as visitor:
            page = visitor.get(url)
            cookie = page.headers["set-cookie"].partition(";")[0]
            wanted = {"seal": SEAL.search(page.text)[1], "email": "kim@example.net", "at": "07:00", "zone": "UTC"}
            return visitor.post(url, data=wanted, headers={"x-forwarded-for": said, "cookie": cookie}).status_code

    assert [sign_up("127.0.0.1", "203.0.113.7") for _ in range(11)] == [200] * 10 + [429]
    assert sign_up("127.0.0.1", "203.0.113.8") == 200
    assert [sign_up("127.0.0.2", f"203.0.113.{number}") for number in range(20, 31)] == [200] * 10 + [429]
