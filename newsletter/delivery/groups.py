"""What all providers that talk to a server share: going through groups, and knowing when to stop."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from newsletter.errors import ProviderError
from newsletter.model import Message, Outcome, Verdict
from newsletter.text import one_line

UNCLEAR_IN_A_ROW = 5
"""After so many messages without a clear answer the provider is taken for ill: no more mail is put at stake."""
DETAIL_CHARACTERS = 300


class Wait(Exception):
    """The provider asks everyone to come back later; ``outcome`` is of the message that it said so to."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


class Groups:
    """Takes groups of messages through ``deliver``, which raises ``Wait`` where the provider asks for a pause."""

    def __init__(self, deliver: Callable[[Message], Outcome], *, place: str) -> None:
        self._deliver = deliver
        self._place = place
        self._unclear = 0

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """The outcome of each message; raises ``ProviderError`` where the rest had better stay here."""
        for message in messages:
            try:
                outcome = self._deliver(message)
            except Wait as wait:
                yield wait.outcome
                raise ProviderError(f"{self._place}: asks to come back later: {wait}") from wait
            self._count(outcome)
            yield outcome
            if self._unclear >= UNCLEAR_IN_A_ROW:
                raise ProviderError(
                    f"{self._place}: {self._unclear} messages in a row without a clear answer; "
                    f"the last: {outcome.detail}"
                )

    def _count(self, outcome: Outcome) -> None:
        is_clear = outcome.verdict not in (Verdict.NOT_HANDED, Verdict.UNCERTAIN)
        self._unclear = 0 if is_clear else self._unclear + 1


def describe(words: str, message: Message) -> str:
    """The provider's words as one line of at most 300 characters, without the reader's address."""
    hidden = re.sub(re.escape(message.recipient.email), "[recipient]", words, flags=re.IGNORECASE)
    return one_line(hidden)[:DETAIL_CHARACTERS]
