"""The API: what a token may do, what changes, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from web.conftest import Links, Site
from web.served import dump

from newsletter.model import Consent, ConsentAct, DeliveryState, Event, EventKind, SubscriberState
from newsletter.storage import NewDelivery
from newsletter.web.api.app import make_api
from newsletter.web.api.scopes import Scope

Caller = Callable[..., Any]


@pytest.fixture
def token(site: Site) -> str:
    """One that may do everything."""
    return site.storage.api_tokens.add("all", list(Scope), at=datetime.now(UTC))[1]


@pytest.fixture
def call(site: Site, token: str) -> Caller:
    """Asks the API with that token: ``call("GET", "readers")``."""

    def call(method: str, path: str, **more: Any) -> Any:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return site.client.request(method, f"/api/v1/{path}", headers=headers, **more)

    return call


@pytest.fixture
def zoe(call: Caller) -> str:
    """The id of a reader whom the API added."""
    added = call("POST", "readers", json={"email": "zoe@example.org", "profile": {"interests": ["fMRI"]}})
    assert added.status_code == 201
    return str(added.json()["id"])


def reader_id(site: Site, email: str) -> str:
    found = site.storage.subscribers.by_email(email)
    assert found
    return found.id


def detail(answer: Any, status: int) -> str:
    """The line of a problem."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    said = str(answer.json()["detail"])
    assert "\n" not in said
    return said


# -- who may ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [None, "Basic YTpi", "Bearer ", "Bearer nl_wrong", "Bearer " + "x" * 5000, "nl_"])
def test_without_a_good_token_nothing_is_told(site: Site, given: str | None) -> None:
    answer = site.client.get("/api/v1/readers", headers={"authorization": given} if given else {})
    assert "token" in detail(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_an_expired_and_a_revoked_token_are_no_good(site: Site) -> None:
    tokens, now = site.storage.api_tokens, datetime.now(UTC)
    old = tokens.add("old", ["status:read"], at=now - timedelta(days=2), expires_at=now - timedelta(days=1))[1]
    gone = tokens.add("gone", ["status:read"], at=now)[1]
    assert site.client.get("/api/v1/status", headers={"authorization": f"Bearer {gone}"}).status_code == 200
    tokens.revoke("gone")
    for secret in (old, gone):
        answer = site.client.get("/api/v1/status", headers={"authorization": f"Bearer {secret}"})
        assert detail(answer, 401) == "this token is wrong, expired or revoked"


def test_each_operation_asks_for_its_own_scope_and_no_other_opens_it(site: Site) -> None:
    described = site.client.get("/api/openapi.json").json()
    secrets = {scope: site.storage.api_tokens.add(scope, [scope], at=datetime.now(UTC))[1] for scope in Scope}
    asked = 0
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            (needed,) = operation["security"][0]["token"]
            address = "/api" + path.format(reader="nobody", paper="0" * 16, delivery=1, edition="2026", token="none")
            for scope, secret in secrets.items():
                if scope == needed:
                    continue
                answer = site.client.request(method, address, headers={"authorization": f"Bearer {secret}"}, json={})
                assert detail(answer, 403) == f"this token lacks the scope {needed}"
                assert needed in answer.headers["www-authenticate"]
                asked += 1
    assert asked >= 100


def test_who_asks_too_often_is_told_when_to_come_back(site: Site, token: str) -> None:
    api = make_api(site.settings, site.storage, per_minute=2)
    other = site.storage.api_tokens.add("other", ["status:read"], at=datetime.now(UTC))[1]
    client = TestClient(Starlette(routes=[Mount("/api", api)]))

    def ask(secret: str) -> Any:
        return client.get("/api/v1/status", headers={"authorization": f"Bearer {secret}"})

    assert [ask(token).status_code for _ in range(3)] == [200, 200, 429]
    assert ask(token).headers["retry-after"] == "60"
    assert ask(other).status_code == 200


def test_cookies_and_other_origins_mean_nothing(site: Site, token: str) -> None:
    cookies = dict.fromkeys(("token", "session", "__Host-desk"), token)
    client = TestClient(site.client.app, cookies=cookies)
    assert client.get("/api/v1/status").status_code == 401
    asked = {"origin": "https://elsewhere.example", "access-control-request-method": "GET"}
    for answer in (
        site.client.options("/api/v1/status", headers=asked),
        site.client.get("/api/v1/status", headers={**asked, "authorization": f"Bearer {token}"}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "set-cookie" not in answer.headers


def test_who_only_asks_changes_nothing(site: Site, call: Caller) -> None:
    known = {"reader": reader_id(site, "ada@example.org"), "delivery": 1, "edition": "2026", "paper": "0" * 16}
    call("GET", "status")  # that a token was used is noted once a day
    before = dump(site.deployment.folder / "var" / "newsletter.db")
    looked_at = [path for path, one in site.client.get("/api/openapi.json").json()["paths"].items() if "get" in one]
    for path in looked_at:
        for method in ("GET", "HEAD"):
            assert call(method, path.removeprefix("/v1/").format(**known)).status_code in {200, 404, 405}
    call("POST", "preview", json={})
    call("POST", "suppressions/check", json={"email": "ada@example.org"})
    assert dump(site.deployment.folder / "var" / "newsletter.db") == before
    assert len(looked_at) >= 12


# -- readers ------------------------------------------------------------------------------------------------------


def test_readers_come_a_page_at_a_time(call: Caller, zoe: str) -> None:
    seen, after = [], None
    while True:
        page = call("GET", "readers", params={"limit": 3, **({"after": after} if after else {})}).json()
        seen += [reader["id"] for reader in page["readers"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == 4
    assert seen == sorted(set(seen))
    assert [reader["id"] for reader in call("GET", "readers", params={"state": "active"}).json()["readers"]] == seen
    assert call("GET", "readers", params={"state": "left"}).json() == {"readers": [], "next": None}


def test_a_reader_is_added_once_and_is_due_tomorrow(site: Site, call: Caller) -> None:
    wish = {
        "email": "Zoe@Example.org",
        "name": "Zoe",
        "timezone": "Europe/Berlin",
        "schedule": {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "at": "00:15"},
        "profile": {"interests": ["fMRI", {"text": "brains", "weight": 2}], "liked": ["arXiv:2405.12345"]},
    }
    added = call("POST", "readers", json=wish)
    told = added.json()
    assert added.status_code == 201
    assert added.headers["location"] == f"readers/{told['id']}"
    assert (told["email"], told["name"], told["state"], told["owner"]) == (
        "Zoe@Example.org",
        "Zoe",
        "active",
        "database",
    )
    assert told["schedule"]["at"] == "00:15"
    assert told["profile"]["interests"] == [{"text": "fMRI", "weight": 1.0}, {"text": "brains", "weight": 2.0}]
    assert call("GET", f"readers/{told['id']}").json() == told
    assert call("POST", "readers/lookup", json={"email": "zoe@example.ORG"}).json() == told
    assert "already" in detail(call("POST", "readers", json={"email": "zoe@example.org"}), 409)
    assert site.due_tomorrow() == 4


def test_what_is_given_changes_and_nothing_else(call: Caller, zoe: str) -> None:
    before = call("GET", f"readers/{zoe}").json()
    changes = {"profile": {"max_papers": 3, "muted": ["blockchain"]}, "schedule": {"days": "weekly"}}
    after = call("PATCH", f"readers/{zoe}", json=changes).json()
    assert after["profile"] == {**before["profile"], "max_papers": 3, "muted": ["blockchain"]}
    assert after["schedule"] == {"days": ["mon"], "at": None}
    assert {name: after[name] for name in ("email", "timezone", "state")} == {
        name: before[name] for name in ("email", "timezone", "state")
    }
    assert call("PATCH", f"readers/{zoe}", json={}).json() == after
    assert "explore" in detail(call("PATCH", f"readers/{zoe}", json={"profile": {"explore": 4}}), 409)


def test_a_profile_of_the_file_is_changed_there(site: Site, call: Caller) -> None:
    ada = reader_id(site, "ada@example.org")
    before = site.everything()
    answer = call("PATCH", f"readers/{ada}", json={"profile": {"interests": ["spiking neural networks", "tides"]}})
    assert "subscribers.yaml" in detail(answer, 409)
    added = [line for line in answer.json()["patch"].splitlines() if line.startswith("+ ")]
    assert [line.lstrip("+ -").strip('"') for line in added] == ["tides"]
    assert "ben@" not in answer.json()["patch"]
    renamed = call("PATCH", f"readers/{ada}", json={"name": "Ada"})
    assert "subscribers.yaml" in detail(renamed, 409)
    assert "+" in renamed.json()["patch"]
    assert site.everything() == before


def test_an_export_has_all_that_is_held_whoever_asks(site: Site, links: Links, call: Caller) -> None:
    ada = reader_id(site, links.reader)
    paper = call("GET", f"readers/{ada}/digest").json()["items"][0]["paper"]["id"]
    call("PUT", f"readers/{ada}/votes/{paper}", json={"wish": "less"})
    now = datetime.now(UTC)
    agreed = Consent(subscriber=ada, at=now, act=ConsentAct.CONFIRMED, method="form", words="Yes.")
    site.storage.consents.add(agreed, came_from="192.0.2.7")
    [delivery] = call("GET", "deliveries", params={"reader": ada}).json()["deliveries"]
    bounced = Event(
        kind=EventKind.BOUNCED_SOFT, at=now, provider="sendgrid", id="b1", delivery_id=delivery["id"], detail="full"
    )
    site.storage.events.apply([bounced])
    site.storage.suppressions.add(links.reader, "bounced", at=now)

    held = call("GET", f"readers/{ada}/export").json()
    assert held["reader"] == call("GET", f"readers/{ada}").json()
    assert held["reader"]["suppressed"]["reason"] == "bounced"
    assert held["votes"] == call("GET", f"readers/{ada}/votes").json()["votes"]
    assert [vote["paper"] for vote in held["votes"]] == [paper]
    assert [(one["act"], one["words"], bool(one["source"])) for one in held["consents"]] == [
        (ConsentAct.CONFIRMED, "Yes.", True)
    ]
    assert held["deliveries"] == call("GET", "deliveries", params={"reader": ada}).json()["deliveries"]
    assert [(one["kind"], one["detail"]) for one in held["events"]] == [("bounced_soft", "full")]

    assert site.client.get(f"{links.preferences}/export").json() == held
    told = site.deployment("subscribers", "export", links.reader).json
    assert {part: told[part] for part in held} == held
    assert told["email"] == links.reader


def test_pause_resume_leave(site: Site, call: Caller, zoe: str) -> None:
    until = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    paused = call("POST", f"readers/{zoe}/pause", json={"until": until}).json()
    assert (paused["state"], paused["paused_until"]) == ("paused", until)
    assert site.due_tomorrow() == 3
    assert call("POST", f"readers/{zoe}/resume").json()["state"] == "active"
    assert "not paused" in detail(call("POST", f"readers/{zoe}/resume"), 409)
    for _ in range(2):
        assert call("POST", f"readers/{zoe}/leave").json()["state"] == "left"
    assert "unsubscribed" in detail(call("POST", f"readers/{zoe}/pause", json={}), 409)
    assert "left" in detail(call("POST", f"readers/{zoe}/resume"), 409)


def test_erased_readers_are_gone_and_are_not_added_again(site: Site, call: Caller, zoe: str) -> None:
    address = {"email": "zoe@example.org"}
    assert call("DELETE", f"readers/{zoe}").status_code == 204
    detail(call("DELETE", f"readers/{zoe}"), 404)
    detail(call("GET", f"readers/{zoe}"), 404)
    detail(call("POST", "readers/lookup", json=address), 404)
    assert "suppressed" in detail(call("POST", "readers", json=address), 409)
    assert call("POST", "suppressions/check", json=address).json()["suppressed"]["reason"] == "erased"
    assert call("POST", "suppressions/lift", json=address).status_code == 204
    detail(call("POST", "suppressions/lift", json=address), 404)
    assert call("POST", "suppressions/check", json=address).json() == {"suppressed": None}
    assert call("POST", "readers", json=address).status_code == 201


# -- digests and votes ----------------------------------------------------------------------------------------------


def test_a_readers_digest_is_the_one_that_was_sent_and_scores_are_the_sum_of_reasons(site: Site, call: Caller) -> None:
    ben = reader_id(site, "ben@example.org")
    digest = call("GET", f"readers/{ben}/digest").json()
    delivery = call("GET", "deliveries", params={"reader": ben}).json()["deliveries"][0]
    assert [item["paper"]["id"] for item in digest["items"]] == delivery["shown"]
    assert digest["edition"] == delivery["edition"]
    for item in digest["items"]:
        assert sum(reason["contribution"] for reason in item["reasons"]) == pytest.approx(item["score"], abs=1e-5)
    assert len(call("GET", f"readers/{ben}/digest", params={"limit": 2}).json()["items"]) == 2


def test_a_profile_is_tried_without_being_anybodys(site: Site, call: Caller) -> None:
    before = site.everything()
    tried = call("POST", "preview", params={"limit": 3}, json={"profile": {"interests": ["fMRI"]}}).json()
    assert len(tried["items"]) == 3
    assert all("fMRI" in item["paper"]["title"] + item["paper"]["summary"] for item in tried["items"])
    assert call("POST", "preview", json={}).json()["items"]
    assert call("POST", "preview", json={"profile": {"liked": ["arXiv:2001.00001"]}}).json()["unknown"]
    assert site.everything() == before


def test_votes_are_cast_changed_and_taken_back(site: Site, call: Caller, zoe: str) -> None:
    paper = site.storage.deliveries.find(limit=1)[0].shown[0]
    cast = call("PUT", f"readers/{zoe}/votes/{paper}", json={"wish": "more"}).json()
    assert [(vote["paper"], vote["wish"]) for vote in cast["votes"]] == [(paper, "more")]
    assert cast["learnt"][0]["papers"] == [paper]
    changed = call("PUT", f"readers/{zoe}/votes/{paper}", json={"wish": "less"}).json()
    assert [vote["wish"] for vote in changed["votes"]] == ["less"]
    assert call("GET", f"readers/{zoe}/votes").json()["votes"] == changed["votes"]
    for _ in range(2):
        assert call("DELETE", f"readers/{zoe}/votes/{paper}").json() == {"votes": [], "learnt": []}
    assert "paper" in detail(call("PUT", f"readers/{zoe}/votes/{'0' * 16}", json={"wish": "more"}), 404)
    assert "wish" in detail(call("PUT", f"readers/{zoe}/votes/{paper}", json={"wish": "most"}), 422)


# -- the ledger, editions, status ------------------------------------------------------------------------------------


def test_an_operator_decides_about_deliveries_once(site: Site, call: Caller) -> None:
    page = call("GET", "deliveries", params={"limit": 2}).json()
    rest = call("GET", "deliveries", params={"before": page["next"]}).json()
    ids = [one["id"] for one in [*page["deliveries"], *rest["deliveries"]]]
    assert ids == sorted(ids, reverse=True)
    assert rest["next"] is None
    assert "only uncertain" in detail(call("POST", f"deliveries/{ids[0]}/settle", json={"state": "sent"}), 409)
    assert "is sent" in detail(call("POST", f"deliveries/{ids[0]}/retry"), 409)
    uncertain = make_uncertain(site)
    assert call("GET", f"deliveries/{uncertain}").json()["state"] == "uncertain"
    assert detail(call("POST", f"deliveries/{uncertain}/settle", json={"state": "ready"}), 422)
    settled = call("POST", f"deliveries/{uncertain}/settle", json={"state": "failed"}).json()
    assert settled["state"] == "failed"
    assert call("POST", f"deliveries/{uncertain}/retry").json()["state"] == "ready"
    assert [one["id"] for one in call("GET", "deliveries", params={"state": "ready"}).json()["deliveries"]] == [
        uncertain
    ]
    detail(call("GET", "deliveries/987654321"), 404)
    detail(call("POST", "deliveries/987654321/retry"), 404)


def make_uncertain(site: Site) -> int:
    """The id of a delivery whose sender died while it was handed over."""
    at = datetime.now(UTC)
    known = site.storage.deliveries.find(limit=1)[0]
    tomorrow = known.local_date + timedelta(days=1)
    site.storage.deliveries.plan(
        [
            NewDelivery(
                subscriber=known.subscriber,
                local_date=tomorrow,
                edition=known.edition,
                message_id="<1.2@example.org>",
                valid_until=at + timedelta(days=2),
                created_at=at,
            )
        ]
    )
    leased = site.storage.deliveries.lease(owner="gone", limit=1, until=at, now=at, at=at).deliveries
    site.storage.deliveries.hand(leased, owner="gone", bodies={})
    site.storage.deliveries.settle_dead(at=at)
    assert site.storage.deliveries.counts()[DeliveryState.UNCERTAIN] == 1
    return leased[0].id


def test_editions_status_and_metrics(call: Caller) -> None:
    (edition,) = call("GET", "editions").json()["editions"]
    assert edition["entries"] == 11
    assert call("GET", f"editions/{edition['id']}").json() == edition
    detail(call("GET", "editions/2001-01-01T00:00:00Z"), 404)
    trending = call("GET", f"editions/{edition['id']}/trending").json()
    assert (trending["candidates"], [item["rank"] for item in trending["items"]]) == (11, list(range(1, 12)))
    detail(call("GET", "editions/2001-01-01T00:00:00Z/trending"), 404)
    status = call("GET", "status").json()
    assert status["ledger"] == {"sent": 3}
    assert status["readers"] == {"active": 3}
    assert [source["state"] for source in status["sources"]] == ["fresh"] * 4
    assert status["last_edition"] == edition
    metrics = {metric["name"]: metric["samples"] for metric in call("GET", "metrics").json()["metrics"]}
    assert {"labels": {"state": "sent"}, "value": 3.0} in metrics["newsletter_deliveries"]


# -- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "more", "said"),
    [
        ("POST", "readers", {"json": {"email": "no address"}}, "body.email"),
        ("POST", "readers", {"json": {"email": "a@b.example", "mail": 1}}, "body.mail"),
        (
            "POST",
            "readers",
            {"json": {"email": "a@b.example", "profile": {"max_papers": 0}}},
            "body.profile.max_papers",
        ),
        ("POST", "readers", {"json": {"email": "a@b.example", "timezone": "Mars/Base"}}, "body.timezone"),
        ("POST", "readers", {"json": {"email": "a@b.example\r\nBcc: c@d.example"}}, "body.email"),
        ("POST", "readers", {"json": {"email": "a@b.example", "profile": {"liked": ["file: /etc/passwd"]}}}, "files"),
        ("POST", "readers", {"json": {"email": "a@b.example", "profile": {"liked": ["FILE :x.bib"]}}}, "files"),
        ("POST", "readers", {"content": b"{"}, "body"),
        ("POST", "readers", {"content": b'{"email": "\xff"}'}, "body"),
        ("POST", "readers", {"content": b'{"email": "\\ud800@b.example"}'}, "body"),
        ("POST", "preview", {"content": b"[" * 200_000}, "body"),
        ("POST", "preview", {"content": b'{"profile": {"trending": NaN}}'}, "body.profile.trending"),
        ("GET", "readers?limit=0", {}, "query.limit"),
        ("GET", "readers?lim=1", {}, "query.lim"),
        ("GET", "readers/..%2F..%2Fetc", {}, ""),
        ("GET", "deliveries/99999999999999999999", {}, "path.delivery"),
        ("GET", "deliveries?before=99999999999999999999", {}, "query.before"),
        ("GET", "editions/%00", {}, "path.edition"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(
    call: Caller, method: str, path: str, more: dict[str, Any], said: str
) -> None:
    answer = call(method, path, **more)
    assert said in detail(answer, 404 if not said else 422)


def test_bodies_have_an_end_and_addresses_have_methods(call: Caller) -> None:
    assert "1,000,000" in detail(call("POST", "preview", content=b" " * 1_000_001), 413)
    assert "PUT" in detail(call("PUT", "readers"), 405)
    detail(call("GET", "nothing"), 404)


def test_what_stands_in_a_body_stands_in_no_log(
    call: Caller, zoe: str, caplog: pytest.LogCaptureFixture, token: str
) -> None:
    with caplog.at_level("DEBUG"):
        call("POST", "readers/lookup", json={"email": "zoe@example.org"})
        call("POST", "readers", json={"email": "zoe@example.org"})
        call("POST", "readers", json={"email": "zoe@example.org", "nonsense": 1})
        call("PATCH", f"readers/{zoe}", json={"name": "Zoe"})
        call("DELETE", f"readers/{zoe}")
    assert "zoe@" not in caplog.text
    assert token not in caplog.text


def test_who_is_removed_from_the_file_is_told_as_the_database_has_them(site: Site, call: Caller) -> None:
    ada = reader_id(site, "ada@example.org")
    site.storage.subscribers.set_state(ada, SubscriberState.LEFT)
    assert call("GET", f"readers/{ada}").json()["state"] == "left"
    assert call("GET", f"readers/{ada}").json()["profile"]["interests"] == [
        {"text": "spiking neural networks", "weight": 1.0}
    ]
