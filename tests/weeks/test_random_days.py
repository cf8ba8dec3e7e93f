"""Days made up at random: what was ever in an answer reaches each reader, and reaches them once."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from weeks.life import READERS
from weeks.shapes import midnight
from weeks.world import HOUR, Trouble, World

THURSDAY, MONDAY = date(2026, 11, 19), date(2026, 11, 23)
START = midnight(THURSDAY) + 5 * HOUR
QUIET_FROM = midnight(MONDAY) - 12 * HOUR
"""From then on nothing new comes and nothing is away, so that all may arrive."""


def publish(world: World, chance: random.Random) -> None:
    """Some paper, in some of the places where such a paper may be, in any order."""
    at = START + (QUIET_FROM - START) * chance.random()
    kind = chance.choice(["arxiv", "arxiv", "biorxiv", "post"])
    if kind == "arxiv":
        day = THURSDAY + timedelta(days=chance.randrange(2))
        paper = world.preprint(day, *chance.sample(["cs.LG", "cs.NE", "q-bio.NC"], chance.randint(1, 2)))
        world.announce(paper, day, late=chance.choice([0, 0, 4, 11]) * HOUR)
        if chance.random() < 0.5:
            world.list_daily(paper, at)
    elif kind == "biorxiv":
        paper = world.write(doi=f"10.64898/2026.11.19.{chance.randrange(10**6):06}")
        world.post_biorxiv(paper, at)
        if chance.random() < 0.5:
            world.post("blog", paper, at + chance.uniform(-9, 9) * HOUR, title=f"Seen next door: {paper.author}'s work")
        if chance.random() < 0.5:
            world.post_biorxiv(paper, at + 20 * HOUR, version=2)
    else:
        paper = world.write(link=f"https://posts.example/{chance.randrange(10**6)}")
        world.post(chance.choice(["blog", "journal", "lab"]), paper, at)


def disturb(world: World, chance: random.Random) -> None:
    since = START + (QUIET_FROM - START) * chance.random()
    path = chance.choice(["/rss", "/oai", "/query", "/api", "/details", "/blog", "/lab"])
    headers = chance.choice([{}, {"Retry-After": "7200"}])
    until = min(since + chance.uniform(2, 20) * HOUR, QUIET_FROM)
    world.troubles.append(Trouble(path, since, until, chance.choice([429, 500, 503]), headers))


@pytest.mark.parametrize("seed", [3, 8])
def test_what_was_served_arrives_once(live, seed):
    chance, world = random.Random(seed), World(now=START)
    for _ in range(14):
        publish(world, chance)
    for _ in range(4):
        disturb(world, chance)
    life = live(world)
    instants = [START, *sorted(START + (QUIET_FROM - START) * chance.random() for _ in range(4))]
    death = chance.choice(instants[1:])
    for now in instants:
        life.die_at(now) if now == death else life.run_at(now)
    for hours in (2, 17.5, 27.5):
        life.run_at(QUIET_FROM + hours * HOUR)
    once = dict.fromkeys(world.served, 1)
    assert len(once) >= 10
    assert life.delivered() == dict.fromkeys(READERS, once)
