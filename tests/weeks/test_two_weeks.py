"""Two weeks and a half in which everything goes wrong once: each paper reaches each reader exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from weeks.life import READERS, Life
from weeks.shapes import Paper
from weeks.world import DAY, HOUR, Trouble, World

THURSDAY = date(2026, 11, 19)
THANKSGIVING_FRIDAY = date(2026, 11, 27)
LAST = date(2026, 12, 3)
END = date(2026, 12, 6)
HOURS = (5.5, 9, 15)
"""Of the runs: after arXiv's midnight, after Berlin's half past seven, at Tokyo's midnight."""
BUSY = {date.fromisoformat(f"2026-{day}") for day in ("11-20", "11-24", "11-25", "11-30", "12-02", "12-03")}


def _at(*moments: str, state: str) -> dict[datetime, str]:
    return dict.fromkeys((datetime.fromisoformat(f"2026-{one}:00+00:00") for one in moments), state)


STATES: dict[str, dict[datetime, str]] = {
    "arxiv": {
        **_at("11-19 05:30", "11-23 05:30", "11-24 05:30", "11-30 05:30", "12-03 05:30", state="fresh"),
        **_at("11-21 15:00", "11-22 15:00", "11-27 15:00", "11-28 15:00", "12-05 15:00", state="quiet"),
        **_at("12-01 05:30", "12-01 15:00", "12-02 05:30", "12-02 15:00", state="stalled"),
    },
    "arxiv alone": {
        **_at("11-20 15:00", "11-24 15:00", "12-03 05:30", state="fresh"),
        **_at("11-22 15:00", "11-26 15:00", "11-27 05:30", "11-27 15:00", state="quiet"),
        **_at("12-02 05:30", "12-02 15:00", state="stalled"),
        **_at("11-24 05:30", "11-24 09:00", state="failed"),
    },
    "daily papers": {
        **_at("11-19 15:00", "11-30 15:00", state="fresh"),
        **_at("11-21 15:00", "11-29 15:00", state="quiet"),
        **_at("11-26 05:30", "12-03 05:30", state="waiting"),
        **_at("11-27 15:00", state="stalled"),
        **_at("11-30 05:30", "11-30 09:00", state="failed"),
    },
    "biorxiv": {
        **_at("11-20 15:00", "11-26 05:30", state="fresh"),
        **_at("11-25 09:00", "11-25 15:00", state="failed"),
    },
    "lab": {
        **_at("11-20 05:30", "12-02 05:30", state="fresh"),
        **_at("12-01 05:30", "12-01 15:00", state="failed"),
    },
}


def on(day: date, hour: float) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + hour * HOUR


def days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


@dataclass
class Story:
    """The world with everything that will happen in it, and the papers to remember."""

    world: World = field(default_factory=lambda: World(now=on(THURSDAY, 5)))
    promised: list[Paper] = field(default_factory=list)
    old: list[Paper] = field(default_factory=list)

    def tell(self) -> None:
        for day in days(THURSDAY, LAST):
            self.tell_of(day)
        self.tell_of_names()
        self.tell_of_the_past()
        self.world.troubles = [
            Trouble("/rss/q-bio", on(date(2026, 11, 24), 4), on(date(2026, 11, 24), 14), 429),
            Trouble("/oai", on(date(2026, 11, 24), 4), on(date(2026, 11, 24), 14), 429),
            Trouble("/api", on(date(2026, 11, 30), 4), on(date(2026, 11, 30), 14), 429, {"Retry-After": "28800"}),
            Trouble("/details", on(date(2026, 11, 25), 0), on(date(2026, 11, 26), 0), 503),
            Trouble("/oai", on(date(2026, 12, 1), 0), on(date(2026, 12, 3), 0), 503),
            Trouble("/lab", on(date(2026, 12, 1), 0), on(date(2026, 12, 2), 0), 500),
        ]

    def tell_of(self, day: date) -> None:
        """A usual day, with what is unusual about it."""
        world = self.world
        if day.weekday() < 5 and day != THANKSGIVING_FRIDAY:
            self.announce(day)
            for hour in range(3 if day.weekday() == 2 else 1):
                world.list_daily(self.keep(world.preprint(day - 3 * DAY, "cs.CV")), on(day, 8 + hour))
        if day.weekday() in (0, 2, 4):
            world.post_biorxiv(self.keep(world.write(doi=f"10.64898/{day:%Y.%m.%d}.{day.day:06}")), on(day, 12))
        world.post("lab" if day.day % 2 else "journal", self.keep(self.write_post(day)), on(day, 20))

    def announce(self, day: date) -> None:
        """Each category's papers of that day; some come late, one category stands still for two days."""
        late = {date(2026, 11, 20): 6 * HOUR, date(2026, 12, 2): 24 * HOUR}.get(day, 0 * HOUR)
        self.world.announce(
            self.keep(self.world.preprint(day, "q-bio.NC")), day, late=late, out_for=_until_next(day, late)
        )
        self.world.announce(self.keep(self.world.preprint(day, "cs.LG")), day, out_for=_until_next(day))
        both = self.keep(self.world.preprint(day, "cs.NE", "q-bio.NC"))
        if day in (date(2026, 12, 1), date(2026, 12, 2)):
            self.world.change(both, day)
        else:
            self.world.announce(both, day, out_for=_until_next(day))

    def tell_of_names(self) -> None:
        """Papers that come under several names, in several places, in several versions."""
        world, first = self.world, self.promised[0]
        world.list_daily(first, on(date(2026, 11, 24), 10), written=on(THURSDAY, 0))
        crossed = next(one for one in self.promised if one.categories == ("cs.LG",))
        world.list_daily(crossed, on(date(2026, 11, 23), 10))
        world.announce(crossed, date(2026, 12, 1), version=2, reason="replace", written=on(THURSDAY, 0))
        preprint = next(one for one in self.promised if one.doi)
        world.post("blog", preprint, on(date(2026, 11, 24), 18), title="What our neighbours found last Friday")
        world.post_biorxiv(preprint, on(date(2026, 11, 30), 10), version=2)
        moderated = self.keep(world.preprint(date(2026, 11, 25), "cs.LG"))
        world.announce(moderated, date(2026, 11, 25), written=on(date(2026, 11, 11), 9))
        unannounced = self.keep(world.preprint(date(2026, 12, 3), "cs.NE"))
        world.change(unannounced, date(2026, 12, 3), written=on(date(2026, 11, 16), 9))

    def tell_of_the_past(self) -> None:
        """What was there long before."""
        world = self.world
        for number in range(3):
            at = on(date(2020, 1, 1 + number), 0)
            world.post("blog", self.forget(self.write_post(at.date())), at)
        old = self.forget(world.preprint(date(2024, 3, 1), "cs.LG"))
        world.announce(old, date(2026, 11, 24), version=4, reason="replace", written=on(date(2024, 3, 1), 0))

    def write_post(self, day: date) -> Paper:
        return self.world.write(link=f"https://lab.example/{day}")

    def keep(self, paper: Paper) -> Paper:
        self.promised.append(paper)
        return paper

    def forget(self, paper: Paper) -> Paper:
        self.old.append(paper)
        return paper


def _until_next(day: date, late: timedelta = timedelta(0)) -> timedelta:
    """A list stays until the next one is built, which is late where this one is and the day after it."""
    return max(DAY, late + 6 * HOUR)


def runs() -> list[datetime]:
    """Two on a weekday, three where much happens, one on the others."""
    return [
        on(day, hour)
        for day in days(THURSDAY, END)
        for hour in (HOURS if day in BUSY else HOURS[::2] if day.weekday() < 5 else HOURS[-1:])
    ]


@pytest.fixture
def story(live) -> tuple[Story, Life]:
    told = Story()
    told.tell()
    return told, live(told.world)


def test_every_paper_reaches_every_reader_once_and_every_state_is_said(story):
    told, life = story
    for now in runs():
        if now == on(date(2026, 11, 25), 5.5):
            life.die_at(now)
        elif now == on(date(2026, 12, 3), 9):
            life.break_at(now)
        else:
            assert life.run_at(now).code == 0
    once = {paper.title: 1 for paper in told.promised}
    assert life.delivered() == dict.fromkeys(READERS, once)
    assert life.mailed() == dict.fromkeys(READERS, once)
    for name, expected in STATES.items():
        said = {moment: life.states[moment][name] for moment in expected}
        assert (name, said) == (name, expected)
