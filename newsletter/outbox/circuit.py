"""Leaves a provider alone that fails, and tries it again with one message.

Open after five failures in a row, after more than half of the last twenty answers, and at once where our credentials
are refused. While it is open nothing is leased, so no attempt is spent; what is known is in the database, so that the
next run, and other machines, leave it alone too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock

from newsletter.errors import ProviderBusy, ProviderError, ProviderRefused
from newsletter.model import Outcome, Trouble, Verdict
from newsletter.storage.circuits import Circuits, CircuitState
from newsletter.text.instants import told_instant

FAILURES_IN_A_ROW = 5
LATEST = 20
FIRST_PAUSE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 900.0
PROBE_SECONDS = 300.0
"""After so long the one message that was tried is taken for lost, and another one may be."""
GOOD, BAD = ".", "x"

_ANSWERS = frozenset({Verdict.SENT, Verdict.REFUSED})
_SILENCE = frozenset({Verdict.UNCERTAIN, Verdict.NOT_HANDED})


class LeftAlone(ProviderError):
    """The provider failed too often; nothing is asked of it for a while."""


class Circuit:
    """One provider's; the lanes of a sender share it."""

    def __init__(
        self,
        store: Circuits,
        provider: str,
        *,
        clock: Callable[[], datetime],
        credentials: Callable[[], str] = str,
    ) -> None:
        """``credentials`` tells changed ones from those that were refused: changed ones are tried at once."""
        self._store = store
        self._provider = provider
        self._clock = clock
        self._credentials = credentials
        self._state = self._saved = store.load(provider)
        self._lock = Lock()

    def enter(self) -> bool:
        """Whether all may be sent; false: one message may be tried first, by the caller alone.

        Raises ``LeftAlone`` while it is open, ``ProviderRefused`` where that is for our credentials.
        """
        at, until = self._clock(), self._state.open_until
        if until is None:
            return True
        if self._state.is_refused and self._state.credentials != self._credentials():
            self._store.half_open(self._provider, at=at)
            until = min(at, until)
        if until <= at or not is_open(self._state, at=at):
            again = at + timedelta(seconds=PROBE_SECONDS)
            if self._store.claim_probe(self._provider, at=max(at, until), until=again):
                self._state = replace(self._state, open_until=at)
                return False
            self._state = self._store.load(self._provider)  # somebody else is trying
        raise self.error()

    def settle(self, *, is_good: bool) -> bool:
        """After the one message: closes it where that was answered without a failure, else lets another be tried.

        Whether it is closed.
        """
        if is_good:
            self._take_down(GOOD, "")
        elif self._state.open_until is not None:
            self._store.half_open(self._provider, at=self._clock())
        return self._state.open_until is None

    def note(self, outcomes: Sequence[Outcome]) -> bool:
        """Takes down what a group came to; whether the provider is to be left alone from now on."""
        marks = "".join([_mark(outcome) for outcome in outcomes])
        why = next((outcome.detail for outcome in reversed(outcomes) if _mark(outcome) == BAD), "")
        return self._take_down(marks, why)

    def fail(self, error: ProviderError) -> bool:
        """Takes down that the provider could not be reached or broke off; whether it is to be left alone from now."""
        if isinstance(error, ProviderRefused):
            return self._take_down(BAD, str(error), is_refused=True)
        if isinstance(error, ProviderBusy) and error.retry_after_seconds is not None:
            return False  # it works, and said when
        return self._take_down(BAD, str(error))

    def _take_down(self, marks: str, why: str, *, is_refused: bool = False) -> bool:
        """Whether it is open from now on."""
        with self._lock:
            self._state = after(self._state, marks, at=self._clock(), why=why, is_refused=is_refused)
            if is_refused:
                self._state = replace(self._state, credentials=self._credentials())
            if _is_news(self._state, self._saved):
                self._saved = self._state if _speaks_against(self._state) else CircuitState()
                self._store.save(self._provider, self._saved)
            return self._state.open_until is not None and BAD in marks

    def error(self) -> ProviderError:
        """Why nothing may be sent."""
        at = self._clock()
        until = self._state.open_until or at
        kind = ProviderRefused if self._state.is_refused else LeftAlone
        return kind(f"{self._provider} is left alone until {told_instant(until, at)}: {self._state.reason}")


def after(state: CircuitState, marks: str, *, at: datetime, why: str = "", is_refused: bool = False) -> CircuitState:
    """What the state becomes with these answers, in order."""
    if is_open(state, at=at):
        return state  # lanes that were under way when another one found out
    if state.open_until is not None and GOOD in marks:
        state, marks = CircuitState(), marks[marks.index(GOOD) :]
    recent = (state.recent + marks)[-LATEST:]
    is_ill = recent.endswith(BAD * FAILURES_IN_A_ROW) or (len(recent) == LATEST and recent.count(BAD) > LATEST / 2)
    if not (BAD in marks and (is_ill or is_refused or state.open_until is not None)):
        return replace(state, recent=recent)
    pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(state.openings, 10))
    return CircuitState(
        recent="",
        openings=state.openings + 1,
        open_until=at + timedelta(seconds=pause),
        is_refused=is_refused,
        reason=why,
    )


def is_open(state: CircuitState, *, at: datetime) -> bool:
    """Whether nothing may be tried yet; a clock that was set back holds nobody up for longer than the longest pause."""
    until = state.open_until
    return until is not None and at < until <= at + timedelta(seconds=LONGEST_PAUSE_SECONDS)


def _mark(outcome: Outcome) -> str:
    """``deferred`` is neither: the service works, and does not want this message now."""
    if outcome.verdict in _ANSWERS:
        return GOOD
    return BAD if outcome.verdict in _SILENCE or outcome.trouble is Trouble.SERVICE else ""


def _speaks_against(state: CircuitState) -> bool:
    return state.open_until is not None or BAD in state.recent


def _is_news(state: CircuitState, saved: CircuitState) -> bool:
    """Whether the database has to know: it is told nothing of providers that work."""
    return state != saved and (_speaks_against(state) or _speaks_against(saved))
