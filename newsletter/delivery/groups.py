"""What all providers that talk to a server share: knowing when to stop."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from newsletter.errors import ProviderBusy, ProviderError
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


class Unsendable(Exception):
    """The provider could not take the message whatever it said; ``outcome`` says why."""

    def __init__(self, reason: str, *, address_is_bad: bool = False) -> None:
        super().__init__(reason)
        self.outcome = Outcome(verdict=Verdict.REFUSED, detail=reason, address_is_bad=address_is_bad)


class Groups:
    """Watches over what becomes of messages, from group to group."""

    def __init__(self, *, place: str) -> None:
        self._place = place
        self._unclear = 0

    def watch(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """The outcomes, each as it comes; ``Wait`` is raised in place of one where the provider asks for a pause.

        Raises ``ProviderBusy`` then, and ``ProviderError`` where the rest had better stay here.
        """
        coming = iter(outcomes)
        while True:
            try:
                outcome = next(coming)
            except StopIteration:
                return
            except Wait as wait:
                yield wait.outcome
                told = wait.outcome.retry_after_seconds
                raise ProviderBusy(
                    f"{self._place}: asks to come back later: {wait}", retry_after_seconds=told
                ) from wait
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
    address = message.recipient.email
    if address.lower() in words.lower():
        words = re.sub(re.escape(address), "[recipient]", words, flags=re.IGNORECASE)
    return one_line(words)[:DETAIL_CHARACTERS]
