from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, insert, inspect, make_url, text

from newsletter.errors import StorageError
from newsletter.model import DeliveryState, Entry, Subscriber
from newsletter.storage import NewDelivery, Storage, Upgrade
from newsletter.storage.codec import ENTRY
from newsletter.storage.engine import Database
from newsletter.storage.schema import HEAD, VERSION_TABLE, entries, metadata
from newsletter.storage.upgrade import MIGRATIONS, bring_up_to_date

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{head}"


def upgrade():
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("colour", sa.Text()))
        table.alter_column("edition", new_column_name="issue")
    {then}
"""


def execute(url: str, sql: str) -> None:
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    with engine.begin() as connection:
        connection.execute(text(sql))
    engine.dispose()


@pytest.fixture
def next_version(tmp_path: Path) -> Callable[[str], Path]:
    """The migrations of a next version of this code."""

    def write(then: str = "pass") -> Path:
        folder = tmp_path / "migrations"
        shutil.copytree(MIGRATIONS, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "versions" / "v9000_next.py").write_text(NEXT.format(head=HEAD, then=then))
        return folder

    return write


def test_migrations_and_schema_agree(storage: Storage) -> None:
    with storage._database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_partial_indexes_are_partial_on_both(storage: Storage) -> None:
    indexes = {index["name"]: index for index in inspect(storage._database.engine).get_indexes("deliveries")}
    name = storage._database.engine.name
    where = {index: str(known["dialect_options"].get(f"{name}_where")) for index, known in indexes.items()}
    assert "kind = 'digest'" in where["uq_deliveries_digest"]
    assert "kind <> 'digest'" in where["ix_deliveries_subscriber"]
    assert "state = 'ready'" in where["ix_deliveries_ready"]
    assert "owner IS NOT NULL" in where["ix_deliveries_in_hand"]
    assert "'handed'" in where["ix_deliveries_at_rest"]
    assert indexes["uq_deliveries_digest"]["unique"]


def test_the_code_speaks_the_last_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_new_sqlite_file_is_made_with_its_folders_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "var" / "50% off" / "newsletter.db"
    with Storage.open(f"sqlite:///{file}") as storage:
        assert storage.upgrade == Upgrade(before=None, after=HEAD)
        assert storage.version == HEAD
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with Storage.open(f"sqlite:///{file}") as storage:
        assert storage.upgrade is None


def test_an_empty_file_is_a_new_database(tmp_path: Path) -> None:
    (tmp_path / "newsletter.db").touch()
    with Storage.open(f"sqlite:///{tmp_path / 'newsletter.db'}") as storage:
        assert storage.entries.count() == 0


def test_postgresql_is_migrated_only_when_told(postgres_url: str) -> None:
    with pytest.raises(StorageError, match=f"the database is empty, .* needs {HEAD}; run `newsletter migrate`"):
        Storage.open(postgres_url)
    with Storage.open(postgres_url, migrate=True) as storage:
        assert storage.upgrade == Upgrade(before=None, after=HEAD)
    with Storage.open(postgres_url) as storage:
        assert storage.upgrade is None


def test_sqlite_is_not_migrated_when_told_not_to(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="run `newsletter migrate`"):
        Storage.open(f"sqlite:///{tmp_path / 'newsletter.db'}", migrate=False)


def test_a_database_of_a_newer_version_is_refused(storage_url: str) -> None:
    execute(storage_url, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    try:
        with pytest.raises(StorageError, match=r"newer version \(9999, this one knows .*\); upgrade newsletter"):
            Storage.open(storage_url, migrate=True)
    finally:
        execute(storage_url, f"UPDATE {VERSION_TABLE} SET version_num = '{HEAD}'")


def test_another_programs_sqlite_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "places.sqlite"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE bookmarks (id)")
    connection.close()
    with pytest.raises(StorageError, match=r"belongs to another program .*`bookmarks`"):
        Storage.open(f"sqlite:///{file}")


def test_a_postgresql_database_may_have_other_tenants(postgres_url: str) -> None:
    execute(postgres_url, "CREATE TABLE bookmarks (id int)")
    Storage.open(postgres_url, migrate=True).close()
    execute(postgres_url, f"DROP TABLE {VERSION_TABLE}")
    with pytest.raises(StorageError, match="belongs to another program"):
        Storage.open(postgres_url, migrate=True)


def with_a_message(database: Database) -> None:
    """One delivery and its message, written as any version would."""
    storage = Storage(database, upgrade=None)
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    reader = storage.subscribers.save(Subscriber(id="ada", email="ada@example.org"))
    day = {"local_date": noon.date(), "valid_until": noon + timedelta(hours=9), "created_at": noon}
    storage.deliveries.plan([NewDelivery(subscriber=reader.id, edition="e", message_id="<m>", **day)])
    leased = storage.deliveries.lease(owner="a", limit=1, until=noon, now=noon, at=noon).deliveries
    storage.deliveries.hand(leased, owner="a", bodies={leased[0].id: (b"body",)})


def test_an_upgrade_keeps_what_is_stored(database_url: str, next_version: Callable[..., Path]) -> None:
    """Rebuilding a table, as SQLite must, does not take the rows along that point to it."""
    database = Database(database_url)
    bring_up_to_date(database, migrate=True)
    with_a_message(database)
    upgrade = bring_up_to_date(database, migrate=True, head="9000", migrations=next_version())
    with database.reading() as connection:
        assert connection.execute(text("SELECT issue, colour FROM deliveries")).all() == [("e", None)]
        assert connection.execute(text("SELECT count(*) FROM messages")).scalar() == 1
    assert bring_up_to_date(database, migrate=True, head="9000", migrations=next_version()) is None
    database.close()
    assert (upgrade.before, upgrade.after) == (HEAD, "9000")
    with pytest.raises(StorageError, match="newer version"):
        Storage.open(database_url, migrate=True)


@pytest.fixture
def early_version(tmp_path: Path) -> Callable[[str], Path]:
    """The migrations as they were when that one was the last."""

    def write(last: str) -> Path:
        folder = tmp_path / "early"
        shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        for script in (folder / "versions").glob("v*.py"):
            if script.name[1:5] > last:
                script.unlink()
        return folder

    return write


def write_as_early_versions_did(connection: Connection, *, is_sqlite: bool) -> None:
    """A reader with a paper, a digest that was sent and kept, and one that another version has in hand."""
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    paper = Entry(title="On cats", id="cats", first_seen_at=noon)
    connection.execute(insert(entries).values(id=paper.id, first_seen_at=noon, record=ENTRY.encode(paper)))
    connection.execute(
        text(
            "INSERT INTO subscribers (id, email, address, address_hash, name, timezone, schedule, profile, state, owner,"
            " when_empty) VALUES ('ada', 'ada@example.org', 'ada@example.org', 'h', '', 'UTC', '{}', '{}', 'active',"
            " 'database', 'skip')"
        )
    )
    at = "2026-11-22 12:00:00.000000" if is_sqlite else noon
    planned = text(
        "INSERT INTO deliveries (kind, subscriber, local_date, edition, state, attempt, owner, valid_until, message_id,"
        " created_at, updated_at, shown, payload) VALUES ('digest', 'ada', :day, 'e', :state, 1, 'old', :at, :message,"
        " :at, :at, '[\"cats\"]', :payload)"
    )
    for day, state in (("2026-11-22", "sent"), ("2026-11-23", "handed"), ("2026-11-24", "ready")):
        local_date = day if is_sqlite else date.fromisoformat(day)
        row = {"day": local_date, "state": state, "at": at, "message": f"<{day}>", "payload": day.encode()}
        connection.execute(planned, row)
    kept = text("INSERT INTO messages (delivery_id, kept_at, encoding, body) VALUES (1, :at, 'zlib', :body)")
    connection.execute(kept, {"at": at, "body": zlib.compress(b"body")})
    connection.execute(text("DELETE FROM deliveries WHERE state = 'ready'"))


@pytest.mark.parametrize("version", ["0001", "0002"])
def test_a_database_of_an_early_version_goes_on_after_its_upgrade(
    database_url: str, early_version: Callable[[str], Path], version: str
) -> None:
    """What is stored stays; a SQLite file is upgraded by being opened, PostgreSQL when told."""
    database = Database(database_url)
    bring_up_to_date(database, migrate=True, head=version, migrations=early_version(version))
    is_sqlite = database.is_sqlite
    with database.writing() as connection:
        write_as_early_versions_did(connection, is_sqlite=is_sqlite)
    database.close()
    if not is_sqlite:
        with pytest.raises(StorageError, match=f"of version {version}, .* needs {HEAD}; run `newsletter migrate`"):
            Storage.open(database_url)
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    with Storage.open(database_url, migrate=None if is_sqlite else True) as storage:
        assert (storage.upgrade.before, storage.upgrade.after) == (version, HEAD)
        assert (storage.upgrade.copy is not None) is is_sqlite
        assert storage.deliveries.message("ada", noon.date()) == b"body"
        handed, sent = storage.deliveries.find()
        assert (sent.state, sent.message_id, sent.shown, sent.payload) == (
            DeliveryState.SENT, "<2026-11-22>", ("cats",), b"2026-11-22",
        )  # fmt: skip
        assert (sent.owner, handed.owner) == (None, "old")
        assert storage.deliveries.counts() == {DeliveryState.SENT: 1, DeliveryState.HANDED: 1}
        assert storage.deliveries.settle_dead(at=noon).uncertain == ("ada",)
        day = {"local_date": date(2026, 11, 25), "valid_until": noon + timedelta(days=9), "created_at": noon}
        assert storage.deliveries.plan([NewDelivery(subscriber="ada", edition="e", message_id="<m>", **day)]) == 1
        assert storage.deliveries.find()[0].id == 4  # the third one's id does not come back
        storage.votes.cast("ada", "cats", 1, noon)
        storage.vectors.save("small", {"cats": b"vector"}, on=noon.date())
        assert [vote.entry.id for vote in storage.votes.of(["ada"])["ada"]] == ["cats"]
        assert storage.subscribers.erase("ada", now=noon)
        assert storage.deliveries.find() == []
    if storage.upgrade.copy:
        copied = create_engine(f"sqlite:///{storage.upgrade.copy}")
        assert ("votes" in inspect(copied).get_table_names()) is (version >= "0002")
        assert "inputs" not in inspect(copied).get_table_names()


def test_what_is_at_rest_is_found_after_its_index_was_made_anew(
    database_url: str, early_version: Callable[[str], Path]
) -> None:
    database = Database(database_url)
    bring_up_to_date(database, migrate=True, head="0006", migrations=early_version("0006"))
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    at = "2026-11-22 12:00:00.000000" if database.is_sqlite else noon
    day = "2026-11-22" if database.is_sqlite else noon.date()
    row = text(
        "INSERT INTO deliveries (id, kind, subscriber, local_date, state, attempt, owner, retry_at, valid_until,"
        " created_at, updated_at) VALUES (:id, 'digest', :message, :day, :state, 1, :owner, :at, :at, :at, :at)"
    )
    made_of = text(
        "INSERT INTO inputs (delivery_id, message_id, shown, payload) VALUES (:id, :message, '[]', :payload)"
    )
    with database.writing() as connection:
        for number, state in enumerate(DeliveryState, 1):
            owner = "old" if state in {DeliveryState.LEASED, DeliveryState.HANDED} else None
            of_it = {"id": number, "message": f"<{number}>"}
            connection.execute(row, {**of_it, "day": day, "state": state.value, "owner": owner, "at": at})
            connection.execute(made_of, {**of_it, "payload": b""})
    database.close()
    with Storage.open(database_url, migrate=True) as storage:
        assert storage.upgrade.before == "0006"
        assert storage.deliveries.counts() == dict.fromkeys(DeliveryState, 1)
        for state in DeliveryState:
            assert [found.state for found in storage.deliveries.find(states={state})] == [state]
        wanted = {"owner": "new", "limit": 9, "until": noon + timedelta(hours=1), "at": noon}
        leased = storage.deliveries.lease(**wanted, now=noon - timedelta(hours=1))
        # What was ready and what was due: there are no readers.
        assert [one.state for one in leased.settled] == [DeliveryState.SUPPRESSED] * 2


def test_sqlite_is_copied_before_it_is_changed(sqlite_url: str, next_version: Callable[..., Path]) -> None:
    database = Database(sqlite_url)
    with_a_message(database)
    database.file.chmod(0o640)
    upgrade = bring_up_to_date(database, migrate=True, head="9000", migrations=next_version())
    database.close()
    assert upgrade.copy == database.file.with_name("newsletter.db.before-9000")
    assert stat.S_IMODE(upgrade.copy.stat().st_mode) == 0o640
    with Storage.open(f"sqlite:///{upgrade.copy}") as copy:
        assert copy.deliveries.message("ada", date(2026, 11, 22)) == b"body"


def test_an_upgrade_that_fails_changes_nothing(database_url: str, next_version: Callable[..., Path]) -> None:
    database = Database(database_url)
    bring_up_to_date(database, migrate=True)
    with_a_message(database)
    broken = next_version("op.execute('DROP TABLE no_such_table')")
    for _ in range(2):
        with pytest.raises(StorageError, match="no_such_table"):
            bring_up_to_date(database, migrate=True, head="9000", migrations=broken)
    assert Storage(database, upgrade=None).deliveries.message("ada", date(2026, 11, 22)) == b"body"
    assert bring_up_to_date(database, migrate=False) is None
    database.close()


OPEN = (
    "import sys; from newsletter.storage import Storage; print(Storage.open(sys.argv[1], migrate=True).entries.count())"
)


def test_two_processes_may_make_the_same_database(database_url: str) -> None:
    command = [sys.executable, "-c", OPEN, database_url]
    makers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [maker.communicate() for maker in makers]
    assert told == [("0\n", "")] * 2
