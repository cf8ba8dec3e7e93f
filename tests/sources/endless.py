"""A reader that never comes to an end."""

from __future__ import annotations


def count_for_ever(body: bytes) -> None:
    """Never gives anything back."""
    while body:
        pass
