"""Every verb against every kind of answer; the truth is what the server took."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from patience import with_patience

from newsletter.delivery import open_provider
from newsletter.delivery.groups import UNCLEAR_IN_A_ROW
from newsletter.errors import ProviderError, ProviderRefused
from newsletter.model import Mailbox, Message, Outcome, Verdict
from newsletter.testing import DROP, STALL, SmtpSink

MakeMessage = Callable[..., Message]

SENT, REFUSED, DEFERRED = Verdict.SENT, Verdict.REFUSED, Verdict.DEFERRED
NOT_HANDED, UNCERTAIN = Verdict.NOT_HANDED, Verdict.UNCERTAIN
STOPS, NEVER_LET_IN = "ProviderBusy", "ProviderRefused"

GARBAGE = "what is this"
REPLIES: dict[int | str, str] = {code: f"{code} no" for code in (421, 450, 451, 452, 550, 552, 554, 535)}

# step: what becomes of the first of two messages when the server says this; the second is sent, but where the row says
# that sending stops: then it has no outcome and is not handed over.
Row = tuple[str, str, tuple[Verdict | None, str]]
MATRIX: dict[str, dict[int | str, tuple[Verdict | None, str]]] = {
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
    },
}
ROWS = [
    pytest.param((step, REPLIES.get(answer, str(answer)), expected), id=f"{step}-{answer}")
    for step, row in MATRIX.items()
    for answer, expected in row.items()
]


def _send(
    sink: SmtpSink, messages: list[Message], *, timeout_seconds: float = 60
) -> tuple[list[Verdict], ProviderError | None]:
    """What became of each message, and the error that sending ended with."""
    verdicts: list[Verdict] = []
    with open_provider(sink.settings.model_copy(update={"timeout_seconds": timeout_seconds})) as provider:
        try:
            for outcome in provider.send(messages):
                verdicts.append(outcome.verdict)  # noqa: PERF401 what came before the error counts
        except ProviderError as error:
            return verdicts, error
    return verdicts, None


@pytest.mark.parametrize("before", [0, 1, 18], ids=lambda count: f"after-{count}")
@pytest.mark.parametrize("row", ROWS)
def test_the_table_is_followed(make_message: MakeMessage, pipelining: bool, before: int, row: Row) -> None:
    """Also where the verbs of a message are said while the one before it is on its way."""
    step, answer, (verdict, ends) = row
    faulty = f"reader{before + 1}@example.org"
    numbers = iter(range(1000))

    def decide(step_now: str, argument: str) -> str | None:
        return answer if step_now == step and next(numbers) == before else None

    with SmtpSink(decide, pipelining=pipelining) as sink:
        verdicts, error = _send(sink, [make_message(number) for number in range(1, before + 3)])
    good = [f"reader{number}@example.org" for number in range(1, before + 1)]
    took = [message.recipient for message in sink.messages]
    if ends:
        assert type(error).__name__ == ends
        assert verdicts == [SENT] * before + ([verdict] if verdict else [])
        assert took == good
    else:
        assert error is None
        assert verdicts == [SENT] * before + [verdict, SENT]
        assert took == [*good, *([faulty] if verdict is UNCERTAIN else []), f"reader{before + 2}@example.org"]
    assert sink.unaddressed == []


def test_an_answer_without_an_end_is_none(sink: SmtpSink, make_message: MakeMessage) -> None:
    def check(seconds: float) -> None:
        sink.answer("END", "250-and")
        assert _send(sink, [make_message(1)], timeout_seconds=seconds) == ([UNCERTAIN], None)

    with_patience(check)


# -- commands in groups ------------------------------------------------------------------------------------------


def test_an_answer_that_runs_into_the_next_is_a_yes_and_the_next_message_stays_here(make_message: MakeMessage) -> None:
    with SmtpSink() as sink:
        sink.answer("END", "250-and")
        assert _send(sink, [make_message(1), make_message(2), make_message(3)]) == ([SENT, NOT_HANDED, SENT], None)
        assert [message.recipient for message in sink.messages] == ["reader1@example.org", "reader3@example.org"]


@pytest.mark.parametrize(
    ("step", "answer", "verdicts"),
    [
        ("END", "250 taken\r\n250 and again", [SENT, NOT_HANDED, SENT]),
        ("END", "250 taken\r\n450 or not", [SENT, NOT_HANDED, SENT]),
        ("END", "250 taken\r\n550 or not", [SENT, NOT_HANDED, SENT]),
        ("END", "250 taken\r\n421 4.3.2 going down", [SENT, SENT, SENT]),
        ("RCPT", "250 fine\r\n250 really", [NOT_HANDED, SENT, SENT]),
        ("DATA", "354 go on\r\n354 go on", [NOT_HANDED, SENT, SENT]),
    ],
)
def test_a_server_that_says_too_much_is_found_out_before_the_next_body(
    make_message: MakeMessage, step: str, answer: str, verdicts: list[Verdict]
) -> None:
    with SmtpSink() as sink:
        sink.answer(step, answer)
        assert _send(sink, [make_message(1), make_message(2), make_message(3)]) == (verdicts, None)
        took = [message.recipient for message in sink.messages]
    assert took == [f"reader{number}@example.org" for number in (1, 2, 3) if verdicts[number - 1] is SENT]


def test_a_refusal_with_a_goodbye_behind_it_is_a_refusal(make_message: MakeMessage) -> None:
    with SmtpSink() as sink:
        sink.answer("RCPT", "550 5.1.1 nobody")
        sink.answer("DATA", "554 5.5.1 no recipients\r\n421 4.7.0 too many errors")
        assert _send(sink, [make_message(1), make_message(2)]) == ([REFUSED, SENT], None)
        assert sink.connections == 2


def test_a_server_that_says_too_much_step_by_step_is_left(make_message: MakeMessage) -> None:
    with SmtpSink(pipelining=False) as sink:
        sink.answer("END", "250 taken\r\n250 and again")
        assert _send(sink, [make_message(1), make_message(2)]) == ([SENT, SENT], None)
        assert sink.connections == 2


class AsksForNothing:
    """Refuses a reader at a verb, and asks for the body all the same."""

    def __init__(self, number: int, *, at: str, dot: str | None = None) -> None:
        self._reader = f"reader{number}@example.org"
        self._at = at
        self._dot = dot
        self._mails = 0
        self._number = number

    def __call__(self, step: str, argument: str) -> str | None:
        self._mails += step == "MAIL"
        if self._mails != self._number:
            return None
        if step == self._at:
            return "450 4.2.1 not now"
        if step == "DATA":
            return "354 go on"
        if step == "RCPT":
            return "250 fine"
        return self._dot if step == "END" and not argument else None


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("dot", [None, "250 fine", "451 4.3.0 what was that"])
def test_a_body_that_is_asked_for_without_a_recipient_ends_at_once(
    make_message: MakeMessage, number: int, dot: str | None
) -> None:
    """As RFC 2920 has it: with a lone dot. Nothing is delivered, and the connection goes on."""
    with SmtpSink(AsksForNothing(number, at="RCPT", dot=dot)) as sink:
        verdicts, error = _send(sink, [make_message(1), make_message(2), make_message(3)])
        assert (verdicts, error) == ([DEFERRED if n == number else SENT for n in (1, 2, 3)], None)
        assert (sink.unaddressed, sink.connections, len(sink.messages)) == ([b""], 1, 2)
        assert sink.commands[-1] == "QUIT"


@pytest.mark.parametrize("dot", [DROP, GARBAGE, "421 4.3.2 enough"])
def test_a_lone_dot_without_a_clear_answer_ends_the_connection(make_message: MakeMessage, dot: str) -> None:
    with SmtpSink(AsksForNothing(1, at="RCPT", dot=dot)) as sink:
        assert _send(sink, [make_message(1), make_message(2)]) == ([DEFERRED, SENT], None)
        assert (sink.unaddressed, sink.connections, len(sink.messages)) == ([b""], 2, 1)


def test_a_body_that_might_reach_somebody_is_not_even_ended(make_message: MakeMessage) -> None:
    """The sender was refused and the recipient taken: a lone dot might deliver an empty mail."""
    with SmtpSink(AsksForNothing(1, at="MAIL")) as sink:
        assert _send(sink, [make_message(1), make_message(2)]) == ([DEFERRED, SENT], None)
        assert (sink.unaddressed, sink.connections, len(sink.messages)) == ([], 2, 1)


def test_stopping_while_the_next_message_is_announced_says_nothing_more(make_message: MakeMessage) -> None:
    """Not even goodbye: it would be a part of that message."""
    with SmtpSink() as sink:
        with open_provider(sink.settings) as provider:
            assert next(provider.send([make_message(1), make_message(2)])).verdict is SENT
        for _ in range(6000):  # what is on its way to the server
            if sink.commands[-1] != "DATA":
                time.sleep(0.01)
        assert [message.recipient for message in sink.messages] == ["reader1@example.org"]
        assert (sink.commands[-1], sink.unaddressed) == ("DATA", [])


def test_what_was_announced_is_forgotten_when_another_group_follows(make_message: MakeMessage) -> None:
    with SmtpSink() as sink:
        with open_provider(sink.settings) as provider:
            assert next(provider.send([make_message(1), make_message(2)])).verdict is SENT
            assert [outcome.verdict for outcome in provider.send([make_message(3), make_message(2)])] == [SENT, SENT]
        assert [message.recipient[:7] for message in sink.messages] == ["reader1", "reader3", "reader2"]


@pytest.mark.parametrize("fault", ["address", "sender"])
def test_what_is_wrong_with_the_next_message_is_told_in_its_turn(
    sink: SmtpSink, make_message: MakeMessage, fault: str
) -> None:
    wrong = make_message(2, to="no address") if fault == "address" else make_message(2, sender=Mailbox(email="nobody"))
    verdicts, error = _send(sink, [make_message(1), wrong, make_message(3)])
    if fault == "address":
        assert (verdicts, error) == ([SENT, REFUSED, SENT], None)
    else:
        assert (verdicts, type(error)) == ([SENT], ProviderRefused)


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
def test_silence_is_a_lost_connection(pipelining: bool, make_message: MakeMessage, step: str, verdict: Verdict) -> None:
    def check(seconds: float) -> None:
        with SmtpSink(pipelining=pipelining) as sink:
            sink.answer(step, STALL)
            with open_provider(sink.settings.model_copy(update={"timeout_seconds": seconds})) as provider:
                first, second = provider.send([make_message(1), make_message(2)])
        assert (first.verdict, second.verdict) == (verdict, SENT)
        assert "timed out" in first.detail

    with_patience(check)


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
def test_a_goodbye_that_fails_changes_nothing(pipelining: bool, make_message: MakeMessage, answer: str) -> None:
    def check(seconds: float) -> None:
        with SmtpSink(pipelining=pipelining) as sink:
            sink.answer("QUIT", answer)
            assert _send(sink, [make_message(1)], timeout_seconds=seconds) == ([SENT], None)

    with_patience(check)


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
