"""3. What matters to this reader? Pure functions of entries, a profile and the instant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

from newsletter.model import Profile, Ranked
from newsletter.ranking.pool import Pool

__all__ = ["Pool", "Ranker"]


class Ranker(Protocol):
    """What puts papers in a reader's order; ``Pool`` is one."""

    def rank(self, profile: Profile, *, now: datetime, limit: int | None = None) -> list[Ranked]:
        """Best first, all of them where ``limit`` is ``None``."""

    def rank_many(
        self, profiles: Iterable[Profile], *, now: datetime, limit: int | None = 10
    ) -> Iterator[list[Ranked]]:
        """The same for each profile, in their order."""
