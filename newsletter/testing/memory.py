"""A provider without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

from newsletter.model import Message, Outcome, Verdict
from newsletter.testing.scripts import Script

Answer = Outcome | Exception
ACCEPTED = frozenset({Verdict.SENT, Verdict.UNCERTAIN})
SENT = Outcome(verdict=Verdict.SENT)


class MemoryProvider:
    """Keeps what it accepts in ``messages``.

    ``decide`` says what to answer for a message: an outcome, an exception that is raised in its place, or ``None`` for
    ``SENT``. An ``UNCERTAIN`` message counts as accepted.
    """

    name = "memory"

    def __init__(
        self, decide: Callable[[Message], Answer | None] | None = None, *, idempotency_seconds: int = 0
    ) -> None:
        self.idempotency_seconds = idempotency_seconds
        self.messages: list[Message] = []
        self.groups: list[int] = []
        """How many messages each call of ``send`` was given."""
        self.refuses_connection: Exception | None = None
        """Raised by ``with``, when set."""
        self._decide = decide
        self._script: Script[Answer] = Script()

    def answer(self, *answers: Answer) -> None:
        """Queues outcomes, or exceptions to raise, for the next messages."""
        self._script.add("message", *answers)

    def __enter__(self) -> Self:
        if self.refuses_connection:
            raise self.refuses_connection
        return self

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """One outcome a message; see ``Provider.send``."""
        self.groups.append(len(messages))
        for message in messages:
            answer = self._script.next("message") or (self._decide(message) if self._decide else None) or SENT
            if isinstance(answer, Exception):
                raise answer
            if answer.verdict in ACCEPTED:
                self.messages.append(message)
            yield answer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Keeps what it has."""
