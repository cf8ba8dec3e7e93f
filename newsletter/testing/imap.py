"""An IMAP server on loopback: one account, some folders, as much of the protocol as reading mail takes."""

from __future__ import annotations

import base64
import re
import socketserver
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Literal, Self

from newsletter.testing.certificates import Certificate

_FETCH = re.compile(r"(\d+) \(UID BODY\.PEEK\[\]<0\.(\d+)>\)")
_STORE = re.compile(r"([\d,]+) \+FLAGS\.SILENT \(\\Seen\)")


class ImapSink:
    """A server that holds mails; ``with`` starts and stops it. ``seen`` are the numbers of those that were read."""

    def __init__(
        self,
        mails: Sequence[bytes] = (),
        *,
        folder: str = "INBOX",
        users: Mapping[str, str] | None = None,
        certificate: Certificate | None = None,
        tls: Literal["implicit", "starttls"] = "implicit",
        plain: bool = True,
    ) -> None:
        """``plain``: whether it takes logins in UTF-8 by AUTHENTICATE PLAIN."""
        self.mails = list(mails)
        self.folder = folder
        self.users = dict(users or {"reports": "secret"})
        self.certificate, self.tls, self.plain = certificate, tls, plain
        self.seen: set[int] = set()
        self.commands: list[str] = []
        self.breaks_at: str = ""
        """A command in the middle of which the connection is cut."""
        self.lies: dict[str, bytes] = {}
        """Command -> what is said before the answer to it."""
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.sink = self
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    sink: ImapSink

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Greets, and answers until the client leaves."""
        self.sink = self.server.sink
        if self.sink.certificate and self.sink.tls == "implicit":
            self._encrypt()
        self._say("* OK ready")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            tag, _, said = line.partition(" ")
            command, _, rest = said.partition(" ")
            if command.upper() == "UID":
                command, _, rest = rest.partition(" ")
            self.sink.commands.append(command.upper())
            if self.sink.breaks_at == command.upper():
                return
            self.wfile.write(self.sink.lies.get(command.upper(), b""))
            if not self._answer(tag, command.upper(), rest):
                return

    def _answer(self, tag: str, command: str, rest: str) -> bool:
        """Whether the dialogue goes on."""
        sink = self.sink
        if command == "CAPABILITY":
            ways = " AUTH=PLAIN" if sink.plain else ""
            self._say(f"* CAPABILITY IMAP4rev1{ways}{' STARTTLS' if sink.tls == 'starttls' else ''}")
        elif command == "STARTTLS":
            self._say(f"{tag} OK go on")
            self._encrypt()
            return True
        elif command in {"AUTHENTICATE", "LOGIN"}:
            self._say(f"{tag} OK welcome" if self._is_known(command, rest) else f"{tag} NO wrong name or password")
            return True
        elif command == "SELECT":
            if rest.strip('"') != sink.folder:
                self._say(f"{tag} NO no such folder")
                return True
            self._say(f"* {len(sink.mails)} EXISTS")
        elif command == "SEARCH":
            waiting = (str(uid) for uid in range(1, len(sink.mails) + 1) if uid not in sink.seen)
            self._say(f"* SEARCH {' '.join(waiting)}".rstrip())
        elif command == "FETCH" and (found := _FETCH.fullmatch(rest)):
            self._give(int(found[1]), int(found[2]))
        elif command == "STORE" and (found := _STORE.fullmatch(rest)):
            sink.seen |= {int(uid) for uid in found[1].split(",")}
        elif command == "LOGOUT":
            self._say(f"* BYE\r\n{tag} OK bye")
            return False
        else:
            self._say(f"{tag} BAD what is {command}?")
            return True
        self._say(f"{tag} OK done")
        return True

    def _is_known(self, command: str, rest: str) -> bool:
        if command == "LOGIN":
            name, _, password = rest.replace('"', "").partition(" ")
        else:
            self._say("+")
            _, name, password = base64.b64decode(self.rfile.readline()).decode().split("\0")
        return self.sink.users.get(name) == password

    def _give(self, uid: int, size: int) -> None:
        body = self.sink.mails[uid - 1][:size]
        self.wfile.write(f"* {uid} FETCH (UID {uid} BODY[]<0> {{{len(body)}}}\r\n".encode() + body + b")\r\n")

    def _encrypt(self) -> None:
        if self.sink.certificate is not None:
            self.request = self.sink.certificate.server_context.wrap_socket(self.request, server_side=True)
            self.setup()

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
