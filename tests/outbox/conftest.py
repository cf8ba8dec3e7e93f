"""A ledger on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from outboxes import Outbox

from newsletter.storage import Storage


@pytest.fixture
def outbox(database_url: str) -> Iterator[Outbox]:
    with Storage.open(database_url, migrate=True) as storage:
        yield Outbox(storage)
