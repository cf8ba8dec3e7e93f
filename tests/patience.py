"""Time-outs that are as short as the machine of the day allows."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

SECONDS = (0.3, 3.0, 30.0)


def with_patience(check: Callable[[float], None]) -> None:
    """Runs ``check`` with a short time-out, and where it did not hold with ever longer ones; the last one counts.

    Within a short time-out a busy machine may not come to the point that the check is about; what is wrong there is
    wrong with a long one too.
    """
    *shorter, longest = SECONDS
    for seconds in shorter:
        with suppress(Exception, pytest.fail.Exception):
            check(seconds)
            return
    check(longest)


def wait_until(holds: Callable[[], object], *, seconds: float = 300) -> None:
    """Waits for something to come true, and fails where it does not come for very long."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)
