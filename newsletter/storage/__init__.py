"""2. What do we know? SQLAlchemy Core on SQLite or PostgreSQL, one file an aggregate."""

from newsletter.storage.editions import EditionHeader
from newsletter.storage.engine import Durability
from newsletter.storage.health import Health
from newsletter.storage.ledger import GivenUp, HandOver, Leased, NewDelivery, Settlement, Turned, Wanted
from newsletter.storage.lock import RunLock
from newsletter.storage.runs import RunRecord
from newsletter.storage.storage import Storage
from newsletter.storage.upgrade import Upgrade

__all__ = [
    "Durability",
    "EditionHeader",
    "GivenUp",
    "HandOver",
    "Health",
    "Leased",
    "NewDelivery",
    "RunLock",
    "RunRecord",
    "Settlement",
    "Storage",
    "Turned",
    "Upgrade",
    "Wanted",
]
