from __future__ import annotations

import pytest

from newsletter.tokens import Purpose, Signer, new_secret

OLD, NEW = "an old secret of enough length 123", "a new secret of enough length 456"


@pytest.mark.parametrize("made_for", list(Purpose))
@pytest.mark.parametrize("used_for", list(Purpose))
def test_a_token_opens_only_the_door_it_was_made_for(made_for, used_for):
    signer = Signer([NEW])
    read = signer.read(used_for, signer.sign(made_for, "s1", "e2"))
    assert read == (["s1", "e2"] if made_for is used_for else None)


def test_old_links_work_after_the_key_was_rotated():
    token = Signer([OLD]).sign(Purpose.UNSUBSCRIBE, "s1")
    assert Signer([NEW, OLD]).read(Purpose.UNSUBSCRIBE, token) == ["s1"]
    assert Signer([NEW]).read(Purpose.UNSUBSCRIBE, token) is None
    fresh = Signer([NEW, OLD]).sign(Purpose.UNSUBSCRIBE, "s1")
    assert Signer([NEW]).read(Purpose.UNSUBSCRIBE, fresh) == ["s1"]


@pytest.mark.parametrize("token", ["", ".", "a.b", "a.b.c", "\x00", "é", "W10.x" * 100])
@pytest.mark.parametrize("purpose", list(Purpose))
def test_junk_is_no_token(purpose, token):
    assert Signer([NEW]).read(purpose, token) is None


def test_a_changed_token_is_refused():
    body, dot, signature = Signer([NEW]).sign(Purpose.UNSUBSCRIBE, "s1").partition(".")
    other = Signer([NEW]).sign(Purpose.UNSUBSCRIBE, "s2").partition(".")[0]
    assert Signer([NEW]).read(Purpose.UNSUBSCRIBE, body + dot + signature) == ["s1"]
    assert Signer([NEW]).read(Purpose.UNSUBSCRIBE, other + dot + signature) is None


def test_an_unsubscribe_token_leaves_room_for_the_address_in_an_unfolded_header():
    assert len(Signer([new_secret()]).sign(Purpose.UNSUBSCRIBE, "0123456789abcdef")) <= 72
