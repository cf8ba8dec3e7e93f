from __future__ import annotations

from datetime import date, datetime, timedelta

from newsletter.storage import RunRecord, Storage


def test_there_is_no_last_run_at_first(storage: Storage) -> None:
    assert storage.runs.last() is None


def test_a_run_that_is_begun_and_finished_is_one_row(storage: Storage, now: datetime) -> None:
    storage.runs.save("r1", started_at=now, finished_at=None, report={})
    done = now + timedelta(minutes=1)
    storage.runs.save("r1", started_at=now, finished_at=done, report={"sent": 3, "date": date(2026, 11, 22)})
    assert storage.runs.list() == [
        RunRecord(id="r1", started_at=now, finished_at=done, report={"sent": 3, "date": "2026-11-22"})
    ]


def test_the_list_is_latest_first(storage: Storage, now: datetime) -> None:
    for hours in (2, 3, 1):
        storage.runs.save(f"r{hours}", started_at=now + timedelta(hours=hours), finished_at=None, report={})
    assert [run.id for run in storage.runs.list(2)] == ["r3", "r2"]
    assert storage.runs.last().id == "r3"
