"""Who comes to the desk: nobody where there is none, and with the password alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient
from web.conftest import SEAL, Site
from web.desk.conftest import PASSWORD, Operator, text_of

from newsletter.config.passwords import hash_password
from newsletter.config.settings import Desk, Settings
from newsletter.web.app import make_app
from newsletter.web.desk.entrance import BY_ALL, BY_ONE

COOKIE = "__Host-desk"
LOOKED_AT = ("", "/ledger", "/editions", "/readers", "/suppressions", "/sources", "/runs", "/trial")
PRESSED = (
    "/logout", "/deliveries/1/sent", "/editions/x/cancel", "/readers", "/readers/x/pause", "/suppressions/lift", "/trial",
)  # fmt: skip


def test_there_is_no_desk_without_a_password(site: Site) -> None:
    lost = site.client.get("/nothing").text
    for page in (*LOOKED_AT, "/login"):
        answer = site.client.get(f"/desk{page}")
        assert (answer.status_code, answer.text) == (404, lost)
    for page in (*PRESSED, "/login"):
        assert site.client.post(f"/desk{page}").status_code == 404


def test_who_is_not_logged_in_is_led_to_the_login(visitor: Operator) -> None:
    for page in LOOKED_AT:
        answer = visitor.client.get(f"/desk{page}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login")
    seal = SEAL.search(visitor.client.get("/desk/login").text)[1]
    for page in PRESSED:
        answer = visitor.client.post(f"/desk{page}", data={"seal": seal})
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login")


def test_the_right_password_begins_a_session_in_a_cookie_of_this_host_alone(visitor: Operator) -> None:
    answer = visitor.log_in()
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    for attribute in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie
    page = visitor.client.get("/desk")
    assert "Nothing needs you." in text_of(page)
    assert page.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_a_wrong_password_lets_nobody_in(visitor: Operator) -> None:
    for wrong in ("", "four words", PASSWORD.upper(), "x" * 100_000):
        answer = visitor.log_in(wrong)
        assert answer.status_code == 403
        assert COOKIE not in answer.headers.get("set-cookie", "")
        assert "That is not the password." in answer.text
    assert visitor.client.get("/desk").status_code == 303


def test_who_tries_too_often_waits_and_nobody_else_does(visitor: Operator, with_desk: Settings) -> None:
    assert [visitor.log_in("wrong").status_code for _ in range(BY_ONE[0].times + 2)] == [403] * 5 + [429] * 2
    assert visitor.log_in().status_code == 429
    app = make_app(with_desk, visitor.site.storage)
    elsewhere = TestClient(app, base_url="https://papers.example.org", follow_redirects=False, client=("192.0.2.7", 1))
    assert Operator(elsewhere, visitor.site).log_in().status_code == 303


def test_a_right_password_forgets_the_wrong_ones_before(visitor: Operator) -> None:
    for _ in range(3):
        assert [visitor.log_in("wrong").status_code for _ in range(4)] == [403] * 4
        assert visitor.log_in().status_code == 303
        visitor.press("/desk", "/desk/logout")


def test_all_the_world_together_tries_only_so_often(visitor: Operator) -> None:
    now = datetime.now(UTC)
    for _ in range(BY_ALL[0].times):
        assert visitor.site.storage.limits.take("desk", "", *BY_ALL, at=now)
    assert visitor.log_in().status_code == 429


def test_each_login_is_another_session_and_ends_the_one_before(visitor: Operator, with_desk: Settings) -> None:
    visitor.log_in()
    first = visitor.client.cookies[COOKIE]
    seal = SEAL.search(visitor.client.get("/desk").text)[1]
    visitor.client.post("/desk/login", data={"seal": seal, "password": PASSWORD})
    second = visitor.client.cookies[COOKIE]
    assert first != second
    now, by = datetime.now(UTC), with_desk.desk.password_hash.get_secret_value()
    assert visitor.site.storage.sessions.is_open(second, by=by, at=now)
    assert not visitor.site.storage.sessions.is_open(first, by=by, at=now)


def test_logging_out_ends_the_session_here_too(operator: Operator) -> None:
    kept = operator.client.cookies[COOKIE]
    assert operator.press("/desk", "/desk/logout").headers["location"] == "/desk/login"
    operator.client.cookies.set(COOKIE, kept, domain="papers.example.org", path="/")
    assert operator.client.get("/desk").status_code == 303


def test_another_password_ends_every_session(operator: Operator) -> None:
    desk = Desk(password_hash=SecretStr(hash_password("four other words", cost=16)))
    changed = operator.site.settings.model_copy(update={"desk": desk})
    app = make_app(changed, operator.site.storage)
    client = TestClient(app, base_url="https://papers.example.org", follow_redirects=False)
    client.cookies.set(COOKIE, operator.client.cookies[COOKIE], domain="papers.example.org", path="/")
    answer = client.get("/desk")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login")
    assert operator.client.get("/desk").status_code == 200


@pytest.mark.parametrize("hours", [3, 13])
def test_a_session_ends_by_itself(visitor: Operator, with_desk: Settings, hours: int) -> None:
    by = with_desk.desk.password_hash.get_secret_value()
    secret = visitor.site.storage.sessions.begin(by=by, at=datetime.now(UTC) - timedelta(hours=hours))
    visitor.client.cookies.set(COOKIE, secret, domain="papers.example.org", path="/")
    assert visitor.client.get("/desk").status_code == 303


def test_a_form_of_another_session_changes_nothing(operator: Operator, with_desk: Settings) -> None:
    app = make_app(with_desk, operator.site.storage)
    other = Operator(TestClient(app, base_url="https://papers.example.org", follow_redirects=False), operator.site)
    other.log_in()
    edition = operator.site.storage.editions.list(1)[0].id
    seal = SEAL.search(other.client.get(f"/desk/editions/{edition}").text)[1]
    for data in ({}, {"seal": "nonsense"}, {"seal": seal}):
        assert operator.client.post(f"/desk/editions/{edition}/pause", data=data).status_code == 403
    assert not operator.site.storage.editions.list(1)[0].paused
    assert other.client.post(f"/desk/editions/{edition}/pause", data={"seal": seal}).status_code == 303
    assert operator.site.storage.editions.list(1)[0].paused


def test_the_password_is_in_no_page_and_no_log(visitor: Operator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    pages = [visitor.log_in("a wrong password").text, visitor.log_in().text, visitor.client.get("/desk").text]
    assert not any("a wrong password" in text or PASSWORD in text for text in (*pages, caplog.text))
