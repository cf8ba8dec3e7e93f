"""What SendGrid posts: believed by its signature alone, taken once it is written down, and never our fault."""

from __future__ import annotations

import base64
import json
import logging
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from product import Deployment
from sqlalchemy import make_url
from starlette.testclient import TestClient
from web.conftest import Site

from newsletter.config.settings import SendgridProvider
from newsletter.model import DeliveryState, EventKind
from newsletter.storage import Storage
from newsletter.web import webhooks
from newsletter.web.app import make_app

PATH = "/webhooks/sendgrid"
PRIVATE = ec.generate_private_key(ec.SECP256R1())
KEY = base64.b64encode(PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@pytest.fixture
def client(site: Site) -> TestClient:
    """The pages of a deployment that goes on by SendGrid."""
    return client_of(site, site.storage)


def client_of(site: Site, storage: Storage) -> TestClient:
    provider = SendgridProvider.model_validate({"kind": "sendgrid", "api_key": "SG.x", "webhook_key": KEY})
    settings = site.settings.model_copy(update={"provider": provider})
    return TestClient(make_app(settings, storage), base_url="https://papers.example.org", follow_redirects=False)


def signed(body: bytes, *, ago: timedelta = timedelta(0)) -> dict[str, str]:
    timestamp = f"{(datetime.now(UTC) - ago).timestamp():.0f}"
    signature = PRIVATE.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
    }


def told(site: Site, event: str, *, sg_event_id: str = "one", **fields: Any) -> bytes:
    """One event about the first delivery."""
    about = min(one.id for one in site.storage.deliveries.find())
    return json.dumps([{"event": event, "sg_event_id": sg_event_id, "delivery_id": str(about), **fields}]).encode()


def post(client: TestClient, body: bytes, headers: Mapping[str, str] | None = None) -> int:
    return client.post(PATH, content=body, headers=signed(body) if headers is None else dict(headers)).status_code


def test_what_is_signed_is_written_down_before_the_answer(site: Site, client: TestClient) -> None:
    body = told(site, "spamreport")
    assert post(client, body) == 204
    assert site.storage.events.counts() == {EventKind.COMPLAINED: 1}
    assert site.storage.suppressions.counts() == {"complained": 1}


def test_the_same_event_counts_once_however_often_it_comes(site: Site, client: TestClient) -> None:
    body = told(site, "bounce", type="bounce", status="5.1.1", reason="550 5.1.1 nobody")
    assert {post(client, body) for _ in range(46)} == {204}
    assert post(client, json.dumps(json.loads(body) * 46).encode()) == 204
    assert site.storage.events.counts() == {EventKind.BOUNCED_HARD: 1}
    assert site.storage.deliveries.counts() == {DeliveryState.FAILED: 1, DeliveryState.SENT: 2}


def test_what_comes_late_undoes_nothing(site: Site, client: TestClient) -> None:
    assert post(client, told(site, "bounce", status="5.1.1", reason="550 5.1.1 nobody", sg_event_id="two")) == 204
    late = told(site, "deferred", sg_event_id="one", timestamp=1)
    assert post(client, late, signed(late, ago=timedelta(hours=24))) == 204
    assert site.storage.deliveries.counts()[DeliveryState.FAILED] == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_only_a_post_is_heard(site: Site, client: TestClient, method: str) -> None:
    body = told(site, "spamreport")
    assert client.request(method, PATH, content=body, headers=signed(body)).status_code == 405
    assert site.storage.events.counts() == {}


def test_what_is_not_signed_by_the_key_is_refused(site: Site, client: TestClient) -> None:
    body = told(site, "spamreport")
    good = signed(body)
    for headers in ({}, signed(b"[]"), signed(body, ago=timedelta(hours=49)), dict.fromkeys(good, ""), dict.fromkeys(good, "x" * 999)):  # fmt: skip
        assert post(client, body, headers) == 403
    assert post(client, body + b" ", good) == 403
    assert site.storage.events.counts() == {}


def test_what_cannot_be_read_is_the_posters_fault(site: Site, client: TestClient) -> None:
    for body in (b"", b"{}", b"[1]", b"\xff", b"[" * 100_000, b"[" + b"{}," * 10_000 + b"{}]"):
        assert post(client, body) == 400
    assert site.storage.events.counts() == {}


def test_a_body_is_read_up_to_a_megabyte_and_no_further(site: Site, client: TestClient) -> None:
    assert post(client, b"[]" + b" " * (webhooks.MAX_BYTES - 2)) == 204
    assert post(client, b"[]" + b" " * (webhooks.MAX_BYTES - 1)) == 413
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b" " * 100_000

    # Nobody says how long it is: without the limit this would never end.
    assert client.post(PATH, content=_first(endless(), 1_000), headers=signed(b"")).status_code == 413


def _first(pieces: Iterator[bytes], count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield next(pieces)


def test_strangers_are_told_off_shortly_and_never_hold_up_what_is_signed(
    site: Site, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answers = [post(client, b"[]", {}) for _ in range(webhooks.UNSIGNED + 20)]
    assert answers == [403] * webhooks.UNSIGNED + [429] * 20
    assert len(caplog.records) == webhooks.UNSIGNED
    assert post(client, told(site, "delivered")) == 204


def test_where_nothing_can_be_written_it_is_to_be_posted_again(site: Site) -> None:
    body = told(site, "spamreport")
    with Storage.open(f"{site.settings.database}?timeout=0.1") as impatient, client_of(site, impatient) as client:
        with sqlite3.connect(make_url(site.settings.database).database) as other:
            other.execute("BEGIN IMMEDIATE")
            answer = client.post(PATH, content=body, headers=signed(body))
            other.rollback()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        assert post(client, body) == 204
    assert site.storage.events.counts() == {EventKind.COMPLAINED: 1}


def test_without_sendgrid_there_is_nothing_to_post_to(site: Site) -> None:
    lost = site.client.get("/nothing")
    answer = site.client.post(PATH, content=b"[]", headers=signed(b"[]"))
    assert (answer.status_code, answer.text) == (404, lost.text)


@pytest.mark.parametrize("key", [None, KEY])
def test_serve_needs_the_key_where_sendgrid_carries_the_mails_and_runs_do_not(
    deployment: Deployment, key: str | None
) -> None:
    deployment.write(provider={"kind": "sendgrid", "api_key": "SG.x", "webhook_key": key})
    said = deployment("serve", "--host", "not.a.host.invalid")
    assert said.code == 2
    assert ("provider.webhook_key is not set" in said.err) is (key is None)
    assert ("cannot listen there" in said.err) is (key is not None)
    assert deployment("run", "--dry-run").code == 0
