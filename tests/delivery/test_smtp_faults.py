"""Every verb against every kind of answer; the truth is what the server took."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.delivery import open_provider
from newsletter.delivery.groups import UNCLEAR_IN_A_ROW
from newsletter.errors import ProviderError, ProviderRefused
from newsletter.model import Message, Outcome, Verdict
from newsletter.testing import DROP, STALL, SmtpSink

MakeMessage = Callable[..., Message]

SENT, REFUSED, DEFERRED = Verdict.SENT, Verdict.REFUSED, Verdict.DEFERRED
NOT_HANDED, UNCERTAIN = Verdict.NOT_HANDED, Verdict.UNCERTAIN
STOPS, NEVER_LET_IN = "ProviderError", "ProviderRefused"

GARBAGE = "what is this"
REPLIES = {code: f"{code} no" for code in (421, 450, 451, 452, 550, 552, 554, 535)}

# step: what becomes of the first of two messages when the server says this; the second is sent, but where the row says
# that sending stops: then it has no outcome and is not handed over.
MATRIX: dict[str, dict[object, tuple[Verdict | None, str]]] = {
    "MAIL": {
        450: (DEFERRED, ""),
        451: (DEFERRED, ""),
        452: (DEFERRED, ""),
        550: (None, NEVER_LET_IN),
        552: (REFUSED, ""),
        554: (None, NEVER_LET_IN),
        535: (None, NEVER_LET_IN),
    },
    "RCPT": {
        421: (DEFERRED, STOPS),
        450: (DEFERRED, ""),
        451: (DEFERRED, ""),
        452: (DEFERRED, ""),
        550: (REFUSED, ""),
        552: (REFUSED, ""),
        554: (REFUSED, ""),
        535: (None, NEVER_LET_IN),
        DROP: (NOT_HANDED, ""),
        GARBAGE: (NOT_HANDED, ""),
    },
    "DATA": {
        421: (DEFERRED, STOPS),
        450: (DEFERRED, ""),
        451: (DEFERRED, ""),
        452: (DEFERRED, ""),
        550: (REFUSED, ""),
        552: (REFUSED, ""),
        554: (REFUSED, ""),
        535: (None, NEVER_LET_IN),
        DROP: (NOT_HANDED, ""),
        GARBAGE: (NOT_HANDED, ""),
        "250 what body?": (NOT_HANDED, ""),
    },
    "END": {
        421: (DEFERRED, STOPS),
        450: (DEFERRED, ""),
        451: (DEFERRED, ""),
        452: (DEFERRED, ""),
        550: (REFUSED, ""),
        552: (REFUSED, ""),
        554: (REFUSED, ""),
        535: (None, NEVER_LET_IN),
        DROP: (UNCERTAIN, ""),
        GARBAGE: (UNCERTAIN, ""),
        "354 more?": (UNCERTAIN, ""),
        "250-and": (UNCERTAIN, ""),
    },
}
ROWS = [
    pytest.param(step, REPLIES.get(answer, str(answer)) if isinstance(answer, int) else answer, expected)
    for step, row in MATRIX.items()
    for answer, expected in row.items()
]


@pytest.mark.parametrize(("step", "answer", "expected"), ROWS)
def test_the_table_is_followed(
    sink: SmtpSink, make_message: MakeMessage, step: str, answer: str, expected: tuple[Verdict | None, str]
) -> None:
    verdict, ends = expected
    sink.answer(step, answer)
    outcomes: list[Outcome] = []
    error: ProviderError | None = None
    with open_provider(sink.settings.model_copy(update={"timeout_seconds": 0.5})) as provider:
        try:
            for outcome in provider.send([make_message(1), make_message(2)]):
                outcomes.append(outcome)  # noqa: PERF402 what came before the error counts
        except ProviderError as raised:
            error = raised
    verdicts = [outcome.verdict for outcome in outcomes]
    if ends:
        assert type(error).__name__ == ends
        assert verdicts == ([verdict] if verdict else [])
        assert [message.recipient for message in sink.messages] == []
    else:
        assert error is None
        assert verdicts == [verdict, SENT]
        took = ["reader1@example.org"] if verdict is UNCERTAIN else []
        assert [message.recipient for message in sink.messages] == [*took, "reader2@example.org"]


@pytest.mark.parametrize("answer", ["421 4.4.2 idle for too long", DROP, GARBAGE])
def test_a_connection_that_died_of_idleness_is_opened_anew(
    sink: SmtpSink, make_message: MakeMessage, answer: str
) -> None:
    with open_provider(sink.settings) as provider:
        assert [outcome.verdict for outcome in provider.send([make_message(1)])] == [SENT]
        sink.answer("MAIL", answer)
        assert [outcome.verdict for outcome in provider.send([make_message(2)])] == [SENT]
    assert sink.connections == 2
    assert [message.recipient for message in sink.messages] == ["reader1@example.org", "reader2@example.org"]


def test_a_server_that_says_421_again_makes_everyone_wait(sink: SmtpSink, make_message: MakeMessage) -> None:
    sink.answer("MAIL", "421 4.7.0 slow down", "421 4.7.0 slow down")
    with open_provider(sink.settings) as provider:
        outcomes = provider.send([make_message(1), make_message(2)])
        assert next(outcomes).verdict is DEFERRED
        with pytest.raises(ProviderError, match=r"asks to come back later: 421 4\.7\.0 slow down") as caught:
            next(outcomes)
    assert not isinstance(caught.value, ProviderRefused)
    assert sink.messages == []


def test_a_server_that_lets_us_in_no_more_ends_the_group(sink: SmtpSink, make_message: MakeMessage) -> None:
    sink.answer("MAIL", DROP)
    with open_provider(sink.settings) as provider:
        sink.answer("CONNECT", "554 5.7.1 no more")
        with pytest.raises(ProviderRefused, match=r"554 5\.7\.1 no more"):
            list(provider.send([make_message(1), make_message(2)]))
    assert sink.messages == []


@pytest.mark.parametrize(("step", "verdict"), [("RCPT", NOT_HANDED), ("DATA", NOT_HANDED), ("END", UNCERTAIN)])
def test_silence_is_a_lost_connection(sink: SmtpSink, make_message: MakeMessage, step: str, verdict: Verdict) -> None:
    sink.answer(step, STALL)
    with open_provider(sink.settings.model_copy(update={"timeout_seconds": 0.2})) as provider:
        first, second = provider.send([make_message(1), make_message(2)])
    assert (first.verdict, second.verdict) == (verdict, SENT)
    assert "timed out" in first.detail


def test_a_connection_lost_inside_a_body_is_certainly_no_delivery(sink: SmtpSink, make_message: MakeMessage) -> None:
    line = b"x" * 70 + b"\r\n"
    sink.answer("BODY", DROP)
    with open_provider(sink.settings) as provider:
        first, second = provider.send([make_message(1, raw=line * 400_000), make_message(2)])
    assert (first.verdict, second.verdict) == (DEFERRED, SENT)
    assert "inside the message" in first.detail
    assert [message.recipient for message in sink.messages] == ["reader2@example.org"]


def test_a_provider_that_never_answers_clearly_is_given_only_so_many_messages(make_message: MakeMessage) -> None:
    with SmtpSink(lambda step, argument: DROP if step == "END" else None) as sink:
        with open_provider(sink.settings) as provider:
            outcomes = [next(provider.send([make_message(number)])) for number in range(1, UNCLEAR_IN_A_ROW)]
            last = provider.send([make_message(8), make_message(9)])
            outcomes.append(next(last))
            with pytest.raises(ProviderError, match="5 messages in a row without a clear answer"):
                next(last)
        assert [outcome.verdict for outcome in outcomes] == [UNCERTAIN] * UNCLEAR_IN_A_ROW
        assert len(sink.messages) == UNCLEAR_IN_A_ROW


def test_one_poisonous_reader_does_not_hold_up_the_others(make_message: MakeMessage) -> None:
    with SmtpSink(lambda step, argument: DROP if step == "RCPT" and "reader3@" in argument else None) as sink:
        with open_provider(sink.settings) as provider:
            outcomes = list(provider.send([make_message(number) for number in range(1, 21)]))
        assert [number for number, outcome in enumerate(outcomes, start=1) if outcome.verdict is not SENT] == [3]
        assert outcomes[2].verdict is NOT_HANDED
        assert len(sink.messages) == 19


@pytest.mark.parametrize("answer", ["500 no", "421 bye", DROP, GARBAGE])
def test_a_connection_that_cannot_be_reset_is_not_used_again(
    sink: SmtpSink, make_message: MakeMessage, answer: str
) -> None:
    sink.answer("RCPT", "550 5.1.1 nobody")
    sink.answer("RSET", answer)
    with open_provider(sink.settings) as provider:
        first, second = provider.send([make_message(1), make_message(2)])
    assert (first.verdict, second.verdict) == (REFUSED, SENT)
    assert sink.connections == 2


@pytest.mark.parametrize("answer", ["500 stay", DROP, STALL, GARBAGE])
def test_a_goodbye_that_fails_changes_nothing(sink: SmtpSink, make_message: MakeMessage, answer: str) -> None:
    sink.answer("QUIT", answer)
    with open_provider(sink.settings.model_copy(update={"timeout_seconds": 0.2})) as provider:
        outcomes = list(provider.send([make_message(1)]))
    assert [outcome.verdict for outcome in outcomes] == [SENT]


def test_five_in_a_hundred_faults_after_the_dot_give_just_as_many_uncertain(make_message: MakeMessage) -> None:
    faults = {
        f"reader{number}@example.org": answer
        for number, answer in zip(range(7, 107, 20), (DROP, GARBAGE) * 2 + (DROP,), strict=True)
    }
    with SmtpSink(lambda step, argument: faults.get(argument) if step == "END" else None) as sink:
        outcomes: list[Outcome] = []
        with open_provider(sink.settings) as provider:
            for start in range(1, 101, 20):
                outcomes += provider.send([make_message(number) for number in range(start, start + 20)])
        uncertain = {number for number, outcome in enumerate(outcomes, start=1) if outcome.verdict is UNCERTAIN}
        assert uncertain == set(range(7, 107, 20))
        assert sorted(m.recipient for m in sink.messages) == sorted(f"reader{n}@example.org" for n in range(1, 101))
