"""The hours of a run: downtime, late hours, clocks that change and clocks that are wrong, one mail a local date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from newsletter.config import load
from newsletter.model import DeliveryState
from newsletter.pipeline import run
from newsletter.storage import Storage
from newsletter.testing import SmtpSink

FILES = {"kind": "files", "path": "outbox"}


def scheduled(deployment, *, at: str | None = None, timezone: str = "UTC", days: object = "daily") -> None:
    """One reader, with this hour."""
    schedule = {"days": days} | ({"at": at} if at else {})
    deployment.write_readers([{"email": "ada@example.org", "timezone": timezone, "schedule": schedule}])


def sent(deployment, now: str) -> int:
    """How many mails a run at that time sent."""
    return deployment("run", "--json", "--now", now).json["sent"]


def dates(deployment) -> list[str]:
    """The local dates of all that is in the ledger, oldest first."""
    listed = deployment("deliveries", "list", "--all", "--json").json["deliveries"]
    return [f"{one['date']} {one['state']}" for one in reversed(listed)]


def test_after_days_of_downtime_todays_digest_goes_out_and_no_old_days(deployment):
    scheduled(deployment, at="07:30")
    assert sent(deployment, "2026-11-23T08:00:00Z") == 1
    deployment.write_page("others", [("A paper that came while nobody looked", "It waited for days.")])
    assert sent(deployment, "2026-11-26T20:15:00Z") == 1
    assert sent(deployment, "2026-11-26T20:20:00Z") == 0
    assert dates(deployment) == ["2026-11-23 sent", "2026-11-26 sent"]


def test_what_was_planned_before_the_downtime_is_given_up_and_its_papers_come_back(deployment):
    scheduled(deployment, at="07:30")
    deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": 9})
    assert deployment("run", "--now", "2026-11-23T08:00:00Z").code == 11
    deployment.write(provider=FILES)
    said = deployment("run", "--json", "--now", "2026-11-25T08:00:00Z").json
    assert (said["sent"], said["failed"], said["due"]) == (1, 1, 2)
    assert dates(deployment) == ["2026-11-23 failed", "2026-11-25 sent"]
    assert len(deployment.mails()) == 1


@pytest.mark.parametrize(
    ("at", "back_at", "found"),
    [
        ("07:30", "2026-11-23T07:29:00Z", []),
        ("07:30", "2026-11-23T23:59:00Z", ["2026-11-23 sent"]),
        ("07:30", "2026-11-24T00:01:00Z", []),
        ("23:30", "2026-11-24T01:29:00Z", ["2026-11-23 sent"]),
        ("23:30", "2026-11-24T01:30:00Z", []),
        (None, "2026-11-24T00:01:00Z", ["2026-11-24 sent"]),
    ],
)
def test_a_slot_is_open_until_local_midnight_and_two_hours_at_least(deployment, at, back_at, found):
    scheduled(deployment, at=at)
    sent(deployment, back_at)
    assert dates(deployment) == found


def test_days_are_the_readers_own(deployment):
    scheduled(deployment, at="07:30", timezone="Asia/Tokyo", days=["mon"])
    assert sent(deployment, "2026-11-22T22:29:00Z") == 0
    assert sent(deployment, "2026-11-22T22:31:00Z") == 1  # Monday morning in Tokyo
    assert sent(deployment, "2026-11-23T22:31:00Z") == 0
    assert dates(deployment) == ["2026-11-23 sent"]


def test_an_hour_that_comes_twice_is_mailed_once(deployment):
    scheduled(deployment, at="02:30", timezone="Europe/Berlin")
    hours = ["2026-10-25T00:25:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T01:35:00Z"]
    assert [sent(deployment, hour) for hour in hours] == [0, 1, 0, 0]
    assert dates(deployment) == ["2026-10-25 sent"]


def test_an_hour_that_the_clock_jumps_over_is_mailed_after_it(deployment):
    scheduled(deployment, at="02:30", timezone="Europe/Berlin")
    assert [sent(deployment, f"2026-03-29T{hour}:00Z") for hour in ("00:55", "01:00", "01:35")] == [0, 1, 0]
    assert dates(deployment) == ["2026-03-29 sent"]


def saw(deployment, at: datetime) -> None:
    """The machine's clock was at that instant once."""
    with Storage.open(f"sqlite:///{deployment.folder}/var/newsletter.db", clock=lambda: at) as storage:
        storage.clock.look()


def test_a_clock_that_is_years_behind_sends_nothing_until_somebody_says_so(deployment):
    saw(deployment, datetime.now(UTC) + timedelta(days=3652))
    refused = deployment("run", "--json")
    assert (refused.code, refused.json["sent"]) == (22, 0)
    assert "3651 days behind" in refused.json["error"]
    assert "--confirm-resume" in refused.json["error"]
    assert deployment.mails() == []
    assert deployment("run", "--dry-run", "--json").json["due"] == 3
    assert deployment("run", "--json", "--confirm-resume").json["sent"] == 3
    assert deployment("run", "--json").json["already_sent"] == 3


@pytest.mark.parametrize(("behind", "told"), [(timedelta(minutes=1), False), (timedelta(hours=25), True)])
def test_a_clock_that_went_back_by_hours_is_told_of_and_mails_nobody_twice(deployment, behind, told):
    assert deployment("run", "--json").json["sent"] == 3
    saw(deployment, datetime.now(UTC) + behind)
    said = deployment("run", "--json")
    assert (said.code, said.json["already_sent"]) == (0, 3)
    assert ("went back" in said.err) is told
    assert len(deployment.mails()) == 3


def test_a_run_whose_lock_is_lost_stops_and_the_next_one_sends_the_rest(deployment, postgres_url):
    """The server ends the session that has the lock, as a fail-over or an administrator does."""
    readers = [{"email": f"r{number}@example.org"} for number in range(45)]
    deployment.write_readers(readers)

    def end_session(step: str, _argument: str) -> None:
        if step == "END" and len(sink.messages) == 3:
            with psycopg.connect(postgres_url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")

    with SmtpSink(end_session) as sink:
        deployment.write(database=postgres_url, provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port})
        assert deployment("migrate").code == 0
        first = deployment("run", "--json", "--now", "2026-11-23T08:00:00Z")
        assert (first.code, first.json["sent"], first.json["retrying"]) == (11, 20, 25)
        assert "the lock of the run was lost" in first.json["error"]
        second = deployment("run", "--json", "--now", "2026-11-23T08:05:00Z")
        assert (second.code, second.json["sent"], second.json["already_sent"]) == (0, 25, 20)
    assert sorted(message.recipient for message in sink.messages) == sorted(reader["email"] for reader in readers)


def test_a_clock_that_is_a_year_ahead_deletes_nothing(deployment):
    assert sent(deployment, "2026-11-23T08:00:00Z") == 3
    settings, morning = load(deployment.folder / "config", environ={}), datetime(2026, 11, 23, 9, tzinfo=UTC)
    with Storage.open(settings.database, clock=lambda: datetime.now(UTC) + timedelta(days=400)) as storage:
        assert run(settings, storage, now=morning).counts.already_sent == 3
        assert storage.deliveries.counts() == {DeliveryState.SENT: 3}
    assert deployment("replay", "--date", "2026-11-23", "--subscriber", "ada@example.org").code == 0
