"""Two entries that turn out to be one paper after both were sent: it is not sent a third time."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from weeks.shapes import Paper
from weeks.world import HOUR, World


def test_a_late_merge_sends_nothing_again(live):
    thursday, friday, monday = date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 23)
    world = World(now=datetime.fromisoformat("2026-11-19T05:00:00+00:00"))
    preprint = world.preprint(thursday, "cs.LG")
    article = Paper(title="An article by quite another name", author="Grace Hopper", doi="10.1038/s41586-026-1")
    both = Paper(**{**vars(preprint), "doi": article.doi})
    other = world.preprint(monday, "cs.LG")
    world.announce(preprint, thursday, late=6 * HOUR)
    world.post("journal", article, datetime.fromisoformat("2026-11-20T10:00:00+00:00"), day=friday)
    world.change(both, monday, version=2)
    world.announce(other, monday)
    # Of the two she has room for the one that gives way when they turn out to be one.
    wishes = [{"text": article.title, "weight": 3}, {"text": preprint.title, "weight": 2}]
    narrow = {"schedule": {"days": ["mon", "fri"], "at": "12:00"}, "profile": {"interests": wishes, "max_papers": 1}}
    life = live(world, narrow={"email": "narrow@example.org", **narrow})
    for moment in ("19T05:30", "19T15:00", "20T05:30", "20T15:00", "21T05:30", "22T15:00"):
        life.run_at(datetime.fromisoformat(f"2026-11-{moment}:00+00:00"))
    before = life.mailed()
    two = {preprint.title: 1, article.title: 1}
    assert before["daily"] == before["weekdays"] == before["weekly"] == two
    assert (before["tokyo"], before["narrow"]) == ({preprint.title: 1}, {article.title: 1})
    for moment in ("23T05:30", "23T15:00", "24T05:30", "25T15:00"):
        life.run_at(datetime.fromisoformat(f"2026-11-{moment}:00+00:00"))
    assert life.entries() == 2
    later = {name: found - before[name] for name, found in life.mailed().items()}
    news = Counter([other.title])
    assert later == {"daily": news, "weekdays": news, "weekly": Counter(), "tokyo": news, "narrow": news}
