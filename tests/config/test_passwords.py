from __future__ import annotations

import pytest
from pydantic import ValidationError

from newsletter.config.passwords import COST, PASSES, hash_password, is_password, read_password_hash
from newsletter.config.settings import Desk


def test_a_password_is_known_by_its_hash_and_by_no_other() -> None:
    kept = hash_password("four words and more", cost=16)
    assert is_password("four words and more", kept)
    assert not any(is_password(wrong, kept) for wrong in ("", "four words", "four words and more!", "x" * 10_000))
    assert "four" not in kept


def test_the_same_password_is_kept_differently_each_time() -> None:
    assert hash_password("four words and more", cost=16) != hash_password("four words and more", cost=16)


def test_it_is_known_however_a_keyboard_composes_its_letters() -> None:
    assert is_password("cafe\u0301 au lait, twice ", hash_password("caf\u00e9 au lait, twice", cost=16))


def test_what_is_printed_is_slow_and_fits_into_a_shell_and_into_env() -> None:
    kept = hash_password("four words and more")
    assert kept.startswith(f"scrypt.{COST}.8.{PASSES}.")
    assert COST * 128 * 8 >= 32 * 2**20
    assert set(kept) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert read_password_hash(kept) == kept


@pytest.mark.parametrize(
    "text",
    ["", "four words and more", "scrypt.16.8.1.short.short", "scrypt.15.8.3.{}", "scrypt.1.8.3.{}", "scrypt.9999999.99.9.{}",
     "scrypt.1048576.8.1.{}", "$2b$12$abcdefghijklmnopqrstuv"],
)  # fmt: skip
def test_what_is_no_hash_or_costs_out_of_bounds_is_told(text: str) -> None:
    whole = text.format(hash_password("x", cost=16).split(".", 4)[4])
    with pytest.raises(ValueError, match=r"hash|costs"):
        read_password_hash(whole)
    with pytest.raises(ValidationError, match="as `newsletter desk password` prints it"):
        Desk.model_validate({"password_hash": whole})
