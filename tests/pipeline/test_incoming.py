"""What comes back is heard: mails at the start of a run, and what SendGrid posts."""

from __future__ import annotations

import base64
import json
import mailbox
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from product import MORNING, READERS, Deployment

from newsletter.config import load
from newsletter.delivery.sendgrid_events import MAX_BYTES
from newsletter.errors import EventError, EventsTooLarge, NotSigned, UsageError
from newsletter.model import DeliveryState, EventKind
from newsletter.pipeline.incoming import receive_sendgrid
from newsletter.storage import Storage
from newsletter.storage.events import Applied
from newsletter.testing import ImapSink, SmtpSink

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA = "ada@example.org"


@pytest.fixture
def sink(deployment: Deployment) -> Iterator[SmtpSink]:
    """The deployment sends by SMTP, each mail with a return path of its own."""
    env = deployment.folder / ".env"
    env.write_text("NEWSLETTER_SECRET_KEY=a secret of thirty-two characters\nIMAP_PASSWORD=secret\n", encoding="utf-8")
    env.chmod(0o600)
    mailbox.Maildir(deployment.folder / "reports", create=True)
    deployment.write_plain_look()
    with SmtpSink() as sink:
        deployment.write(
            provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port},
            bounces={"address": "bounces@example.org", "maildir": "reports"},
        )
        yield sink


def storage_of(deployment: Deployment) -> Storage:
    return Storage.open(load(deployment.folder / "config", environ={}).database)


def put(deployment: Deployment, *mails: bytes) -> None:
    for mail in mails:
        mailbox.Maildir(deployment.folder / "reports").add(mail)


def bounce(to: str, *, status: str = "5.1.1", action: str = "failed", number: int = 1) -> bytes:
    return (
        f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: {to}\nMessage-ID: <r{number}@mx.example>\n"
        "Date: Mon, 23 Nov 2026 07:00:00 +0000\nSubject: Undelivered Mail Returned to Sender\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n"
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; x@y.example\n"
        f"Action: {action}\nStatus: {status}\n--b--\n"
    ).encode()  # fmt: skip


def test_a_bounce_to_a_return_path_stops_mail_to_that_reader(deployment: Deployment, sink: SmtpSink) -> None:
    assert deployment("run", "--now", MORNING, "--json").json["sent"] == 3
    paths = {message.recipient: message.sender for message in sink.messages}
    assert len(set(paths.values())) == 3
    assert all(path.startswith("bounces+") and path.endswith("@example.org") for path in paths.values())
    put(deployment, b"Subject: hello\n\nwho reads this?\n", bounce(paths[ADA]), bounce(paths[ADA]), b"\xff\x00")
    said = deployment("run", "--now", "2026-11-23T12:00:00Z", "--json")
    assert (said.code, said.json["warnings"]) == (0, [])
    assert {mail.get_flags() for mail in mailbox.Maildir(deployment.folder / "reports")} == {"S"}
    assert deployment("status", "--json").json["events"] == {"bounced_hard": 1}
    assert "heard back  1 bounced hard" in deployment("status").out
    assert 'newsletter_events{kind="bounced_hard"} 1' in deployment("status", "--prometheus").out
    with storage_of(deployment) as storage:
        assert storage.events.counts() == {EventKind.BOUNCED_HARD: 1}
        assert storage.suppressions.among(READERS) == {ADA}
        assert storage.deliveries.counts() == {DeliveryState.SENT: 2, DeliveryState.FAILED: 1}


def test_what_came_back_by_imap_is_heard_too(deployment: Deployment, sink: SmtpSink) -> None:
    deployment("run", "--now", MORNING)
    path = next(message.sender for message in sink.messages if message.recipient == ADA)
    with ImapSink([bounce(path, action="delayed", status="4.4.1"), bounce(path, status="5.2.2", number=2)]) as reports:
        place = {"host": "127.0.0.1", "port": reports.port, "username": "reports", "password": "${IMAP_PASSWORD}"}
        deployment.write(bounces={"address": "bounces@example.org", "imap": place})
        assert "can be read; mails wait in it" in deployment("doctor").out.replace("\n", " ").replace("  ", " ")
        assert deployment("run", "--now", "2026-11-23T12:00:00Z").code == 0
        assert reports.seen == {1, 2}
    with storage_of(deployment) as storage:
        assert storage.events.counts() == {EventKind.BOUNCED_SOFT: 1, EventKind.DEFERRED: 1}
        assert storage.suppressions.count() == 0


def test_a_folder_that_cannot_be_read_is_a_warning_and_stops_nobody(deployment: Deployment, sink: SmtpSink) -> None:
    deployment.write(bounces={"maildir": "nowhere"})
    said = deployment("run", "--now", MORNING, "--json")
    assert (said.code, said.json["sent"]) == (0, 3)
    assert any("nowhere: is no Maildir folder" in warning for warning in said.json["warnings"])
    checks = {check["name"]: check for check in deployment("doctor", "--json").json["checks"]}
    assert checks["bounces"]["health"] == "failed"
    assert "is no Maildir folder" in checks["bounces"]["detail"]


def test_a_dry_run_reads_nothing(deployment: Deployment, sink: SmtpSink) -> None:
    put(deployment, bounce("bounces@example.org"))
    assert deployment("run", "--dry-run", "--now", MORNING).code == 0
    assert {mail.get_flags() for mail in mailbox.Maildir(deployment.folder / "reports")} == {""}


def test_what_is_uncertain_is_settled_by_what_came_back(deployment: Deployment, sink: SmtpSink) -> None:
    sink.answer("END", "gibberish")
    assert deployment("run", "--now", MORNING, "--only", ADA, "--json").json["uncertain"] == 1
    put(deployment, bounce(sink.messages[0].sender, action="delayed", status="4.4.1"))
    deployment("run", "--now", "2026-11-23T12:00:00Z", "--only", ADA)
    with storage_of(deployment) as storage:
        assert storage.deliveries.counts() == {DeliveryState.SENT: 1}
    assert len(sink.messages) == 1


@pytest.mark.parametrize(("answer", "is_suppressed"), [("550 5.1.1 nobody", True), ("550 5.7.1 policy", False)])
def test_a_refused_address_is_a_hard_bounce(
    deployment: Deployment, sink: SmtpSink, answer: str, is_suppressed: bool
) -> None:
    sink.answer("RCPT", answer)
    assert deployment("run", "--now", MORNING, "--only", ADA, "--json").json["failed"] == 1
    with storage_of(deployment) as storage:
        assert storage.suppressions.is_suppressed(ADA) is is_suppressed
        assert storage.deliveries.counts() == {DeliveryState.FAILED: 1}


def test_without_a_key_mails_share_one_return_path(deployment: Deployment, sink: SmtpSink) -> None:
    (deployment.folder / ".env").unlink()
    deployment("run", "--now", MORNING)
    assert {message.sender for message in sink.messages} == {"bounces@example.org"}
    checks = {check["name"]: check for check in deployment("doctor", "--json").json["checks"]}
    assert checks["return path"]["health"] == "warning"


# -- SendGrid ------------------------------------------------------------------------------------------------------

PRIVATE = ec.generate_private_key(ec.SECP256R1())
KEY = base64.b64encode(PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def signed(body: bytes) -> dict[str, str]:
    timestamp = f"{NOW.timestamp():.0f}"
    signature = PRIVATE.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
    }


def receive(deployment: Deployment, body: bytes, headers: dict[str, str] | None = None) -> Applied:
    settings = load(deployment.folder / "config", environ={})
    with Storage.open(settings.database) as storage:
        return receive_sendgrid(
            settings, storage, body=body, headers=signed(body) if headers is None else headers, now=NOW
        )


@pytest.fixture
def by_sendgrid(deployment: Deployment, once: Callable[..., None]) -> Deployment:
    """The deployment has sent three mails, and goes on by SendGrid."""
    once(deployment, lambda: deployment("run", "--now", MORNING))
    deployment.write(provider={"kind": "sendgrid", "api_key": "SG.x", "webhook_key": KEY})
    return deployment


def posted(**fields: Any) -> bytes:
    return json.dumps(
        [{"timestamp": int(NOW.timestamp()), "sg_event_id": "one", "delivery_id": "1", **fields}]
    ).encode()


def test_what_sendgrid_posts_is_written_down_once(by_sendgrid: Deployment) -> None:
    body = posted(event="spamreport")
    assert receive(by_sendgrid, body) == Applied(new=1, suppressed=1)
    assert receive(by_sendgrid, body) == Applied(known=1)


@pytest.mark.parametrize(
    ("body", "headers", "error"),
    [
        (posted(event="spamreport"), {}, NotSigned),
        (posted(event="spamreport"), signed(b"[]"), NotSigned),
        (b" " * (MAX_BYTES + 1), None, EventsTooLarge),
        (b"{}", None, EventError),
    ],
)
def test_what_cannot_be_believed_or_read_changes_nothing(
    by_sendgrid: Deployment, body: bytes, headers: dict[str, str] | None, error: type[EventError]
) -> None:
    with pytest.raises(error):
        receive(by_sendgrid, body, headers)
    with storage_of(by_sendgrid) as storage:
        assert storage.events.counts() == {}


@pytest.mark.parametrize("key", [None, "bm8ga2V5"])
def test_without_a_key_nothing_is_believed(by_sendgrid: Deployment, key: str | None) -> None:
    by_sendgrid.write(provider={"kind": "sendgrid", "api_key": "SG.x", "webhook_key": key})
    with pytest.raises(UsageError, match="webhook_key"):
        receive(by_sendgrid, posted(event="spamreport"))


def test_reports_are_read_where_the_folder_says(deployment: Deployment, sink: SmtpSink, tmp_path: Path) -> None:
    """Relative to the deployment folder, as all paths."""
    assert load(deployment.folder / "config", environ={}).bounces.maildir == deployment.folder / "reports"
