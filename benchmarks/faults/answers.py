"""T3 to T8: what servers say, and what they do in place of an answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from email import message_from_bytes
from threading import Lock, Thread
from typing import TypeVar

from benchmarks.faults.child import Job, at_once, run, was_killed
from benchmarks.faults.kills import LARGE_BODY_BYTES, TRIES, drain, mailed, recipients
from benchmarks.faults.points import Strike
from benchmarks.faults.rows import Ledger, Row, add_up, judge, read_ledger
from benchmarks.faults.world import Place, addresses, let_time_pass
from newsletter.config.settings import SendgridProvider, SmtpProvider
from newsletter.model import DeliveryState
from newsletter.testing import DROP, STALL, SendgridAnswer, SendgridStub, SmtpSink

READY, RETRY, FAILED, SENT, UNCERTAIN = (
    DeliveryState.READY,
    DeliveryState.RETRY,
    DeliveryState.FAILED,
    DeliveryState.SENT,
    DeliveryState.UNCERTAIN,
)
Chosen = TypeVar("Chosen", SmtpProvider, SendgridProvider)
FEW = 6
A_DAY_SECONDS = 86_400
VERBS = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "END")
CODES = (450, 452, 552, 554, 451, 421, 550, 535)
SILENCE_SECONDS = 5.0
"""After which a server that says nothing is given up: more than any that answers takes on a busy machine."""
UNANSWERED = {"dropped": DROP, "no reply": STALL, "garbage": "no words of any protocol"}


class EveryNth:
    """The script of a sink: something else at one step, each time so many have passed."""

    def __init__(self, step: str, nth: int, answer: str) -> None:
        self._step, self._nth, self._answer, self._lock = step, nth, answer, Lock()
        self._passed = self.given = 0

    def __call__(self, step: str, argument: str) -> str | None:
        if step != self._step:
            return None
        with self._lock:
            self._passed += 1
            if self._passed % self._nth:
                return None
            self.given += 1
        return self._answer


# -- T3, T4: no answer ---------------------------------------------------------------------------------------------


def accept_once_what_comes_twice(place: Place, *, readers: int, kills: int) -> Row:
    """T8: a server that knows a message by its Message-ID: lost answers and kills leave nothing uncertain."""
    struck = 0
    with place.fresh(readers) as url, SmtpSink(EveryNth("END", 20, DROP)) as sink:
        job = Job(url=url, provider=sink.settings, idempotency_seconds=A_DAY_SECONDS)
        for _ in range(kills):
            struck += was_killed(run(replace(job, strike=Strike(when="before", commit="recorded", nth=2))))
        for _ in range(TRIES):
            let_time_pass(url)
            run(job)
        came = [(one.recipient, message_from_bytes(one.raw)["Message-ID"]) for one in sink.messages]
        row = judge("T8 known again", read_ledger(url), [email for email, _ in set(came)], eligible=addresses(readers))
    again = len(came) - len(set(came))
    return replace(row, kills=struck, remark=f"{again} messages came twice, under one Message-ID").with_checks(
        nothing_stays_uncertain=row.uncertain == 0, all_arrived=row.sent == readers, some_came_again=again > 0
    )


def accept_without_an_answer(place: Place, *, readers: int) -> Iterator[Row]:
    """T3: one message in twenty is accepted and not answered for; the uncertain ones are exactly those."""
    for name, answer in UNANSWERED.items():
        script = EveryNth("END", 20, answer)
        with place.fresh(readers) as url, SmtpSink(script) as sink:
            job = Job(url=url, provider=impatient_with(sink.settings, answer), lanes=2)
            drain(url, lambda: job)  # noqa: B023 it is used up here
            row = judge(
                f"T3 accepted, then {name}",
                read_ledger(url),
                mailed(sink),
                eligible=addresses(readers),
                at_stake=script.given,
            )
        yield row.with_checks(uncertain_are_exactly_those_without_an_answer=row.uncertain == script.given)


def impatient_with(settings: Chosen, answer: object) -> Chosen:
    """The provider given up early where it is told to say nothing, and with its own patience everywhere else."""
    return settings.model_copy(update={"timeout_seconds": SILENCE_SECONDS}) if answer == STALL else settings


def drop_at_each_verb(place: Place, *, readers: int) -> Row:
    """T4: the connection is cut before the end of the message, at each step in turn; all arrive in the end."""
    steps = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY")
    rows = at_once(_drop_at, [(place, step, both, readers) for step in steps for both in (True, False)])
    return add_up("T4 cut before the end", rows, remark="6 steps, twice each, both ways: all arrive")


def _drop_at(place: Place, step: str, pipelining: bool, readers: int) -> Row:
    is_large = step == "BODY"
    count = 3 if is_large else readers
    with place.fresh(count) as url, SmtpSink(pipelining=pipelining) as sink:
        sink.answer(step, DROP, DROP)
        job = Job(url=url, provider=sink.settings, body_bytes=LARGE_BODY_BYTES if is_large else 0)
        drain(url, lambda: job)
        row = judge(step, read_ledger(url), mailed(sink), eligible=addresses(count))
    return row.with_checks(all_arrived=row.sent == count)


# -- T5: every code at every verb ----------------------------------------------------------------------------------


def answer_with_each_code(place: Place, *, codes: int = len(CODES)) -> Row:
    """T5: the code once, at one verb: what becomes of the first message, then of all of them."""
    tries = [(place, verb, code, both) for verb in VERBS for code in CODES[-codes:] for both in (True, False)]
    rows = at_once(_answer_once, tries)
    return add_up("T5 codes at verbs", rows, remark=f"{codes} codes x {len(VERBS)} verbs, once each, both ways")


def expected(verb: str, code: int) -> frozenset[DeliveryState]:
    """What may become of the first message when its server has said so once; table B7."""
    if verb in {"CONNECT", "EHLO"} or code == 535:
        return frozenset({READY, SENT})  # nobody was handed over; a circuit may let the next try pass
    if code < 500:
        return frozenset({RETRY, SENT}) if (verb, code) == ("MAIL", 421) else frozenset({RETRY})  # on a new connection
    if verb == "MAIL":
        return frozenset({FAILED}) if code == 552 else frozenset({READY})
    return frozenset({FAILED, RETRY}) if code == 552 else frozenset({FAILED})


def _answer_once(place: Place, verb: str, code: int, pipelining: bool) -> Row:
    name = f"{code} at {verb}, {'in groups' if pipelining else 'step by step'}"
    with place.fresh(FEW) as url, SmtpSink(pipelining=pipelining) as sink:
        sink.answer(verb, f"{code} so it is")
        job = Job(url=url, provider=sink.settings)
        run(job)
        at_first = read_ledger(url)
        drain(url, lambda: job)
        row = judge(name, read_ledger(url), mailed(sink), eligible=addresses(FEW))
    first = at_first.rows[addresses(1)[0]]
    spent = max(one.attempt for one in at_first.rows.values() if one.state is READY) if _has(at_first, READY) else 0
    struck = {one.state for one in at_first.rows.values() if one.state not in {SENT, READY}} or {first.state}
    return row.with_checks(
        **{
            f"then_it_is_{'_or_'.join(sorted(expected(verb, code)))}_and_not_{'_'.join(sorted(struck))}": struck
            <= expected(verb, code)
        },
        what_was_not_handed_over_spent_no_attempt=spent == 0,
        one_at_most_is_not_sent_in_the_end=row.sent >= FEW - 1,
    )


def _has(ledger: Ledger, state: DeliveryState) -> bool:
    return any(one.state is state for one in ledger.rows.values())


# -- T6: nobody there ----------------------------------------------------------------------------------------------


def refuse_connections(place: Place, *, readers: int, runs: int) -> Row:
    """T6: the server hangs up on every connection, run after run: no attempt is spent; then it is there, and all go."""
    with place.fresh(readers) as url:
        with hanging_up() as (port, probes):
            away = SmtpProvider(kind="smtp", host="127.0.0.1", port=port, tls="none")
            codes = {run(Job(url=url, provider=away, lanes=2)) for _ in range(runs)}
            ledger = read_ledger(url)
        with SmtpSink() as sink:
            drain(url, lambda: Job(url=url, provider=sink.settings, lanes=2))
            row = judge("T6 provider down", read_ledger(url), mailed(sink), eligible=addresses(readers))
    return replace(row, remark=f"{runs} runs, {len(probes)} connections tried").with_checks(
        every_run_says_11=codes == {11},
        no_attempt_is_spent={one.attempt for one in ledger.rows.values()} == {0},
        one_connection_a_lane_and_run_is_tried=len(probes) <= 2 * runs,
        all_arrive_once_it_is_back=row.sent == readers,
    )


@contextmanager
def hanging_up() -> Iterator[tuple[int, list[None]]]:
    """A port where every connection is closed at once, and a mark for each."""
    probes: list[None] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                probes.append(None)
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1], probes
        listener.shutdown(socket.SHUT_RDWR)


# -- T7: HTTP ------------------------------------------------------------------------------------------------------

HTTP_ANSWERS: dict[str, tuple[str, SendgridAnswer | str, DeliveryState]] = {
    "202": ("ANSWER", SendgridAnswer(status=202), SENT),
    "429": ("ANSWER", SendgridAnswer(status=429, headers={"Retry-After": "90"}), RETRY),
    "500": ("ANSWER", SendgridAnswer(status=500), RETRY),
    "503": ("ANSWER", SendgridAnswer(status=503), RETRY),
    "accepted, no reply": ("ANSWER", STALL, UNCERTAIN),
    "accepted, cut": ("ANSWER", DROP, UNCERTAIN),
    "accepted, garbage": ("ANSWER", "no words of any protocol", UNCERTAIN),
    "cut before the body is read": ("HEAD", DROP, UNCERTAIN),
    "400": ("ANSWER", SendgridAnswer(status=400), FAILED),
    "401": ("ANSWER", SendgridAnswer(status=401), READY),
    "413": ("ANSWER", SendgridAnswer(status=413), FAILED),
}


def answer_over_http(place: Place) -> Row:
    """T7: each answer once, to the first request."""
    rows = at_once(_answer_request, [(place, name, *told) for name, told in HTTP_ANSWERS.items()])
    return add_up("T7 HTTP answers", rows, remark=f"{len(HTTP_ANSWERS)} answers, once each")


def _answer_request(place: Place, name: str, step: str, answer: SendgridAnswer | str, then: DeliveryState) -> Row:
    with place.fresh(FEW) as url, SendgridStub() as stub:
        stub.answer(step, answer)
        job = Job(url=url, provider=impatient_with(stub.settings, answer))
        run(job)
        first = read_ledger(url).rows[addresses(1)[0]]
        drain(url, lambda: job)
        row = judge(
            name,
            read_ledger(url),
            recipients(stub),
            eligible=addresses(FEW),
            at_stake=then is UNCERTAIN,
        )
    return row.with_checks(**{f"then_it_is_{then}_and_not_{first.state}": first.state is then})
