"""What a server said, fit to be kept."""

from __future__ import annotations

import re

from newsletter.delivery.reports.addresses import addresses_in
from newsletter.text import one_line

DETAIL_CHARACTERS = 300


def without_addresses(words: str) -> str:
    """The words as one short line in which no address is left.

    >>> without_addresses("550 5.1.1 <ada@example.org>: user unknown")
    '550 5.1.1 <…>: user unknown'
    """
    seen = "".join(letter if letter.isprintable() else " " for letter in words[: 4 * DETAIL_CHARACTERS])
    line = one_line(seen)
    for address in addresses_in(line):
        line = line.replace(address, "…")
    return re.sub(r"\S*@\S*", "…", line)[:DETAIL_CHARACTERS]
