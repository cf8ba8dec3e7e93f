"""DKIM signatures, as dkimpy verifies them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from dkim.canonicalization import Relaxed
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rendering.invented import LINKS, SENDER

from newsletter.config.signing_keys import public_record
from newsletter.model import Mailbox
from newsletter.rendering import build_message
from newsletter.rendering.dkim import Signature, _relaxed_body, sign
from newsletter.rendering.headers import digest_headers

SENT_AT = datetime(2024, 3, 4, 6, 31, tzinfo=UTC)
"""Past on any machine: a signature from the future is believed by nobody."""
RSA = Signature("example.org", "s2026", generate_private_key(65537, 2048))
ED = Signature("mail.example.org", "e2026", Ed25519PrivateKey.generate())
RECORDS = {f"{one.selector}._domainkey.{one.domain}.".encode(): public_record(one.key).encode() for one in (RSA, ED)}

texts = st.text(max_size=200) | st.text(st.sampled_from("a \t\n.=é🧠"), max_size=200)


def mail(*, subject: str = "Naps", text: str = "t\n", html: str = "<p>h</p>", name: str = "Ada") -> bytes:
    headers = digest_headers(edition="2026-11-22T06:30:00Z", title="Morning Papers", sender=SENDER, links=LINKS)
    to = Mailbox(email="ada@example.org", name=name)
    return build_message(
        sender=SENDER, recipient=to, subject=subject, html=html, text=text, message_id="<1@example.org>", date=SENT_AT,
        headers=headers,
    ).raw  # fmt: skip


def signed(raw: bytes, signatures: Iterable[Signature] = (RSA,), *, at: datetime = SENT_AT) -> bytes:
    return sign(raw, signatures, at=at) + raw


def verified(raw: bytes) -> bool:
    try:
        return bool(dkim.verify(raw, dnsfunc=lambda name, timeout=5: RECORDS[name]))
    except dkim.DKIMException:
        return False


def verify_each(raw: bytes, count: int) -> list[bool]:
    look = dkim.DKIM(raw)
    return [look.verify(idx=idx, dnsfunc=lambda name, timeout=5: RECORDS[name]) for idx in range(count)]


@pytest.mark.parametrize("signatures", [[RSA], [ED], [RSA, ED]], ids=["RSA", "Ed25519", "both"])
def test_signatures_are_believed(signatures: list[Signature]) -> None:
    raw = signed(mail(), signatures)
    assert raw.count(b"DKIM-Signature: ") == len(signatures)
    assert verify_each(raw, len(signatures)) == [True] * len(signatures)


@settings(max_examples=40, deadline=None)
@given(texts, texts, texts, texts)
@example("x" * 500, " \n\n \n", "", "")
def test_any_message_of_ours_is_believed(subject: str, text: str, html: str, name: str) -> None:
    raw = mail(subject=subject, text=text, html=html, name=name)
    assert verify_each(signed(raw, [RSA, ED]), 2) == [True, True]


lines = st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"b c", b"=20"])).map(b"".join)


@given(lines.map(lambda text: text + b"\r\n"))
@example(b"")
@example(b"\r\n")
@example(b"abc \r\n \r\n")
@example(b" \t\r\n   \r\n")
def test_bodies_are_relaxed_as_the_standard_says(body: bytes) -> None:
    assert _relaxed_body(body) == Relaxed.canonicalize_body(body)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_one_changed_byte_breaks_it(data: st.DataObject) -> None:
    raw = mail(subject="Naps and more", text="One line\nand another one\n")
    lines = sign(raw, [RSA], at=SENT_AT)
    covered = [
        found.span() for found in re.finditer(rb"(?m)^(From|To|Subject|Date|List-[A-Za-z-]+|Feedback-ID): .*", raw)
    ]
    covered.append((raw.index(b"\r\n\r\n") + 4, len(raw) - 2))
    start, end = data.draw(st.sampled_from(covered))
    place = data.draw(st.integers(start, end - 1))
    other = b"#" if raw[place : place + 1] != b"#" else b"+"
    assert verified(lines + raw)
    assert not verified(lines + raw[:place] + other + raw[place + 1 :])


@pytest.mark.parametrize("name", [b"From", b"To", b"Subject", b"Date"])
def test_nobody_can_put_a_second_one_above(name: bytes) -> None:
    raw = mail()
    assert not verified(name + b": somebody <else@example.org>\r\n" + signed(raw))
    assert verified(b"Received: by a relay\r\n" + signed(raw))


def test_what_relays_do_to_spaces_breaks_nothing() -> None:
    raw = signed(mail())
    assert verified(raw.replace(b"Subject: ", b"subject:  \r\n\t").replace(b"\r\n\r\n--=_", b"  \r\n\r\n--=_", 1))
    assert verified(raw + b"\r\n\r\n")


def test_both_headers_of_one_click_unsubscribing_are_covered_and_lines_are_short() -> None:
    lines = sign(mail(), [RSA, ED], at=SENT_AT)
    for header in lines.split(b"DKIM-Signature: ")[1:]:
        names = re.search(rb"\bh=([^;]+);", header.replace(b"\r\n ", b""))[1].split(b":")
        assert {b"List-Unsubscribe", b"List-Unsubscribe-Post", b"List-Id", b"Feedback-ID", b"Message-ID"} <= set(names)
        assert [names.count(name) for name in (b"From", b"To", b"Subject", b"Date", b"MIME-Version")] == [2, 2, 2, 2, 1]
    assert max(map(len, lines.split(b"\r\n"))) <= 78
    assert lines.isascii()
    assert lines.endswith(b"\r\n")


def test_the_instant_is_the_callers_and_the_same_one_gives_the_same_bytes() -> None:
    raw = mail()
    elsewhere = SENT_AT.astimezone(timezone(timedelta(hours=9)))
    assert sign(raw, [RSA, ED], at=SENT_AT) == sign(raw, [RSA, ED], at=elsewhere)
    assert f"t={int(SENT_AT.timestamp())};".encode() in sign(raw, [RSA], at=SENT_AT)
    assert sign(raw, [], at=SENT_AT) == b""
