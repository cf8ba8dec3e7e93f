"""Editions are paused by hand, for what they say, and for what readers think of them."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from outboxes import EDITION, NOW, TODAY, Outbox, addresses

from newsletter.model import DeliveryState, Event, EventKind, Outcome, Trouble, Verdict
from newsletter.storage.brakes import Share
from newsletter.testing import MemoryProvider

READY, SENT, FAILED, CANCELLED = (
    DeliveryState.READY, DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.CANCELLED,
)  # fmt: skip
SPAM = Outcome(verdict=Verdict.REFUSED, detail="554 5.7.1 looks like spam", trouble=Trouble.CONTENT)
NOBODY = Outcome(verdict=Verdict.REFUSED, detail="550 5.1.1 no such user", address_is_bad=True)


def refusing(*numbers: int, outcome: Outcome = SPAM) -> MemoryProvider:
    """Refuses the messages with these places in the order of sending."""
    provider = MemoryProvider(lambda _: None)
    provider.answer(*[outcome if n in numbers else Outcome(verdict=Verdict.SENT) for n in range(max(numbers) + 1)])
    return provider


# -- by hand, from another process -------------------------------------------------------------------------------

BY_HAND = """
import sys
from newsletter.storage import Storage
with Storage.open(sys.argv[1]) as storage:
    if sys.argv[2] == "cancel":
        storage.deliveries.cancel(sys.argv[3])
    else:
        getattr(storage.editions, sys.argv[2])(sys.argv[3])
"""


@pytest.mark.parametrize(("word", "rest"), [("pause", READY), ("cancel", CANCELLED)])
def test_another_process_stops_an_edition_within_one_lease(outbox: Outbox, storage_url: str, word: str, rest):
    outbox.plan(*addresses(100))

    def decide(_message):
        if len(provider.messages) == 25:
            subprocess.run([sys.executable, "-c", BY_HAND, storage_url, word, EDITION], check=True)

    provider = MemoryProvider(decide)
    tally = outbox.send(provider)
    assert 26 <= tally.states[SENT] <= 60  # the group at hand, and one that was leased already
    assert outbox.states == {SENT: tally.states[SENT], rest: 100 - tally.states[SENT]}
    if word == "pause":
        outbox.storage.editions.resume(EDITION)
        assert outbox.send(provider).states == {SENT: 100 - tally.states[SENT]}
        assert len({message.recipient.email for message in provider.messages}) == 100


# -- what it says ------------------------------------------------------------------------------------------------


def test_more_than_one_in_a_hundred_refused_for_the_content_pauses_the_edition(outbox: Outbox):
    outbox.plan(*addresses(400))
    tally = outbox.send(refusing(10, 20, 230))
    assert tally.states[FAILED] == 3
    assert tally.states[SENT] + outbox.states[READY] == 397
    assert outbox.states[READY] >= 140
    assert "3 of 231 mails were refused for their content" in tally.notes[0]
    assert f"newsletter editions resume {EDITION}" in tally.notes[0]
    [brake] = outbox.storage.brakes.list()
    assert (brake.edition, brake.kind) == (EDITION, "content")
    assert outbox.send().states == {}


@pytest.mark.parametrize(
    ("readers", "provider"),
    [
        (199, refusing(1, 2, 3, 4)),
        (350, refusing(1, 250, 300)),
        (350, refusing(*range(210, 220), outcome=NOBODY)),
    ],
    ids=["too few to say", "one in a hundred", "addresses"],
)
def test_fewer_do_not(outbox: Outbox, readers: int, provider: MemoryProvider):
    outbox.plan(*addresses(readers))
    assert outbox.send(provider).notes == ()
    assert READY not in outbox.states


def test_refusals_of_earlier_runs_count(outbox: Outbox):
    outbox.plan(*addresses(210))
    outbox.send(refusing(1, 2))
    assert outbox.storage.brakes.content_refusals(EDITION) == Share(2, 210)
    outbox.plan(*addresses(60, "example.com"))
    assert outbox.send(refusing(3)).states == {SENT: 19, FAILED: 1}
    assert outbox.states[READY] == 40


def test_who_resumes_an_edition_has_decided(outbox: Outbox):
    outbox.plan(*addresses(300))
    outbox.send(refusing(*range(190, 215)))
    outbox.storage.editions.resume(EDITION)
    assert outbox.send(refusing(0, 1, 2)).notes == ()
    assert READY not in outbox.states


# -- whom it does not find ---------------------------------------------------------------------------------------


def suppressed(outbox: Outbox) -> int:
    """How many of the readers are mailed no more."""
    return outbox.storage.suppressions.count()


def test_a_server_that_knows_none_of_the_readers_is_not_believed(outbox: Outbox):
    outbox.plan(*addresses(120))
    tally = outbox.send(MemoryProvider(lambda _: NOBODY))
    assert 20 <= tally.states[FAILED] <= 40
    assert outbox.states[READY] == 120 - tally.states[FAILED]
    assert suppressed(outbox) == 0
    [note] = tally.notes
    assert "addresses the mail server says that nobody is there; more likely it is the wrong server" in note
    assert outbox.storage.brakes.list()[0].kind == "addresses"
    assert outbox.send().states == {}


@pytest.mark.parametrize(("readers", "gone"), [(3, 1), (20, 1), (20, 4), (200, 9)])
def test_readers_who_are_gone_are_suppressed_at_once(outbox: Outbox, readers: int, gone: int):
    outbox.plan(*addresses(readers))
    tally = outbox.send(refusing(*range(readers - gone, readers), outcome=NOBODY))
    assert (tally.states[FAILED], suppressed(outbox), tally.notes) == (gone, gone, ())


def test_who_resumes_an_edition_believes_the_server(outbox: Outbox):
    outbox.plan(*addresses(30))
    outbox.send(MemoryProvider(lambda _: NOBODY))
    left = outbox.states[READY]
    assert outbox.storage.brakes.address_refusals(EDITION) == Share(30 - left, 30 - left)
    outbox.storage.editions.resume(EDITION)
    assert outbox.send(MemoryProvider(lambda _: NOBODY)).states == {FAILED: left}
    assert suppressed(outbox) == left


# -- what readers think of it ------------------------------------------------------------------------------------


def complain(outbox: Outbox, count: int) -> None:
    """As many readers of the first mails call them spam, and one of them three times."""
    rows = [one for one in outbox.rows if one.state is SENT][:count]
    told = [
        Event(kind=EventKind.COMPLAINED, at=datetime.now(UTC), provider="mail", id=f"{one.id}-{n}", delivery_id=one.id)
        for one in rows
        for n in range(3 if one is rows[0] else 1)
    ]
    outbox.storage.events.apply(told)


def test_complaints_warn_at_one_in_a_thousand_and_pause_at_three(outbox: Outbox):
    outbox.plan(*addresses(1050))
    outbox.send()
    tallies = {}
    for complaints in (0, 1, 2, 4):
        complain(outbox, complaints)
        outbox.plan(*addresses(5, f"after{complaints}.example"))
        tallies[complaints] = outbox.send()
    assert [(tally.states, tally.notes) for tally in (tallies[0], tallies[1])] == [({SENT: 5}, ())] * 2
    assert tallies[2].states == {SENT: 5}
    assert "within a week; mail is paused at 0.30%" in tallies[2].notes[0]
    assert tallies[4].states == {}
    assert any("is paused: 4 of 1065 mails were called" in note for note in tallies[4].notes)


def test_a_small_list_is_not_stopped_by_one_complaint(outbox: Outbox):
    outbox.plan(*addresses(10))
    outbox.send()
    complain(outbox, 2)
    outbox.plan(*addresses(5, "example.com"))
    assert (outbox.send().states, outbox.storage.brakes.list()) == ({SENT: 5}, [])


def test_small_editions_are_looked_at_together(outbox: Outbox):
    for day in range(3):
        edition = f"2026-11-2{day}T08:00:00Z"
        outbox.plan(*addresses(400, f"d{day}.example"), edition=edition, day=TODAY + timedelta(days=day))
        outbox.send()
    complain(outbox, 4)
    outbox.plan(*addresses(5, "example.com"))
    assert outbox.send(now=NOW + timedelta(hours=1)).states == {}
    assert [brake.edition for brake in outbox.storage.brakes.list()] == [EDITION]
