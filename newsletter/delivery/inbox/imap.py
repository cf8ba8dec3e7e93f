"""A folder on a mail server: mails without the flag ``\\Seen`` are read, and get it.

TLS is never given up, as in sending; the settings see to it that only this machine is talked to without.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

from newsletter.config.settings import Imap
from newsletter.delivery import Surroundings
from newsletter.delivery.inbox import MAX_MAILS, Found
from newsletter.delivery.inbox.wary import WaryClient, WaryTlsClient
from newsletter.delivery.reports import MAX_BYTES
from newsletter.errors import InboxError, reason_of
from newsletter.text import one_line

AT_ONCE = 100
"""Mails that one command marks."""
_UID = re.compile(rb"\bUID (\d{1,10})\b")
_LARGEST_UID_DIGITS = 10


class ImapInbox:
    """One connection, logged in, with the folder open."""

    def __init__(self, settings: Imap, surroundings: Surroundings) -> None:
        self._settings = settings
        self._surroundings = surroundings
        self._place = f"{settings.host}:{settings.port}"
        self._server: WaryClient | None = None

    def __enter__(self) -> Self:
        with self._explained():
            self._server = self._connect()
            try:
                self._log_in(self._server)
                self._select(self._server)
            except BaseException:
                self._leave()
                raise
        return self

    def unread(self) -> Iterator[Found]:
        """See ``Inbox``; each mail is fetched when it is asked for."""
        with self._explained():
            listed = b" ".join(line for line in self._ask("SEARCH", "UNSEEN") if line)
            said = (uid for uid in listed.split() if uid.isdigit() and len(uid) <= _LARGEST_UID_DIGITS)
            uids = sorted(set(map(int, said)))
        for uid in uids[:MAX_MAILS]:
            with self._explained():
                answer = self._ask("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{MAX_BYTES}>)")
            for part in answer:
                if (
                    isinstance(part, tuple)
                    and isinstance(part[1], bytes)
                    and (found := _UID.search(part[0]))
                    and int(found[1]) == uid
                ):
                    yield Found(str(uid), part[1])

    def mark_read(self, keys: Iterable[str]) -> None:
        """Sets ``\\Seen``."""
        uids = list(keys)
        for start in range(0, len(uids), AT_ONCE):
            with self._explained():
                self._ask("STORE", ",".join(uids[start : start + AT_ONCE]), "+FLAGS.SILENT", "(\\Seen)")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _connect(self) -> WaryClient:
        one, context = self._settings, self._surroundings.tls
        if one.tls == "implicit":
            return WaryTlsClient(one.host, one.port, ssl_context=context, timeout=one.timeout_seconds)
        server = WaryClient(one.host, one.port, timeout=one.timeout_seconds)
        if one.tls == "starttls":
            try:
                server.starttls(context)
            except BaseException:
                with suppress(OSError):
                    server.shutdown()
                raise
        return server

    def _log_in(self, server: imaplib.IMAP4) -> None:
        """By PLAIN in UTF-8 where the server knows it; the library's own LOGIN knows ASCII only."""
        name, password = self._settings.username, self._settings.password.get_secret_value()
        try:
            if "AUTH=PLAIN" in server.capabilities:
                server.authenticate("PLAIN", lambda _: f"\0{name}\0{password}".encode())
            else:
                server.login(name, password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise InboxError(f"{self._place}: does not let us in; check bounces.imap: {_words(error)}") from error

    def _select(self, server: imaplib.IMAP4) -> None:
        folder = self._settings.folder.replace("\\", "\\\\").replace('"', '\\"')
        answer, words = server.select(f'"{folder}"')
        if answer != "OK":
            raise InboxError(f"{self._place}: there is no folder {self._settings.folder!r}: {_words(words[0])}")

    def _ask(self, command: str, *arguments: str) -> list[Any]:
        if self._server is None:
            raise InboxError(f"{self._place}: is not open")
        answer, found = self._server.uid(command, *arguments)
        if answer != "OK":
            raise InboxError(f"{self._place}: {command} failed: {_words(found[0] if found else '')}")
        return found

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise InboxError(f"{self._place}: its certificate is not to be trusted: {error.verify_message}") from error
        except (OSError, imaplib.IMAP4.error, ValueError, MemoryError, OverflowError) as error:
            if self._server is not None and self._server.is_overdue:
                raise InboxError(f"{self._place}: takes too long; the next run reads on") from error
            raise InboxError(f"{self._place}: cannot be read: {_words(reason_of(error))}") from error

    def _leave(self) -> None:
        if self._server is not None:
            with suppress(OSError, imaplib.IMAP4.error, ValueError, MemoryError, OverflowError):
                self._server.logout()
            with suppress(OSError):
                self._server.shutdown()
        self._server = None


def _words(said: object) -> str:
    return one_line(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said))[:200]
