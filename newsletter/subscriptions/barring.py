"""Addresses that are not mailed: why, and how an operator lets one be mailed again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.errors import UsageError
from newsletter.model import Subscriber
from newsletter.storage import Storage


@dataclass(frozen=True, slots=True)
class Barred:
    """Why an address is not mailed, and who stands behind it."""

    reason: str
    since: datetime
    reader: Subscriber | None
    """``None``: nobody here has the address, as after an erase."""


def find_suppression(storage: Storage, address: str) -> Barred | None:
    """Why the address is not mailed; ``None`` where it is not suppressed."""
    found = storage.suppressions.reasons([address]).get(address)
    return Barred(*found, storage.subscribers.by_email(address)) if found else None


def lift_suppression(storage: Storage, address: str) -> Barred:
    """Lets the address be mailed again, as if nothing had ever bounced there; what barred it.

    Who has left stays away, for only the reader undoes that. UsageError where the address is not suppressed.
    """
    barred = find_suppression(storage, address)
    if barred is None or not storage.suppressions.remove(address):
        raise UsageError(f"{address}: is not suppressed")
    return barred
