"""The fault suite in its shortened form; ``make faults`` runs all of it."""

from __future__ import annotations

import pytest

from benchmarks.faults.__main__ import SCENARIOS, Scale, table
from benchmarks.faults.rows import Row
from benchmarks.faults.world import Place

SHORT = Scale(
    seeds=1, readers=500, kills=3, few=45, codes=3, runners=3, days=40, every=60, sizes=1, mails=100, bodies=300
)
WITH_KILLS = {"T1": 43, "T2": 2, "T8": 1}
"""Named points, and one more where there has to be a dead sender first."""


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_lost_and_nothing_doubled(name: str, places: list[Place]) -> None:
    rows = list(SCENARIOS[name](places, SHORT))
    assert rows
    assert [row for row in rows if not row.is_kept] == []
    assert sum(row.kills for row in rows) >= WITH_KILLS.get(name, 0)
    assert all(row.sent + row.uncertain for row in rows if row.recipients and name != "T24")


def test_the_table_says_which_promise_was_broken() -> None:
    rows = [Row(scenario="fine", sent=3), Row(scenario="worse", lost=1), Row(scenario="wrong", broken=("a word",))]
    assert [row.is_kept for row in rows] == [True, False, False]
    assert list(table(rows).columns[8].cells) == ["kept", "BROKEN", "BROKEN"]
