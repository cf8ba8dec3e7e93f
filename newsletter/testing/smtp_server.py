"""The protocol of ``SmtpSink``: aiosmtpd's, with a word of ours before each reply."""

from __future__ import annotations

import asyncio
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from newsletter.testing.scripts import DROP, STALL
from newsletter.testing.smtp import Received, SmtpSink

SOME_BYTES = 10
BIG_MESSAGE_BYTES = 33_554_432
ALL_MECHANISMS = ("LOGIN", "PLAIN")


class Server(SMTP):
    """One connection."""

    def __init__(self, sink: SmtpSink, loop: asyncio.AbstractEventLoop) -> None:
        show = sink.certificate.server_context if sink.certificate and sink.tls == "starttls" else None
        self.keeper = Keeper(sink)
        super().__init__(
            self.keeper,
            loop=loop,
            hostname="sink.example",
            enable_SMTPUTF8=sink.extensions,
            data_size_limit=BIG_MESSAGE_BYTES if sink.extensions else None,
            tls_context=show,
            auth_require_tls=False,
            auth_exclude_mechanism=[name for name in ALL_MECHANISMS if not sink.users or name not in sink.mechanisms],
            authenticator=self.check_password,
        )
        self._sink = sink
        self._is_greeted = False

    async def push(self, status: Any) -> None:
        """Answers; the first time with the greeting."""
        if not self._is_greeted:
            self._is_greeted = True
            with self._sink.lock:
                self._sink.connections += 1
            if await self.misbehave("CONNECT"):
                return
        await super().push(status)

    async def misbehave(self, step: str, argument: str | None = None) -> bool:
        """Answers as the script says; whether it had anything to say."""
        with self._sink.lock:
            self._sink.commands.append(f"{step} {argument or ''}".rstrip())
        answer = self._sink.script.next(step, argument or "")
        if answer is None:
            return False
        await self.give(answer)
        return True

    async def give(self, answer: str) -> None:
        """Answers with a line, a cut or silence; comes back only if the dialogue goes on."""
        if answer not in (DROP, STALL):
            await super().push(answer)
            if not answer.startswith("421"):
                return
        if answer != STALL and isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort() if answer == DROP else self.transport.close()
        await asyncio.Event().wait()  # until the loss of the connection cancels this

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: D102, N802 named by aiosmtpd
        if not await self.misbehave("EHLO", hostname):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: D102, N802
        if not await self.misbehave("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: D102, N802
        if not await self.misbehave("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: D102, N802
        if await self.misbehave("MAIL", arg):
            return
        if self._sink.users and not (self.session and self.session.authenticated):
            await self.push("530 5.7.0 Authentication required")
            return
        await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: D102, N802
        if not await self.misbehave("RCPT", arg):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: D102, N802
        with self._sink.lock:
            self._sink.commands.append("DATA")
        spoken = self._sink.script.next("DATA")
        if spoken is not None:
            await self.give(spoken)
            if spoken.startswith("354"):
                await self.read_message()
            return
        answer = self._sink.script.next("BODY")
        if answer is None:
            taken = self.keeper.taken
            await super().smtp_DATA(arg)
            if self.keeper.taken > taken and (more := self._sink.script.next("AFTER")) is not None:
                await self.give(more)
            return
        await self.push("354 go on, for a while")
        await self._reader.read(SOME_BYTES)
        await self.give(answer)

    async def read_message(self) -> None:
        """Reads a message to its end, whether or not anybody is to get it."""
        if self.envelope is None or self.session is None:
            return
        lines: list[bytes] = []
        while (line := await self._reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        self.envelope.original_content = b"".join(lines)
        status = await self.keeper.handle_DATA(self, self.session, self.envelope)
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push(status)

    async def smtp_RSET(self, arg: str) -> None:  # noqa: D102, N802
        if not await self.misbehave("RSET"):
            await super().smtp_RSET(arg)

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: D102, N802
        if not await self.misbehave("QUIT"):
            await super().smtp_QUIT(arg)

    def check_password(self, *request: Any) -> AuthResult:
        """Says whether the sink knows that user; the last part of a request is name and password."""
        users, data = self._sink.users or {}, request[-1]
        is_known = isinstance(data, LoginPassword) and users.get(data.login.decode()) == data.password.decode()
        return AuthResult(success=is_known, handled=False, auth_data=data)


class Keeper:
    """Takes the messages."""

    def __init__(self, sink: SmtpSink) -> None:
        self._sink = sink
        self.taken = 0
        """Messages that came to their end."""

    async def handle_EHLO(  # noqa: N802
        self, server: Server, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offers commands in groups, where the sink is to."""
        del server, envelope  # aiosmtpd gives them
        session.host_name = hostname
        return [responses[0], *["250-PIPELINING"] * self._sink.pipelining, *responses[1:]]

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keeps the message unless the script refuses it."""
        self.taken += 1
        recipient, raw = ", ".join(envelope.rcpt_tos), envelope.original_content or b""
        answer = self._sink.script.next("END", recipient) or "250 2.0.0 OK: queued as SINK"
        if not envelope.rcpt_tos:
            with self._sink.lock:
                self._sink.unaddressed.append(raw)
        elif not answer.startswith(("4", "5")):
            received = Received(
                sender=envelope.mail_from or "",
                recipient=recipient,
                raw=raw,
                is_encrypted=session.ssl is not None or self._sink.tls == "implicit",
                username=session.auth_data.login.decode() if session.auth_data else None,
            )
            with self._sink.lock:
                self._sink.messages.append(received)
        if answer in (DROP, STALL) or answer.startswith("421"):
            await server.give(answer)
        return answer
