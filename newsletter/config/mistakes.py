"""How a wrong value is told: errors that pydantic collects, with what was expected."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pydantic_core import PydanticCustomError


def mistake(expected: str, *, suggestion: str | None = None, at: int | None = None) -> PydanticCustomError:
    """The error of a value that is not as ``expected``; ``at`` is the item that is wrong in a list."""
    details = {"expected": expected, "suggestion": suggestion, "at": at}
    return PydanticCustomError("mistake", "expected {expected}", details)


def clash(message: str, *, at: str) -> PydanticCustomError:
    """The error of settings that do not go together, as a whole sentence; ``at`` names the key to point at."""
    return PydanticCustomError("clash", "{message}", {"message": message, "at": at})


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    by_folded = {other.casefold(): other for other in known}
    close = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None
