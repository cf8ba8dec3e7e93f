"""Our verification against that of the ``sendgrid`` package."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader

from newsletter.delivery.sendgrid_signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, is_signed, read_key

BODY = (
    '[{"email":"reader1@example.org","event":"delivered","delivery_id":"7","reason":"größer \N{SNOWMAN}"}]\r\n'.encode()
)
TIMESTAMP = "1763796600"
PRIVATE = ec.generate_private_key(ec.SECP256R1())


def _text(key: PublicKeyTypes) -> str:
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


KEY = _text(PRIVATE.public_key())
OTHER_KEY = _text(ec.generate_private_key(ec.SECP256R1()).public_key())
SIGNATURE = base64.b64encode(PRIVATE.sign(TIMESTAMP.encode() + BODY, ec.ECDSA(SHA256()))).decode()


@dataclass(frozen=True)
class Case:
    body: bytes = BODY
    signature: str = SIGNATURE
    timestamp: str = TIMESTAMP
    key: str = KEY

    @property
    def ours(self) -> bool:
        return is_signed(self.body, signature=self.signature, timestamp=self.timestamp, key=self.key)

    @property
    def theirs(self) -> bool:
        """What the package says; where it fails over junk it does not say yes."""
        try:
            return bool(EventWebhook(self.key).verify_signature(self.body.decode(), self.signature, self.timestamp))
        except (ValueError, TypeError, AttributeError):
            return False


def test_what_sendgrid_signed_is_believed() -> None:
    assert Case().ours
    assert Case().theirs


@pytest.mark.parametrize(
    "case",
    [
        Case(body=BODY + b" "),
        Case(body=BODY.replace(b"reader1", b"reader2")),
        Case(body=b""),
        Case(timestamp="1763796601"),
        Case(timestamp=""),
        Case(timestamp="nöw"),
        Case(key=OTHER_KEY),
        Case(key=""),
        Case(key="junk"),
        Case(key=base64.b64encode(b"junk").decode()),
        Case(key=_text(ed25519.Ed25519PrivateKey.generate().public_key())),
        Case(signature=""),
        Case(signature="junk"),
        Case(signature="größer"),
        Case(signature=base64.b64encode(b"junk").decode()),
        Case(signature=SIGNATURE[:-8]),
        Case(signature=base64.b64encode(bytes(64)).decode()),
    ],
)
def test_nothing_else_is(case: Case) -> None:
    assert not case.ours
    assert not case.theirs


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.text(max_size=20), st.binary(max_size=200), st.text(max_size=120))
def test_no_junk_is_an_error(signature: str, timestamp: str, body: bytes, key: str) -> None:
    assert not is_signed(body, signature=signature, timestamp=timestamp, key=key)
    assert not is_signed(body, signature=signature, timestamp=timestamp, key=KEY)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_no_byte_may_change(place: int, change: int) -> None:
    tampered = bytearray(BODY)
    tampered[place] ^= change
    assert not Case(body=bytes(tampered)).ours


def test_bodies_that_are_no_text_can_be_signed_too() -> None:
    body = b"\xff\x00\xfe"
    signature = base64.b64encode(PRIVATE.sign(TIMESTAMP.encode() + body, ec.ECDSA(SHA256()))).decode()
    assert is_signed(body, signature=signature, timestamp=TIMESTAMP, key=f" {KEY[:40]}\n{KEY[40:]} ")


def test_keys_on_another_curve_are_none() -> None:
    with pytest.raises(ValueError, match=r"P-256"):
        read_key(_text(ec.generate_private_key(ec.SECP384R1()).public_key()))
    with pytest.raises(ValueError, match="the base64 text that SendGrid shows"):
        read_key("-----BEGIN PUBLIC KEY-----")


def test_the_headers_are_those_of_the_package() -> None:
    assert (SIGNATURE_HEADER, TIMESTAMP_HEADER) == (EventWebhookHeader.SIGNATURE, EventWebhookHeader.TIMESTAMP)
