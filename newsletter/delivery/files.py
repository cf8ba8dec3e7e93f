"""One ``.eml`` a message into a folder, its HTML beside it, and a gallery of all of them.

The name of a file says when and to whom and never changes for one message: sending it again writes the same file.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message as Headers
from email.parser import HeaderParser
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from newsletter.addresses import normal_form
from newsletter.config.settings import FilesProvider
from newsletter.delivery import NO_SURROUNDINGS, Surroundings
from newsletter.errors import ProviderError, reason_of
from newsletter.model import Mailbox, Message, Outcome, Verdict
from newsletter.text import slug

GALLERY = "index.html"
GALLERY_MAILS = 200
HEAD_BYTES = 65_536
TEN_YEARS_SECONDS = 10 * 365 * 24 * 3600

_NAME = re.compile(r"\d{4}-\d{2}-\d{2}-[a-z0-9-]+\.eml")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """What is known of one mail in the folder."""

    recipient: Mailbox
    subject: str
    date: datetime | None
    """As its Date header says; ``None`` where it is unreadable."""
    eml: str
    """File name inside the folder."""
    html: str | None
    """File name of the HTML part alone; ``None`` where somebody deleted it."""


class Files:
    """Writes messages into a folder, for looking at, or for a mail system that picks them up there."""

    name = "files"
    idempotency_seconds = TEN_YEARS_SECONDS

    def __init__(self, settings: FilesProvider, surroundings: Surroundings = NO_SURROUNDINGS) -> None:
        self._folder = settings.path
        self._gallery = surroundings.gallery

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProviderError(f"{self._folder}: cannot be made into a folder: {error.strerror}") from error
        return self

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """One outcome a message; see ``Provider.send``. ``provider_id`` is the file's name."""
        for message in messages:
            name = file_name(message)
            self._write(name.removesuffix(".eml") + ".html", message.html.encode("utf-8", "replace"))
            self._write(name, message.raw)
            yield Outcome(verdict=Verdict.SENT, provider_id=name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._gallery is not None:
            self._write(GALLERY, self._gallery(list_files(self._folder)).encode("utf-8", "replace"))

    def _write(self, name: str, content: bytes) -> None:
        """All of the file or nothing, also when the power fails."""
        unfinished = self._folder / f".{name}.unfinished"
        try:
            with unfinished.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._folder / name)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink()
            raise ProviderError(f"{self._folder / name}: cannot be written: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    return "the disk is full; free some space and run again" if is_full else reason_of(error)


def file_name(message: Message) -> str:
    """Date, reader and a short id, such as ``2026-11-22-ada-example-org-5f1d7a09c3.eml``; the same for ever.

    The date is that of ``message.date`` in its own zone.
    """
    unique = f"{message.message_id}\0{message.recipient.email}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(unique, digest_size=5).hexdigest()
    return f"{message.date.date().isoformat()}-{slug(message.recipient.email)}-{digest}.eml"


def list_files(folder: Path, *, limit: int | None = GALLERY_MAILS) -> list[SentFile]:
    """The mails that this provider wrote into the folder, newest first; ``limit=None`` lists all of them."""
    try:
        names = sorted((path.name for path in folder.iterdir() if _NAME.fullmatch(path.name)), reverse=True)
        files = [_read(folder / name) for name in names[:limit]]
    except OSError as error:
        raise ProviderError(f"{folder}: cannot be read: {error.strerror}") from error
    return sorted(files, key=lambda file: file.date or _LONG_AGO, reverse=True)


def remove_mails(folder: Path, email: str) -> int:
    """Deletes every mail to that address from the folder; the number of mails that were there.

    The gallery still names them until the provider is used again, so it is deleted too.
    """
    if not folder.is_dir():
        return 0
    wanted = normal_form(email)
    found = [file for file in list_files(folder, limit=None) if normal_form(file.recipient.email) == wanted]
    names = [name for file in found for name in (file.eml, _html_name(file.eml))] + [GALLERY] * bool(found)
    try:
        for name in names:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise ProviderError(f"{folder}: mails cannot be deleted: {error.strerror}") from error
    return len(found)


def _read(path: Path) -> SentFile:
    with path.open("rb") as file:
        head, _, _ = file.read(HEAD_BYTES).partition(b"\r\n\r\n")
    headers = HeaderParser().parsestr(head.decode("utf-8", "replace"))
    name, email = parseaddr(str(headers.get("To", "")))
    html = _html_name(path.name)
    return SentFile(
        recipient=Mailbox(email=email, name=_decode(name)),
        subject=_decode(str(headers.get("Subject", ""))),
        date=_date(headers),
        eml=path.name,
        html=html if path.with_name(html).exists() else None,
    )


def _decode(value: str) -> str:
    try:
        return " ".join(str(make_header(decode_header(value))).split())
    except (MessageError, LookupError, ValueError):
        return value


def _date(headers: Headers) -> datetime | None:
    try:
        date = parsedate_to_datetime(str(headers.get("Date", "")))
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _html_name(eml: str) -> str:
    return eml.removesuffix(".eml") + ".html"
