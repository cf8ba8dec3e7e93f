"""A mail provider of one's own: digests go straight into a Maildir, where a mail reader finds them.

Put this file where Python finds it (``PYTHONPATH``, or a package of yours) and name it in ``newsletter.yaml``::

    provider: {kind: maildir.Maildir, options: {folder: /home/ada/Mail/papers}}
"""

from __future__ import annotations

import mailbox
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from newsletter.config.settings import PluginProvider
from newsletter.delivery import Surroundings
from newsletter.errors import ProviderError
from newsletter.model import Message, Outcome, Verdict


class Maildir:
    """One file a message, in the folder that ``options`` names."""

    name = "maildir"
    idempotency_seconds = 0

    def __init__(self, settings: PluginProvider, surroundings: Surroundings) -> None:
        del surroundings
        self._folder = str(settings.options["folder"])

    def __enter__(self) -> Self:
        try:
            self._maildir = mailbox.Maildir(self._folder, create=True)
        except OSError as error:
            raise ProviderError(f"{self._folder}: no Maildir can be opened there: {error.strerror}") from error
        return self

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """One outcome a message: it is in the folder, or it never left us."""
        for message in messages:
            try:
                key = self._maildir.add(message.raw)
            except OSError as error:
                yield Outcome(verdict=Verdict.NOT_HANDED, detail=str(error))
            else:
                yield Outcome(verdict=Verdict.SENT, provider_id=key)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._maildir.close()
