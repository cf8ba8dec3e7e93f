"""Fetchers as somebody else would write them."""

from __future__ import annotations

from typing import Any

from newsletter.model import Entry, Fetched
from newsletter.sources import FetchRequest


class Friendly:
    """One entry, named by its options."""

    def fetch(self, request: FetchRequest[Any]) -> Fetched:
        entries = (Entry(title=request.source.options["title"]),)
        return Fetched(source=request.source.name, kind=request.source.kind, entries=entries)


class Broken:
    """A mistake."""

    def fetch(self, request: FetchRequest[Any]) -> Fetched:
        raise RuntimeError("two\nlines")


friendly = Friendly()


class Forgetful:
    def fetch(self, request: FetchRequest) -> Fetched:
        return Fetched(source="", kind="")


class Leaving:
    """Wants out of the whole program."""

    def fetch(self, request: FetchRequest) -> Fetched:
        raise SystemExit(3)


class Silent:
    """Forgets to give anything back."""

    def fetch(self, request: FetchRequest) -> None:
        return None
