"""Compressed answers in whatever pieces they come."""

from __future__ import annotations

import gzip
import random

import pytest

from newsletter.errors import SourceError
from newsletter.sources.inflate import Inflater

TEXT = random.Random(7).randbytes(3000) + b"dull " * 2000
MEMBERS = gzip.compress(TEXT[:5000]) + gzip.compress(b"") + gzip.compress(TEXT[5000:])


def inflated(body: bytes, *, step: int, **limits: int) -> bytes:
    bounds = {"wire_limit": 1_000_000, "plain_limit": 10_000_000, "ratio": 1000, **limits}
    inflater = Inflater("gzip", **bounds)
    for start in range(0, len(body), step):
        inflater.feed(body[start : start + step])
    return inflater.finish()


@pytest.mark.parametrize("step", [1, 2, 7, 1000, 1_000_000])
@pytest.mark.parametrize("padding", [b"", b"\0", b"\0" * 600, b"\n"], ids=["none", "a byte", "a block", "a line end"])
def test_members_and_padding_in_pieces_of_any_size(step, padding):
    assert inflated(MEMBERS + padding, step=step) == TEXT


@pytest.mark.parametrize("step", [1, 1000])
def test_a_member_that_breaks_off_is_told(step):
    with pytest.raises(SourceError, match="breaks off in the middle"):
        inflated(MEMBERS[:-20], step=step)


@pytest.mark.parametrize("step", [1, 1000])
def test_a_second_member_that_is_broken_is_told(step):
    body = bytearray(MEMBERS)
    body[-6] ^= 0xFF  # in its checksum
    with pytest.raises(SourceError, match="cannot be unpacked"):
        inflated(bytes(body), step=step)


def test_a_large_member_before_another_is_read_once():
    """Its end may be found in the middle of a step, with the next one behind it."""
    large = b"a long and dull text " * 30_000
    assert inflated(gzip.compress(large) + MEMBERS, step=1_000_000, ratio=10_000) == large + TEXT


def test_many_small_bombs_are_one_large_one():
    bombs = gzip.compress(b"\0" * 500_000) * 10
    with pytest.raises(SourceError, match="as only a bomb does"):
        inflated(bombs, step=1000, ratio=100)
