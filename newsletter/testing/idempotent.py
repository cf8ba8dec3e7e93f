"""A provider that knows a message again, without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

from newsletter.model import Message, Outcome, Verdict
from newsletter.testing.memory import SENT, Answer
from newsletter.testing.scripts import Script

DAY_SECONDS = 86_400


class IdempotentProvider:
    """Keeps each message once in ``messages``, however often it comes; its Message-ID is the key.

    ``answer(...)`` or ``decide`` say what the sender hears; a message that is answered ``SENT`` or ``UNCERTAIN`` was
    accepted. The same key with other bytes is refused, as services do that keep to their word.
    """

    name = "idempotent"

    def __init__(
        self, decide: Callable[[Message], Answer | None] | None = None, *, idempotency_seconds: int = DAY_SECONDS
    ) -> None:
        self.idempotency_seconds = idempotency_seconds
        self.messages: list[Message] = []
        self.repeated: list[str] = []
        """Message-IDs that came again."""
        self._decide = decide
        self._known: dict[str, bytes] = {}
        self._script: Script[Answer] = Script()

    def answer(self, *answers: Answer) -> None:
        """Queues outcomes, or exceptions to raise, for the next messages."""
        self._script.add("message", *answers)

    def __enter__(self) -> Self:
        return self

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """One outcome a message; see ``Provider.send``."""
        for message in messages:
            answer = self._script.next("message") or (self._decide(message) if self._decide else None) or SENT
            if isinstance(answer, Exception):
                raise answer
            if self._known.get(message.message_id, message.raw) != message.raw:
                answer = Outcome(verdict=Verdict.REFUSED, detail="409 the same key with another body")
            elif answer.verdict in (Verdict.SENT, Verdict.UNCERTAIN):
                self._keep(message)
            yield answer

    def _keep(self, message: Message) -> None:
        if message.message_id in self._known:
            self.repeated.append(message.message_id)
        else:
            self._known[message.message_id] = message.raw
            self.messages.append(message)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Keeps what it has."""
