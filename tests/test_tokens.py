from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer as Reference
from itsdangerous import URLSafeSerializer
from itsdangerous.signer import SigningAlgorithm

from newsletter.tokens import LIVES, SIGNATURE_BYTES, Purpose, Signer, _Seal, salt_of

OLD, NEW = "an old secret of enough length 123", "a new secret of enough length 456"
DAY = date(2026, 11, 22)
PART = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=1, max_size=40)


class Half(SigningAlgorithm):
    """HMAC-SHA256, of which half is kept."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha256")[:SIGNATURE_BYTES]


def day_for(purpose: Purpose) -> date | None:
    return DAY if LIVES[purpose] else None


@pytest.mark.parametrize("made_for", list(Purpose))
@pytest.mark.parametrize("used_for", list(Purpose))
def test_a_token_opens_only_the_door_it_was_made_for(made_for, used_for):
    signer = Signer([NEW])
    read = signer.read(used_for, signer.sign(made_for, "s1", "e2", at=day_for(made_for)), at=DAY)
    assert read == (["s1", "e2"] if made_for is used_for else None)


@given(st.sampled_from(Purpose), st.lists(PART, min_size=1, max_size=4), st.text(min_size=1, max_size=80))
def test_it_is_what_itsdangerous_makes_with_that_algorithm(purpose, parts, key):
    token = Signer([key]).sign(purpose, *parts, at=day_for(purpose))
    said = ".".join([*parts, *([DAY.isoformat()] if LIVES[purpose] else [])])
    reference = Reference(key, salt=salt_of(purpose), digest_method=hashlib.sha256, algorithm=Half())
    assert token.encode() == reference.sign(said)
    assert Signer([key]).read(purpose, token, at=DAY) == parts


def test_old_links_work_after_the_key_was_rotated():
    token = Signer([OLD]).sign(Purpose.UNSUBSCRIBE, "s1")
    assert Signer([NEW, OLD]).read(Purpose.UNSUBSCRIBE, token) == ["s1"]
    assert Signer([NEW]).read(Purpose.UNSUBSCRIBE, token) is None
    fresh = Signer([NEW, OLD]).sign(Purpose.UNSUBSCRIBE, "s1")
    assert Signer([NEW]).read(Purpose.UNSUBSCRIBE, fresh) == ["s1"]


@pytest.mark.parametrize("keys", [[NEW], [NEW, OLD], [OLD, NEW]])
def test_the_longer_tokens_of_earlier_mails_still_let_a_reader_out(keys):
    salt = {"salt": "newsletter.unsubscribe", "signer_kwargs": {"digest_method": hashlib.sha256}}
    before = URLSafeSerializer(NEW, serializer=json, **salt).dumps(["s1"])
    assert Signer(keys).read(Purpose.UNSUBSCRIBE, before) == ["s1"]
    assert Signer([OLD]).read(Purpose.UNSUBSCRIBE, before) is None
    assert Signer(keys).read(Purpose.ARCHIVE, before) is None


@pytest.mark.parametrize("purpose", [purpose for purpose, life in LIVES.items() if life])
def test_a_life_is_counted_from_the_day_it_was_made_on_and_no_clock_is_in_the_token(purpose):
    signer, life = Signer([NEW]), LIVES[purpose]
    token = signer.sign(purpose, "s1", at=DAY)
    assert token == signer.sign(purpose, "s1", at=DAY)
    assert signer.read(purpose, token, at=DAY + life) == ["s1"]
    assert signer.read(purpose, token, at=DAY + life + timedelta(days=1)) is None
    later = token.replace(DAY.isoformat(), (DAY + life).isoformat())
    assert later != token
    assert signer.read(purpose, later, at=DAY) is None


def test_a_day_is_given_where_there_is_a_life_and_nowhere_else():
    with pytest.raises(ValueError, match="feedback: a day belongs"):
        Signer([NEW]).sign(Purpose.FEEDBACK, "s1")
    with pytest.raises(ValueError, match="unsubscribe: a day belongs"):
        Signer([NEW]).sign(Purpose.UNSUBSCRIBE, "s1", at=DAY)


@pytest.mark.parametrize("parts", [(), ("",), ("a.b",), ("a", ""), ("ada@example.org",), ("a b",), ("é",), ("a/b",)])
@pytest.mark.parametrize("purpose", [Purpose.UNSUBSCRIBE, Purpose.FEEDBACK])
def test_what_could_be_read_in_two_ways_or_breaks_a_link_is_not_signed(purpose, parts):
    with pytest.raises(ValueError, match="no parts of a link"):
        Signer([NEW]).sign(purpose, *parts, at=day_for(purpose))


@pytest.mark.parametrize(
    "token", ["", ".", "a.b", "a.b.c", "\x00", "é", "W10.x" * 100, "s1." + "é" * 22, "s1." + "A" * 22]
)
@pytest.mark.parametrize("purpose", list(Purpose))
def test_junk_is_no_token(purpose, token):
    assert Signer([NEW]).read(purpose, token) is None


@given(st.integers(0, 38), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_changed_token_is_refused(place, character):
    token = Signer([NEW]).sign(Purpose.UNSUBSCRIBE, "0123456789abcdef")
    assert len(token) == 39
    changed = token[:place] + character + token[place + 1 :]
    assert Signer([NEW]).read(Purpose.UNSUBSCRIBE, changed) == (["0123456789abcdef"] if changed == token else None)


def test_an_unsubscribe_link_fits_where_relays_fold_headers():
    token = Signer([secrets.token_urlsafe(32)]).sign(Purpose.UNSUBSCRIBE, "0123456789abcdef")
    assert len(f"<https://newsletter.cs.example.org/u/{token}>") <= 77


@pytest.mark.parametrize("said", ["s1.yesterday", "s1.2026-13-01", "2026-11-22", "s1.9999-12-31", "s1"])
def test_what_our_key_signed_and_our_code_never_would_is_no_token(said: str) -> None:
    seal = _Seal("a secret of thirty-two characters", Purpose.PREFERENCES)
    signer = Signer(["a secret of thirty-two characters"])
    assert signer.read(Purpose.PREFERENCES, f"{said}.{seal.press(said.encode())}", at=date(2026, 11, 22)) is None
