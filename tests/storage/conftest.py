"""A storage on each kind of database, with its schema; copied from one that was migrated once."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from newsletter.model import Delivery, Subscriber
from newsletter.storage import NewDelivery, Storage
from newsletter.storage.schema import metadata


@pytest.fixture
def now() -> datetime:
    """The product's clock."""
    return datetime(2026, 11, 22, 7, 30, tzinfo=UTC)


@pytest.fixture
def at() -> datetime:
    """The machine's clock: it stands still in these tests, and not where the product's stands."""
    return datetime(2026, 11, 23, 9, 0, 7, tzinfo=UTC)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema."""
    file = tmp_path_factory.mktemp("template") / "newsletter.db"
    Storage.open(f"sqlite:///{file}").close()
    return file


@pytest.fixture(scope="session")
def postgres_with_schema(postgres_server: str) -> str:
    """The URL of a PostgreSQL database with the schema."""
    name = f"template_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    Storage.open(url, migrate=True).close()
    return url


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite database with the schema."""
    file = tmp_path / "newsletter.db"
    shutil.copy(sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture
def emptied_postgres_url(postgres_with_schema: str) -> str:
    """The same with nothing in it; emptying costs a hundredth of making a database."""
    children_first = [table.name for table in reversed(metadata.sorted_tables) if table.name != "notes"]
    with psycopg.connect(postgres_with_schema) as connection:
        connection.execute("; ".join(f"DELETE FROM {name}" for name in children_first))
        connection.execute("DELETE FROM notes WHERE name = 'clock'")
    return postgres_with_schema


@pytest.fixture(params=["sqlite", "postgresql"])
def storage_url(request: pytest.FixtureRequest) -> str:
    """A database with the schema, once on SQLite and once on PostgreSQL."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "emptied_postgres_url"))


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
