"""What a token of the API may do."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """Each stands alone: to write is not to read."""

    READERS_READ = "readers:read"
    READERS_WRITE = "readers:write"
    DELIVERIES_READ = "deliveries:read"
    DELIVERIES_WRITE = "deliveries:write"
    EDITIONS_READ = "editions:read"
    STATUS_READ = "status:read"


MEANINGS: dict[Scope, str] = {
    Scope.READERS_READ: "readers with their profiles, digests, votes and suppressions, addresses among it",
    Scope.READERS_WRITE: "add, change, pause, erase readers, vote for them, lift suppressions",
    Scope.DELIVERIES_READ: "the ledger",
    Scope.DELIVERIES_WRITE: "settle and retry deliveries",
    Scope.EDITIONS_READ: "editions, what is trending in them, and a digest for a profile that is given",
    Scope.STATUS_READ: "sources, counts and metrics; nothing of any one reader",
}
