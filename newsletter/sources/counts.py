"""Numbers that count something, however an answer writes them."""

from __future__ import annotations

MOST = 10**9
"""More of anything is a mistake of the source, and no database would take it."""


def read_count(value: object) -> int | None:
    """The number, also where it is written as a text; ``None`` for what counts nothing.

    >>> read_count(12), read_count("12"), read_count(True), read_count(-1), read_count(10**30), read_count("many")
    (12, 12, None, None, None, None)
    """
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST else None
