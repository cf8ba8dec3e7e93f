"""5. Did it arrive? One file a provider, all of one shape.

A provider takes groups of rendered messages and says of each what became of it. ``docs/adding-a-provider.md`` tells how
to write another one.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TextIO, runtime_checkable

from newsletter.delivery.plugins import load
from newsletter.errors import UsageError
from newsletter.model import Message, Outcome

if TYPE_CHECKING:
    from newsletter.config.settings import AnyProvider
    from newsletter.delivery.files import SentFile

PROVIDERS: dict[str, str] = {
    "files": "newsletter.delivery.files.Files",
    "console": "newsletter.delivery.console.Console",
    "smtp": "newsletter.delivery.smtp.Smtp",
    "sendgrid": "newsletter.delivery.sendgrid.Sendgrid",
}
"""Short names; any other dotted path to a class or function of the same shape works too."""


@runtime_checkable
class Provider(Protocol):
    """One connection to whoever carries the mail away; used by one thread, inside ``with``."""

    name: str
    """As it stands in the ledger."""
    idempotency_seconds: int
    """For how long the same message may be sent again and still arrives once; 0: never."""

    def __enter__(self) -> Self:
        """Connects; raises ``ProviderError`` if it cannot be reached, ``ProviderBusy`` if it asks to come back later,
        ``ProviderRefused`` if it does not let us in.
        """

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """One outcome a message, in order, each as soon as it is known; at most 20 messages.

        ``NOT_HANDED`` is said only of what certainly never left us, ``UNCERTAIN`` of what did and got no clear answer.
        Raises ``ProviderBusy`` where the provider asks everyone to wait, ``ProviderError`` where it is gone,
        ``ProviderRefused`` where it wants none of our mail: messages that have no outcome by then were not handed over.
        """

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Says goodbye; what was sent stays sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a provider may need beside its settings; each ignores what it has no use for."""

    gallery: Callable[[Sequence[SentFile]], str] | None = None
    """Makes the HTML of the gallery that lists the folder of ``files``; ``None``: no gallery."""
    stream: TextIO | None = None
    """Where ``console`` writes; ``None`` is stdout."""
    trust: ssl.SSLContext | None = None
    """Which certificates are believed; ``None``: those the system believes."""

    @property
    def tls(self) -> ssl.SSLContext:
        """The context to connect with: certificates and host names are always checked."""
        return self.trust or ssl.create_default_context()


NO_SURROUNDINGS = Surroundings()


def open_provider(settings: AnyProvider, *, surroundings: Surroundings = NO_SURROUNDINGS) -> Provider:
    """The provider that ``provider:`` in the settings names, not yet connected.

    Raises ``UsageError`` where the name leads nowhere or the settings cannot be used.
    """
    make: Callable[[Any, Surroundings], object] = load(settings.kind, PROVIDERS)
    provider = make(settings, surroundings)
    if not isinstance(provider, Provider):
        raise UsageError(
            f"provider.kind {settings.kind!r} made a {type(provider).__name__}, which is no provider: "
            "it needs name, idempotency_seconds, send and with (see docs/adding-a-provider.md)"
        )
    return provider
