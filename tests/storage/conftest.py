"""A storage on each kind of database, and readers with deliveries in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.model import Delivery, Subscriber
from newsletter.storage import NewDelivery, Storage


@pytest.fixture
def now() -> datetime:
    """The product's clock."""
    return datetime(2026, 11, 22, 7, 30, tzinfo=UTC)


@pytest.fixture
def at() -> datetime:
    """The machine's clock: it stands still in these tests, and not where the product's stands."""
    return datetime(2026, 11, 23, 9, 0, 7, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with nothing in it, not even the schema, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'newsletter.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def storage(storage_url: str, at: datetime) -> Iterator[Storage]:
    """An open storage."""
    with Storage.open(storage_url, clock=lambda: at, durability="process") as opened:
        yield opened


@pytest.fixture
def join(storage: Storage) -> Callable[..., Subscriber]:
    """Stores a reader of that name."""

    def join(name: str, **fields: object) -> Subscriber:
        return storage.subscribers.save(Subscriber(id=name, email=f"{name}@example.org", **fields))

    return join


@pytest.fixture
def plan(storage: Storage, join: Callable[..., Subscriber], now: datetime) -> Callable[..., None]:
    """Plans a digest of today for a new reader of each name."""

    def plan(*names: str, **fields: object) -> None:
        for name in names:
            join(name)
        defaults = {
            "local_date": now.date(),
            "edition": "2026-11-22T07:30:00Z",
            "valid_until": now + timedelta(hours=12),
            "created_at": now,
        }
        new = [
            NewDelivery(subscriber=name, **({"message_id": f"<{name}@example.org>"} | defaults | fields))
            for name in names
        ]
        assert storage.deliveries.plan(new) == len(names)

    return plan


@pytest.fixture
def lease(storage: Storage, now: datetime, at: datetime) -> Callable[..., tuple[Delivery, ...]]:
    """Leases for five minutes, by default all there is for an owner ``a``."""

    def lease(owner: str = "a", *, limit: int = 100) -> tuple[Delivery, ...]:
        until = at + timedelta(minutes=5)
        return storage.deliveries.lease(owner=owner, limit=limit, until=until, now=now, at=at).deliveries

    return lease
