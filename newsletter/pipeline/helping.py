"""Senders beside the run: who they are is no business of the pipeline's."""

from __future__ import annotations

from typing import Protocol


class Crew(Protocol):
    """Other processes that send out of the same ledger."""

    def is_at_work(self) -> bool:
        """Whether there is anybody; then no lease is taken for dead before it is over."""

    def call(self) -> None:
        """Says that there is something to send."""


class NoCrew:
    """One process sends."""

    def is_at_work(self) -> bool:
        """Nobody is."""
        return False

    def call(self) -> None:
        """Nobody hears it."""


ALONE = NoCrew()
