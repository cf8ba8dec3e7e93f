"""2. What do we know? SQLAlchemy Core on SQLite or PostgreSQL, one file an aggregate."""

from newsletter.storage.addresses import normal_form
from newsletter.storage.editions import EditionHeader
from newsletter.storage.health import Health
from newsletter.storage.ledger import Leased, NewDelivery, Settlement
from newsletter.storage.lock import RunLock
from newsletter.storage.runs import RunRecord
from newsletter.storage.storage import Storage
from newsletter.storage.upgrade import Upgrade

__all__ = [
    "EditionHeader",
    "Health",
    "Leased",
    "NewDelivery",
    "RunLock",
    "RunRecord",
    "Settlement",
    "Storage",
    "Upgrade",
    "normal_form",
]
