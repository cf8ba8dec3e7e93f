"""T23 and T25: a database put back from a copy, and one whose schema is upgraded in the middle of an edition."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from benchmarks.faults.child import Job, run
from benchmarks.faults.deployment import deploy
from benchmarks.faults.kills import drain, mailed
from benchmarks.faults.rows import Row, judge, read_ledger
from benchmarks.faults.world import EDITION, NOW, TONIGHT, Place, address, addresses, administer
from newsletter.model import Digest
from newsletter.outbox import freeze
from newsletter.storage.engine import Database
from newsletter.storage.schema import HEAD
from newsletter.storage.upgrade import MIGRATIONS, bring_up_to_date
from newsletter.testing import SmtpSink

OLD = "0002"
TOMORROW = (NOW + timedelta(days=1)).isoformat()


def put_back_a_copy(*, readers: int) -> Row:
    """T23: a copy from before the run is put back; nothing is sent before the operator has said so."""
    with tempfile.TemporaryDirectory() as folder, SmtpSink() as sink:
        deployment = deploy(Path(folder), sink, readers=readers)
        deployment.command("fetch", "--now", "2026-11-23T07:00:00Z")
        copy = Path(folder) / "copy.db"
        with closing(sqlite3.connect(deployment.database)) as connection:
            connection.execute(f"VACUUM INTO '{copy}'")
        first, _ = deployment.run()
        for old in deployment.database.parent.glob("newsletter.db-*"):
            old.unlink()
        shutil.copy(copy, deployment.database)
        today, told = deployment.run()
        tomorrow, *_ = deployment.command("run", "--now", TOMORROW)
        row = judge(
            "T23 snapshot put back",
            read_ledger(deployment.url),
            mailed(sink),
            eligible=addresses(readers),
            may_wait=True,
        )
        confirmed, *_ = deployment.command("run", "--confirm-resume", "--now", TOMORROW)
        again = len(mailed(sink))
    return replace(row, remark=f"exit codes {today}, {tomorrow}; after --confirm-resume {confirmed}").with_checks(
        the_first_run_sends_all=first == 0 and row.sent == readers,
        nothing_is_sent_before_it_is_confirmed=today == tomorrow == 22,
        it_says_how_to_go_on="--confirm-resume" in str(told),
        tomorrow_is_sent_once_it_is=confirmed == 0 and again == 2 * readers,
    )


def upgrade_in_the_middle(places: Sequence[Place], *, readers: int) -> Iterator[Row]:
    """T25: an earlier version has sent a third, and died with some in hand; this one upgrades and goes on."""
    with tempfile.TemporaryDirectory() as folder:
        early = Path(folder) / "early"
        shutil.copytree(MIGRATIONS, early, ignore=shutil.ignore_patterns("__pycache__"))
        for script in (early / "versions").glob("v*.py"):
            if script.name[1:5] > OLD:
                script.unlink()
        for place in places:
            yield _upgrade(place, early, readers)


def _upgrade(place: Place, early: Path, readers: int) -> Row:
    sent, handed, leased = readers // 3, 15, 20
    with place.fresh(0) as url, SmtpSink() as sink:
        _empty(url)
        database = Database(url)
        bring_up_to_date(database, migrate=True, head=OLD, migrations=early)
        with database.writing() as connection:
            _write_as_then(connection, readers, ["sent"] * sent + ["handed"] * handed + ["leased"] * leased)
        is_sqlite = database.is_sqlite
        database.close()
        before = run(Job(url=url, provider=sink.settings)) if not is_sqlite else 0
        upgraded = Database(url)
        bring_up_to_date(upgraded, migrate=True)
        upgraded.close()
        code = drain(url, lambda: Job(url=url, provider=sink.settings))
        accepted = [*mailed(sink), *addresses(sent + handed)]
        ledger = read_ledger(url)
        # The earlier version kept no bodies here: that its fifteen had reached ``handed`` is how they were written.
        ledger = replace(ledger, handed=frozenset(addresses(sent + handed)))
        row = judge(
            f"T25 upgraded half-way, {place.name}", ledger, accepted, eligible=addresses(readers), at_stake=handed
        )
    remark = f"{OLD} to {HEAD}: {sent} sent, {handed} handed over, {leased} leased by then"
    return replace(row, remark=remark).with_checks(
        it_ends=code in (0, 10),
        what_was_handed_over_is_uncertain=row.uncertain == handed,
        a_server_is_not_upgraded_untold=is_sqlite or before == 22,
    )


def _empty(url: str) -> None:
    if url.startswith("postgresql"):
        administer(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    else:
        Path(url.removeprefix("sqlite:///")).unlink()


def _write_as_then(connection: object, readers: int, states: Sequence[str]) -> None:
    """Readers, and their deliveries as that version had written them."""
    payload = freeze(Digest(edition=EDITION, local_date=NOW.date()))
    is_sqlite = connection.dialect.name == "sqlite"  # type: ignore[attr-defined]
    at, until = ((f"{one:%Y-%m-%d %H:%M:%S}.000000" if is_sqlite else one) for one in (NOW, TONIGHT))
    for number in range(readers):
        state = states[number] if number < len(states) else "ready"
        one = {
            "id": f"reader-{number}",
            "email": address(number),
            "hash": f"hash-{number}",
            "state": state,
            "at": at,
            "until": until,
            "owner": "an earlier version" if state in {"handed", "leased", "sent"} else None,
            "payload": payload,
            "attempt": int(state != "ready"),
            "day": NOW.date().isoformat() if is_sqlite else NOW.date(),
            "edition": EDITION,
            "message": f"<{number}@example.org>",
        }
        for sql in (READER, DELIVERY):
            connection.execute(text(sql), one)  # type: ignore[attr-defined]


READER = (
    "INSERT INTO subscribers (id, email, address, address_hash, name, timezone, schedule, profile, state, owner,"
    " when_empty) VALUES (:id, :email, :email, :hash, '', 'UTC', '{}', '{}', 'active', 'database', 'skip')"
)
DELIVERY = (
    "INSERT INTO deliveries (kind, subscriber, local_date, edition, state, attempt, owner, lease_until, valid_until,"
    " message_id, created_at, updated_at, shown, payload) VALUES ('digest', :id, :day, :edition, :state, :attempt,"
    " :owner, :until, :until, :message, :at, :at, '[]', :payload)"
)
