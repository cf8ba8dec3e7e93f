"""Names of people as feeds join them."""

from __future__ import annotations

import re

_BETWEEN = re.compile(r",\s+(?:and\s+)?|\s+(?:and|&)\s+|;\s*")
_ADDRESS = re.compile(r"\s*[(<]?(?:mailto:\S*|[^\s()<>]+@[^\s()<>]+)[)>]?\s*$")


def split_people(names: str) -> list[str]:
    """The people in one line of names; a family name in front of its initials is put behind them.

    >>> split_people("Ada Byron, Mary Shelley and Jane Marcet"), split_people("Byron, Ada")
    (['Ada Byron', 'Mary Shelley', 'Jane Marcet'], ['Byron, Ada'])
    >>> split_people("Byron, A., van der Berg, J.-P.")
    ['A. Byron', 'J.-P. van der Berg']
    """
    line = _ADDRESS.sub("", names).strip()
    parts = [part.strip() for part in _BETWEEN.split(line) if part.strip()]
    pairs = list(zip(parts[::2], parts[1::2], strict=False))
    if pairs and len(parts) % 2 == 0 and all(_is_family_first(*pair) for pair in pairs):
        return [f"{initials} {family}" for family, initials in pairs]
    whole_names = len(parts) > 1 and all(" " in part for part in parts)
    return parts if whole_names else [line] if line else []


def _is_family_first(family: str, initials: str) -> bool:
    return _are_initials(initials) and not _are_initials(family)


def _are_initials(name: str) -> bool:
    letters = re.sub(r"[\s.-]", "", name)
    return 0 < len(letters) <= 4 and letters.isalpha() and letters.isupper()
