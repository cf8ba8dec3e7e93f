"""A ledger on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from outboxes import Outbox

from newsletter.storage import Storage


@pytest.fixture
def outbox(storage_url: str) -> Iterator[Outbox]:
    with Storage.open(storage_url, durability="process") as storage:
        yield Outbox(storage)
