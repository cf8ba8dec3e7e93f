from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.faults.world import Place, postgresql_databases, sqlite_files


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[list[Place]]:
    """Fresh databases of both kinds."""
    with sqlite_files(tmp_path_factory.mktemp("faults")) as sqlite, postgresql_databases(postgres_server) as postgresql:
        yield [sqlite, postgresql]
