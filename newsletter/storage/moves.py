"""What readers, or the operator for them, say of being mailed: state, suppression and consent as one transaction.

A move counts only where the reader still stands where whoever says it saw them: of two at once one is told so.
"""

from __future__ import annotations

from sqlalchemy import update

from newsletter.model import Consent, Subscriber
from newsletter.storage.consents import Consents
from newsletter.storage.engine import Database
from newsletter.storage.schema import subscribers
from newsletter.storage.suppressions import Suppressions


class Moves:
    """The ways of readers from one state to another."""

    def __init__(self, database: Database, suppressions: Suppressions, consents: Consents) -> None:
        self._database = database
        self._suppressions = suppressions
        self._consents = consents

    def make(
        self, before: Subscriber, after: Subscriber, *, said: Consent, lifts: bool = False, came_from: str | None = None
    ) -> bool:
        """Takes the state, pause and owner of ``after``, and the word that moved them; ``lifts`` has the address mailed
        again. False, and nothing is written, where the reader does not stand as ``before`` any more, or is gone."""
        as_seen = (
            subscribers.c.id == before.id,
            subscribers.c.state == before.state,
            subscribers.c.owner == before.owner,
        )
        moved = update(subscribers).where(*as_seen)
        with self._database.writing() as connection:
            values = {"state": after.state, "paused_until": after.paused_until, "owner": after.owner}
            if not connection.execute(moved.values(values)).rowcount:
                return False
            if lifts:
                self._suppressions.remove_within(connection, after.email)
            self._consents.add_within(connection, said, came_from=came_from)
            return True
