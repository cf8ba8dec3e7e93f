"""What SendGrid posts to our webhook."""

from __future__ import annotations

import base64
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.delivery.sendgrid_events import MAX_BYTES, read_events, require_signed
from newsletter.delivery.sendgrid_payload import DELIVERY_ARGUMENT
from newsletter.errors import EventError, EventsTooLarge, NotSigned
from newsletter.model import EventKind, Rejection

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())


def posted(**fields: Any) -> dict[str, Any]:
    return {
        "email": "ada@reader.example",
        "timestamp": SECONDS - 60,
        "smtp-id": "<m1@papers.example>",
        "sg_event_id": "c2VuZGdyaWQ",
        "sg_message_id": "x.filter0001.1.2-3",
        DELIVERY_ARGUMENT: "42",
        **fields,
    }


def body_of(*told: object) -> bytes:
    return json.dumps(told).encode()


def test_an_event_says_which_delivery_and_when() -> None:
    (event,) = read_events(body_of(posted(event="delivered", response="250 OK ada@reader.example")), now=NOW)
    assert (event.kind, event.delivery_id, event.at) == (EventKind.DELIVERED, 42, NOW - timedelta(minutes=1))
    assert (event.provider, event.id, event.message_id) == ("sendgrid", "c2VuZGdyaWQ", "<m1@papers.example>")
    assert (event.recipient, event.detail) == ("ada@reader.example", "250 OK …")


@pytest.mark.parametrize(
    ("fields", "kind", "reason"),
    [
        ({"event": "processed"}, "queued", None),
        ({"event": "deferred", "response": "400 later", "attempt": "5"}, "deferred", None),
        ({"event": "delivered"}, "delivered", None),
        ({"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 nobody"}, "bounced_hard", None),
        ({"event": "bounce", "status": "5.0.0", "reason": "500 unknown recipient"}, "bounced_hard", None),
        ({"event": "bounce"}, "bounced_hard", None),
        ({"event": "bounce", "type": "bounce", "status": "5.2.2", "reason": "552 full"}, "bounced_soft", None),
        ({"event": "bounce", "type": "bounce", "bounce_classification": "Invalid Address", "reason": "554 no"}, "bounced_hard", None),
        ({"event": "bounce", "type": "bounce", "bounce_classification": "Invalid Address", "reason": "554 spam"}, "blocked", None),
        ({"event": "bounce", "type": "bounce", "bounce_classification": "Mailbox Unavailable", "reason": "550 x"}, "bounced_soft", None),
        ({"event": "bounce", "type": "bounce", "bounce_classification": "Technical", "reason": "550 x"}, "bounced_soft", None),
        ({"event": "bounce", "type": "bounce", "bounce_classification": "Reputation", "reason": "550 x"}, "blocked", None),
        ({"event": "bounce", "type": "blocked", "status": "5.1.1", "reason": "550 5.1.1 nobody"}, "blocked", None),
        ({"event": "bounce", "type": "expired", "reason": "unable to get mx info"}, "bounced_soft", None),
        ({"event": "dropped", "reason": "Bounced Address"}, "rejected", "bounced"),
        ({"event": "dropped", "reason": "Unsubscribed Address"}, "rejected", "unsubscribed"),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, "rejected", "complained"),
        ({"event": "dropped", "reason": "Spam Content (if Spam Checker app enabled)"}, "rejected", "blocked"),
        ({"event": "dropped", "reason": "Invalid"}, "rejected", "invalid"),
        ({"event": "dropped", "reason": "Invalid SMTPAPI header"}, "rejected", "other"),
        ({"event": "dropped", "reason": "Recipient List over Package Quota"}, "rejected", "other"),
        ({"event": "dropped"}, "rejected", "other"),
        ({"event": "spamreport"}, "complained", None),
        ({"event": "unsubscribe"}, "unsubscribed", None),
        ({"event": "group_unsubscribe", "asm_group_id": 7}, "unsubscribed", None),
        ({"event": "group_resubscribe"}, "unknown", None),
        ({"event": "open"}, "opened", None),
        ({"event": "click", "url": "https://papers.example"}, "clicked", None),
        ({"event": "account_status_change", "type": "compliance_suspend"}, "unknown", None),
        ({"event": "of tomorrow"}, "unknown", None),
        ({"event": None}, "unknown", None),
        ({}, "unknown", None),
    ],
)  # fmt: skip
def test_what_sendgrid_calls_things(fields: dict[str, Any], kind: str, reason: str | None) -> None:
    (event,) = read_events(body_of(posted(**fields)), now=NOW)
    assert event.kind == kind
    assert event.reason == (Rejection(reason) if reason else None)


@pytest.mark.parametrize("told", ["7", 7])
def test_our_number_may_be_text_or_not(told: object) -> None:
    assert read_events(body_of(posted(event="open", **{DELIVERY_ARGUMENT: told})), now=NOW)[0].delivery_id == 7


@pytest.mark.parametrize("told", ["", "7.5", "-7", "²", "9" * 30, str(2**63), 2**64, True, None, [7], {"a": 1}])
def test_what_is_no_number_of_ours_is_none(told: object) -> None:
    assert read_events(body_of(posted(event="open", **{DELIVERY_ARGUMENT: told})), now=NOW)[0].delivery_id is None


@pytest.mark.parametrize("told", [SECONDS + 10, "junk", None, 1e300, -1e300, float("inf"), True, [], "9" * 400])
def test_a_time_that_is_none_is_now(told: object) -> None:
    assert read_events(body_of(posted(event="open", timestamp=told)), now=NOW)[0].at == NOW


@pytest.mark.parametrize("own", ["", None, 7.5, "x" * 300, "an@address.example", "ü"])
def test_an_id_that_cannot_be_kept_is_made_anew_and_stays_the_same(own: object) -> None:
    told = posted(event="open", sg_event_id=own)
    (once,), (again,) = read_events(body_of(told), now=NOW), read_events(json.dumps([told], indent=1).encode(), now=NOW)
    assert once.id == again.id
    assert len(once.id) == 40
    assert once.id != read_events(body_of(told | {"sg_event_id": "other"}), now=NOW)[0].id


def test_nothing_that_a_database_refuses_comes_out_of_it() -> None:
    nasty = "a\x00b\ud800@reader.example"
    (event,) = read_events(body_of(posted(event="bounce", email=nasty, reason=nasty, **{"smtp-id": nasty})), now=NOW)
    said = "".join((*event.recipients, event.detail, event.message_id or ""))
    assert said.isprintable()
    assert said.encode()


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b"[1]", b"[[]]", b'[{"event": "open"}', b"\xff\xfe", b"[" * 100_000, b'"open"', b"[NaN]"],
)
def test_what_is_no_list_of_events_is_told(body: bytes) -> None:
    with pytest.raises(EventError, match=r"expected"):
        read_events(body, now=NOW)


def test_a_body_is_at_most_a_megabyte_and_ten_thousand_events() -> None:
    assert read_events(b"[]" + b" " * (MAX_BYTES - 2), now=NOW) == []
    with pytest.raises(EventsTooLarge, match="1000001 bytes"):
        read_events(b"[]" + b" " * (MAX_BYTES - 1), now=NOW)
    with pytest.raises(EventError, match="10001 events"):
        read_events(b"[" + b"{}," * 10_000 + b"{}]", now=NOW)


def test_no_depth_falls_between_what_is_read_and_what_is_told() -> None:
    """An event without an id is named after all it says: that takes a little more of the stack than reading it."""
    outcomes = set()
    for depth in range(sys.getrecursionlimit() - 150, sys.getrecursionlimit() + 50):
        body = b'[{"event": "open", "more": ' + b"[" * depth + b"]" * depth + b"}]"
        try:
            outcomes.add(len(read_events(body, now=NOW)))
        except EventError:
            outcomes.add("told")
    assert "told" in outcomes or outcomes == {1}


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9) | st.just("bounce"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.sampled_from(sorted(posted(event=1, reason=1, type=1, status=1))), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(st.binary(max_size=200) | JSON.map(lambda told: json.dumps(told).encode()) | st.lists(JSON.filter(lambda one: isinstance(one, dict)), max_size=3).map(lambda told: json.dumps(told).encode()))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_whatever_the_bytes_it_is_events_or_a_clear_error(body: bytes) -> None:
    try:
        events = read_events(body, now=NOW)
    except EventError:
        return
    assert all(event.at <= NOW and event.id and "@" not in event.detail for event in events)


# -- signatures ----------------------------------------------------------------------------------------------------

PRIVATE = ec.generate_private_key(ec.SECP256R1())
KEY = base64.b64encode(PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
BODY = body_of(posted(event="delivered"))


def signed(body: bytes = BODY, *, at: object = SECONDS) -> dict[str, str]:
    signature = PRIVATE.sign(f"{at}".encode() + body, ec.ECDSA(SHA256()))
    return {
        "x-twilio-email-event-webhook-SIGNATURE": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": f"{at}",
    }


@pytest.mark.parametrize("hours", [-48, -1, 0, 1, 47])
def test_what_is_signed_is_believed(hours: int) -> None:
    require_signed(BODY, signed(), key=KEY, now=NOW + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("body", "headers", "told"),
    [
        (BODY, {}, "no signature"),
        (BODY, {**signed(), "X-Twilio-Email-Event-Webhook-Timestamp": ""}, "no signature"),
        (BODY + b" ", signed(), "not signed with the key"),
        (BODY, {**signed(), "X-Twilio-Email-Event-Webhook-Timestamp": "1"}, "not signed with the key"),
        (BODY, signed(at=SECONDS - 49 * 3600), "48 hours ago"),
        (BODY, signed(at=SECONDS + 49 * 3600), "48 hours ago"),
        (BODY, signed(at="whenever"), "48 hours ago"),
    ],
)
def test_what_is_not_signed_is_refused(body: bytes, headers: dict[str, str], told: str) -> None:
    with pytest.raises(NotSigned, match=told):
        require_signed(body, headers, key=KEY, now=NOW)


def test_what_is_too_large_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(EventsTooLarge):
        require_signed(b" " * (MAX_BYTES + 1), signed(), key=KEY, now=NOW)
