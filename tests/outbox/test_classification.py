"""What each answer of a mail server or an API leads to: in the ledger, for the others, and for the run."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from outboxes import PLACE, Outbox, addresses

from newsletter.errors import ProviderError, ProviderRefused
from newsletter.model import DeliveryState
from newsletter.storage import Storage
from newsletter.storage.rates import EVERYBODY
from newsletter.testing import DROP, SendgridAnswer, SendgridStub, SmtpSink

READY, SENT, RETRY = DeliveryState.READY, DeliveryState.SENT, DeliveryState.RETRY
FAILED, UNCERTAIN = DeliveryState.FAILED, DeliveryState.UNCERTAIN
READERS = 3


@dataclass(frozen=True)
class Means:
    """What became of the first of three messages, how many others were sent, and what is remembered."""

    state: DeliveryState
    attempt: int = 1
    others_sent: int = READERS - 1
    exit_code: int | None = None
    slows: str | None = None
    """The recipients' domain that gets nothing for now; empty: nobody does."""
    opens: bool = False


REFUSES = Means(READY, 0, others_sent=0, exit_code=ProviderRefused.exit_code, opens=True)
SMTP = {
    ("MAIL", "450 4.3.0 later"): Means(RETRY),
    ("RCPT", "450 4.2.1 later"): Means(RETRY),
    ("RCPT", "451 4.3.0 later"): Means(RETRY),
    ("RCPT", "452 4.2.2 full"): Means(RETRY),
    ("RCPT", "452 4.5.3 too many"): Means(RETRY, slows="example.org"),
    ("END", "452 busy"): Means(RETRY, slows="example.org"),
    ("RCPT", "450 4.7.1 greylisted"): Means(RETRY, slows="example.org"),
    ("END", "451 4.7.0 slow down"): Means(RETRY, slows="example.org"),
    ("RCPT", "421 4.7.0 go away"): Means(RETRY),
    ("END", "421 4.3.2 closing"): Means(RETRY),
    ("END", "550 5.4.5 daily limit exceeded"): Means(RETRY),
    ("RCPT", "550 5.1.1 no such user"): Means(FAILED),
    ("RCPT", "554 5.7.1 not from you"): Means(FAILED),
    ("DATA", "554 5.6.0 no"): Means(FAILED),
    ("END", "554 5.7.1 spam"): Means(FAILED),
    ("MAIL", "552 5.3.4 too big"): Means(FAILED),
    ("MAIL", "550 5.7.1 not this sender"): REFUSES,
    ("RCPT", "530 5.7.0 log in"): REFUSES,
    ("DATA", "535 5.7.8 no"): REFUSES,
    ("CONNECT", "554 5.7.1 not you"): REFUSES,
    ("CONNECT", DROP): Means(READY, 0, others_sent=0, exit_code=ProviderError.exit_code),
    ("END", DROP): Means(UNCERTAIN),
    ("END", "what is this"): Means(UNCERTAIN),
}
HTTP = {
    200: Means(SENT),
    202: Means(SENT),
    400: Means(FAILED),
    401: REFUSES,
    403: REFUSES,
    404: REFUSES,
    408: Means(RETRY),
    413: Means(FAILED),
    429: Means(RETRY),
    500: Means(RETRY),
    502: Means(RETRY),
    503: Means(RETRY),
}


def check(storage: Storage, outbox: Outbox, error: Exception | None, means: Means) -> None:
    """The first delivery in the order of planning, the others, and what the next run knows."""
    first, *others = outbox.rows
    assert (first.state, first.attempt) == (means.state, means.attempt)
    assert [one.state for one in others].count(SENT) == means.others_sent
    assert {one.attempt for one in others if one.state is not SENT} <= {0}
    assert getattr(error, "exit_code", None) == means.exit_code
    assert set(storage.rates.holds(PLACE)) == ({means.slows} if means.slows is not None else set())
    assert (storage.circuits.load(PLACE).open_until is not None) is means.opens


@pytest.fixture
def outbox(sqlite_url):
    with Storage.open(sqlite_url, durability="process") as storage:
        yield Outbox(storage)


@pytest.mark.parametrize(("step", "answer"), SMTP)
def test_every_smtp_answer_has_its_meaning(outbox, step, answer):
    means = SMTP[step, answer]
    outbox.plan(*addresses(READERS))
    with SmtpSink() as sink:
        sink.answer(step, answer)
        tally = outbox.send_over(sink)
    check(outbox.storage, outbox, tally.error, means)
    assert len(sink.messages) == means.others_sent + (means.state is UNCERTAIN)


@pytest.mark.parametrize("status", HTTP)
def test_every_http_answer_has_its_meaning(outbox, status):
    means = HTTP[status]
    outbox.plan(*addresses(READERS))
    with SendgridStub() as stub:
        stub.answer("ANSWER", SendgridAnswer(status=status))
        tally = outbox.send_over(stub)
    check(outbox.storage, outbox, tally.error, means)
    assert len(stub.messages) == means.others_sent + (means.state is SENT)


def test_a_word_on_how_long_to_wait_is_kept_to_by_the_next_run_too(outbox):
    outbox.plan(*addresses(READERS))
    with SendgridStub() as stub:
        stub.answer("ANSWER", SendgridAnswer(status=429, headers={"Retry-After": "1000"}))
        tally = outbox.send_over(stub)
        again = outbox.send_over(stub)
        assert (stub.requests, stub.messages) == (1, [])
    assert (tally.error.exit_code, again.error.exit_code) == (11, 11)
    assert 990 < again.error.retry_after_seconds <= 1000
    assert EVERYBODY in outbox.storage.rates.holds(PLACE)
    assert sorted(one.state for one in outbox.rows) == [READY, READY, RETRY]


def test_a_short_wait_is_waited_for_within_the_run(outbox):
    outbox.plan(*addresses(READERS))
    with SendgridStub() as stub:
        stub.answer("ANSWER", SendgridAnswer(status=429, headers={"Retry-After": "1"}))
        tally = outbox.send_over(stub)
    assert tally.error is None
    assert (len(stub.messages), stub.requests) == (3, 4)
    assert {one.attempt for one in outbox.rows} == {1, 2}
