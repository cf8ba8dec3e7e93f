"""How many deliveries there are by day, by edition and by state: for an operator to look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, select

from newsletter.model import DeliveryState
from newsletter.storage.engine import Database
from newsletter.storage.schema import deliveries

Tally = Mapping[DeliveryState, int]
"""States of none are left out."""
ZONES_APART = timedelta(days=2)
"""A local date may be a day from ours; and a digest is planned on its date, or the evening before."""


class Tallies:
    """Figures of the ledger; nothing is kept of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_day(self, since: date) -> dict[date, Tally]:
        """Local date -> deliveries of that date, from ``since`` on; dates of none are left out."""
        planned_from = (
            datetime.combine(since, time(), UTC) - ZONES_APART
        )  # there is an index of when, and none of dates
        query = (
            select(deliveries.c.local_date, deliveries.c.state, func.count())
            .where(deliveries.c.created_at >= planned_from, deliveries.c.local_date >= since)
            .group_by(deliveries.c.local_date, deliveries.c.state)
        )
        found: dict[date, dict[DeliveryState, int]] = defaultdict(dict)
        with self._database.reading() as connection:
            for day, state, count in connection.execute(query):
                found[day][DeliveryState(state)] = count
        return dict(sorted(found.items()))

    def by_edition(self, ids: Collection[str], *, since: datetime) -> dict[str, Tally]:
        """Edition -> its deliveries; ``since``: when the first of these editions was made."""
        query = (
            select(deliveries.c.edition, deliveries.c.state, func.count())
            .where(deliveries.c.created_at >= since, deliveries.c.edition.in_(list(ids)))
            .group_by(deliveries.c.edition, deliveries.c.state)
        )
        found: dict[str, dict[DeliveryState, int]] = defaultdict(dict)
        with self._database.reading() as connection:
            for edition, state, count in connection.execute(query):
                found[edition][DeliveryState(state)] = count
        return dict(found)
