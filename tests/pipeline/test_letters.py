"""Letters: written into the ledger, sent at once or by the next run, and never counted among digests."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from threading import Event

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from patience import wait_until
from product import Deployment, parse

from newsletter.config import load
from newsletter.config.settings import Settings
from newsletter.config.signing_keys import public_record
from newsletter.errors import LockHeld, ProviderError, StorageError
from newsletter.model import DeliveryState, LetterKind, Subscriber, SubscriberState
from newsletter.pipeline.messages import Letterhead
from newsletter.pipeline.posting import post_letters
from newsletter.scheduling import LetterBox
from newsletter.storage import Storage
from newsletter.subscriptions import plan_letter
from newsletter.testing import SmtpSink
from newsletter.tokens import Purpose, Signer

KEY = "a secret of more than thirty-two characters"
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
"""Past: a signature from the future is believed by nobody."""
NEW = Subscriber(id="n1", email="new@example.org", timezone="Asia/Tokyo", state=SubscriberState.PENDING)


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def parts(deployment: Deployment, sink: SmtpSink, monkeypatch) -> Iterator[tuple[Settings, Storage]]:
    """A deployment that mails by a real server, and a person who has just signed up."""
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", KEY)
    provider = {"kind": "smtp", "host": "127.0.0.1", "port": sink.port}
    deployment.write(base_url="https://papers.example.org", provider=provider)
    settings = load(deployment.folder / "config", environ={"NEWSLETTER_SECRET_KEY": KEY})
    with Storage.open(settings.database) as storage:
        storage.subscribers.save(NEW)
        yield settings, storage


def plan(parts: tuple[Settings, Storage], kind: LetterKind = LetterKind.CONFIRM, reader: Subscriber = NEW) -> None:
    plan_letter(parts[1], kind, reader, sender=parts[0].sender, now=NOW)


def post(parts: tuple[Settings, Storage]) -> dict[DeliveryState, int]:
    return dict(post_letters(*parts, Letterhead(parts[0]), now=NOW, stop=Event()))


def received(sink: SmtpSink) -> list[EmailMessage]:
    return [parse(one.raw) for one in sink.messages]


def test_a_mail_server_gets_the_question_at_once(parts, sink):
    plan(parts)
    assert post(parts) == {DeliveryState.SENT: 1}
    [mail] = received(sink)
    assert (mail["To"], mail["Subject"]) == ("new@example.org", "Confirm your subscription to Morning Papers")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    assert "Asia/Tokyo" in mail.get_body(("plain",)).get_content()
    links = {re.search(r"https://papers\.example\.org/c/([\w.-]+)", mail.get_body((kind,)).get_content())[1]
             for kind in ("plain", "html")}  # fmt: skip
    assert [Signer([KEY]).read(Purpose.CONFIRM, token) for token in links] == [["n1"]]
    assert Signer([KEY]).read(Purpose.CONFIRM, links.pop(), at=NOW.date() + timedelta(days=8)) is None
    assert post(parts) == {}


def test_a_letter_to_a_reader_has_the_way_out_and_the_way_to_their_page(parts, sink):
    parts[1].subscribers.set_state("n1", SubscriberState.ACTIVE)
    plan(parts, LetterKind.WELCOME)
    post(parts)
    [mail] = received(sink)
    assert mail["List-Unsubscribe"].startswith("<https://papers.example.org/u/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = re.search(r"https://papers\.example\.org/p/([\w.-]+)", mail.get_body(("plain",)).get_content())[1]
    assert Signer([KEY]).read(Purpose.PREFERENCES, token) == ["n1"]


def test_digests_are_left_for_the_run(deployment, parts, sink):
    with SmtpSink(lambda step, _: "451 4.3.0 later" if step == "MAIL" else None) as ill:
        deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": ill.port})
        assert deployment("run", "--json", "--now", NOW.isoformat()).code == 11
    waiting = parts[1].deliveries.count_waiting(now=NOW)
    assert waiting == 3
    plan(parts)
    assert post(parts) == {DeliveryState.SENT: 1}
    assert parts[1].deliveries.count_waiting(now=NOW) == waiting
    assert [mail["To"] for mail in received(sink)] == ["new@example.org"]


def test_a_run_sends_letters_too_and_counts_digests_alone(deployment, parts, sink):
    plan(parts)
    said = deployment("run", "--json", "--now", NOW.isoformat()).json
    assert (said["due"], said["sent"], said["retrying"], said["exit_code"]) == (3, 3, 0, 0)
    assert sorted(mail["To"] for mail in received(sink)) == [
        "ada@example.org", "ben@example.org", "eve@example.org", "new@example.org",
    ]  # fmt: skip
    listed = deployment("deliveries", "list", "--all", "--json").json["deliveries"]
    assert len(listed) == 4


def test_a_letter_is_sent_although_no_source_can_be_read(deployment, parts, sink):
    deployment.write(sources=[{"kind": "feed", "name": "gone", "url": "http://127.0.0.1:9/feed"}])
    assert deployment("run", "--json", "--now", NOW.isoformat()).code == 13
    plan(parts)
    assert deployment("run", "--json", "--now", NOW.isoformat()).json["due"] == 0
    assert [mail["To"] for mail in received(sink)] == ["new@example.org"]


def test_what_the_provider_puts_off_waits_and_goes_out_later_as_the_same_mail(parts, sink):
    sink.answer("END", "451 4.3.0 later")
    plan(parts)
    assert post(parts) == {}
    [waits] = parts[1].deliveries.find(states=[DeliveryState.RETRY])
    assert waits.retry_at is not None
    assert parts[1].deliveries.count_waiting(now=NOW) == 0
    again = Letterhead(parts[0]).render_letter(
        LetterKind.CONFIRM, NEW, asked_at=NOW, message_id=waits.message_id, date=waits.created_at
    )
    assert again.message_id == waits.message_id


def test_one_whose_person_left_in_the_meantime_is_told_of_as_suppressed(parts, sink):
    plan(parts, LetterKind.WELCOME)
    assert post(parts) == {DeliveryState.SUPPRESSED: 1}
    assert sink.messages == []


def test_a_run_at_work_a_stale_database_and_a_provider_that_is_away_are_told(parts, sink, deployment):
    plan(parts)
    with parts[1].lock(), pytest.raises(LockHeld):
        post(parts)
    sink.answer("CONNECT", "554 5.3.2 closed")
    with pytest.raises(ProviderError):
        post(parts)
    [waits] = parts[1].deliveries.find()
    assert (waits.state, waits.attempt) == (DeliveryState.READY, 0)
    (deployment.folder / "var" / "newsletter.db.counter").write_text("1000000")
    with pytest.raises(StorageError):
        post(parts)


def test_a_letter_is_signed_like_a_digest(deployment, parts, sink):
    key = ed25519.Ed25519PrivateKey.generate()
    file = deployment.folder / "s1.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.chmod(0o600)
    options = [{"selector": "s1", "key": "s1.pem"}]
    deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port, "dkim": options})
    settings = load(deployment.folder / "config", environ={"NEWSLETTER_SECRET_KEY": KEY})
    plan(parts)
    post((settings, parts[1]))
    record = public_record(key).encode()
    assert dkim.DKIM(sink.messages[0].raw).verify(dnsfunc=lambda name, timeout=5: record)


def test_a_letter_box_sends_what_is_put_in_and_waits_for_a_run_that_is_at_work(parts, sink, caplog):
    caplog.set_level(logging.INFO)
    with LetterBox(*parts, stop=Event()) as box:
        with parts[1].lock():
            plan(parts)
            box.post()
            wait_until(lambda: "a run is at work" in caplog.text)
        wait_until(lambda: len(sink.messages) == 1)
        plan(parts)
        box.post()
        wait_until(lambda: len(sink.messages) == 2)


def test_a_letter_box_lives_on_after_a_failure(parts, sink, caplog):
    sink.answer("CONNECT", "554 5.3.2 closed")
    with LetterBox(*parts, stop=Event()) as box:
        plan(parts)
        for times in (1, 2):
            box.post()
            wait_until(lambda: caplog.text.count("letters wait for the next run") >= times)  # noqa: B023 at once
    assert "new@example.org" not in caplog.text
