"""A real SMTP server on loopback that keeps what it is given, and misbehaves on command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Literal, Self

from newsletter.config.settings import SmtpProvider
from newsletter.testing.certificates import Certificate
from newsletter.testing.scripts import Script

HOST = "127.0.0.1"
STEPS = ("CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY", "END", "AFTER", "RSET", "QUIT")
"""Where an answer can be given: CONNECT is the greeting, BODY inside a message, END after its dot, AFTER when the reply
to that has left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message that the server accepted."""

    sender: str
    recipient: str
    raw: bytes
    """Without the dots that the wire adds."""
    is_encrypted: bool
    username: str | None


class SmtpSink:
    """Accepts all mail from inside ``with``; needs aiosmtpd.

    ``decide(step, argument)`` or ``answer(step, ...)`` say what to answer in place of the usual reply: a line such as
    ``450 4.2.1 busy`` (a 421 closes), anything else for garbage, or ``DROP`` or ``STALL``. A 354 at ``DATA`` makes it
    read a message even where no recipient was taken. After ``END`` a message counts as accepted unless the answer is a
    4xx or 5xx.
    """

    def __init__(
        self,
        decide: Callable[[str, str], str | None] | None = None,
        *,
        tls: Literal["starttls", "implicit", "none"] = "none",
        certificate: Certificate | None = None,
        users: Mapping[str, str] | None = None,
        mechanisms: Sequence[str] = ("PLAIN", "LOGIN"),
        extensions: bool = True,
        pipelining: bool = True,
    ) -> None:
        """``users`` maps names to passwords: who is not logged in gets 530. ``extensions``: SIZE and SMTPUTF8;
        ``pipelining`` whether PIPELINING is offered too.
        """
        self.tls = tls
        self.certificate = certificate
        self.users = users
        self.mechanisms = mechanisms
        self.extensions = extensions
        self.pipelining = pipelining
        self.script: Script[str] = Script(decide)
        self.messages: list[Received] = []
        self.unaddressed: list[bytes] = []
        """Messages that came to their end without a recipient; nobody gets them."""
        self.commands: list[str] = []
        """Every line of the dialogues, without the messages."""
        self.connections = 0
        self.port = 0
        self.lock = Lock()
        self._is_listening = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: Thread | None = None

    def answer(self, step: str, *answers: str) -> None:
        """Queues answers for the next times that step is reached."""
        if step not in STEPS:
            raise ValueError(f"no step {step!r}: {', '.join(STEPS)}")
        self.script.add(step, *answers)

    @property
    def settings(self) -> SmtpProvider:
        """What to give ``open_provider`` to reach this server."""
        return SmtpProvider(kind="smtp", host=HOST, port=self.port, tls=self.tls, timeout_seconds=60)

    def __enter__(self) -> Self:
        try:
            from newsletter.testing import smtp_server
        except ImportError as error:
            raise ImportError("SmtpSink needs aiosmtpd: pip install aiosmtpd") from error
        self._thread = Thread(
            target=asyncio.run, args=(self._serve(smtp_server.Server),), name="smtp-sink", daemon=True
        )
        self._thread.start()
        self._is_listening.wait()
        return self

    async def _serve(self, protocol: Callable[[SmtpSink, asyncio.AbstractEventLoop], asyncio.BaseProtocol]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        context = self.certificate.server_context if self.certificate and self.tls == "implicit" else None
        loop = self._loop
        server = await loop.create_server(lambda: protocol(self, loop), HOST, 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        self._is_listening.set()
        await self._stop.wait()
        server.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop and self._stop and self._thread:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
