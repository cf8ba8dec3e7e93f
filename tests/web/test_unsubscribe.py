"""The one page that mails need: looking changes nothing, one click ends the mail."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from newsletter.config import load
from newsletter.storage import Storage
from newsletter.web.app import make_app

MORNING = "2026-11-23T08:00:00Z"
KEY = "a secret of more than thirty-two characters"


@pytest.fixture
def client(deployment, monkeypatch):
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", KEY)
    deployment.write(base_url="https://papers.example.org")
    assert deployment("run", "--json", "--now", MORNING).json["sent"] == 3
    settings = load(deployment.folder / "config", environ={"NEWSLETTER_SECRET_KEY": KEY})
    with Storage.open(settings.database) as storage:
        yield TestClient(make_app(settings, storage), base_url=settings.base_url, follow_redirects=False)


@pytest.fixture
def link(deployment, client):
    mail = next(mail for mail in deployment.mails() if "ada@" in mail["To"])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    return re.search(r"<(https://[^>]+)>", mail["List-Unsubscribe"])[1]


def due_tomorrow(deployment) -> int:
    return deployment("run", "--dry-run", "--json", "--now", "2026-11-24T08:00:00Z").json["due"]


def test_looking_at_the_link_changes_nothing(deployment, client, link):
    for method in ("GET", "HEAD", "GET"):
        answer = client.request(method, link)
        assert answer.status_code == 200
    assert "<form" in client.get(link).text
    assert due_tomorrow(deployment) == 3


@pytest.mark.parametrize(
    "body",
    [{"data": {"List-Unsubscribe": "One-Click"}}, {"files": {"List-Unsubscribe": (None, "One-Click")}}, {}],
    ids=["urlencoded", "multipart", "the page's button"],
)
def test_one_click_ends_the_mail_without_a_redirect_as_often_as_it_is_pressed(deployment, client, link, body):
    for _ in range(2):
        answer = client.post(link, **body)
        assert (answer.status_code, answer.headers.get("location")) == (200, None)
    assert due_tomorrow(deployment) == 2


def test_wrong_tokens_and_unknown_pages_look_the_same(client, link):
    answers = [client.get("/u/nonsense"), client.post("/u/nonsense"), client.get("/nothing"), client.get(link + "x")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


def test_pages_carry_the_headers_that_keep_tokens_private(client, link):
    headers = client.get(link).headers
    assert headers["referrer-policy"] == "no-referrer"
    assert "script" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"


def test_health_and_style(client):
    assert client.get("/healthz").text == "ok\n"
    assert "color-scheme" in client.get("/style.css").text
