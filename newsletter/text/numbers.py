"""Numbers of things as people say them."""

from __future__ import annotations


def counted(count: int, one: str, many: str) -> str:
    """The number and what there are so many of.

    >>> counted(1, "mail waits", "mails wait"), counted(2, "mail waits", "mails wait")
    ('1 mail waits', '2 mails wait')
    """
    return f"{count} {one if count == 1 else many}"
