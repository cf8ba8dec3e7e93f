"""A Maildir folder: a mail is a file, new ones lie in ``new``, and a flag in the name says that it was read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from newsletter.delivery.inbox import MAX_MAILS, Found
from newsletter.delivery.reports import MAX_BYTES
from newsletter.errors import InboxError

INFO = ":2,"
SEEN = "S"


class MaildirInbox:
    """The folder that has ``new`` and ``cur`` in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        for name in ("new", "cur"):
            place = self._folder / name
            if not place.is_dir():
                raise InboxError(f"{self._folder}: is no Maildir folder, for it has no `{name}`; see bounces.maildir")
            if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
                raise InboxError(f"{place}: cannot be read and written by this user")
        return self

    def unread(self) -> Iterator[Found]:
        """See ``Inbox``; a mail that another program takes away meanwhile is passed over."""
        try:
            files = [*(self._folder / "new").iterdir(), *(self._folder / "cur").iterdir()]
        except OSError as error:
            raise InboxError(f"{self._folder}: cannot be listed: {error.strerror}") from error
        waiting = [file for file in files if not file.name.startswith(".") and SEEN not in _flags(file)]
        for file in sorted(waiting, key=lambda file: file.name)[:MAX_MAILS]:
            try:
                with file.open("rb") as stream:
                    raw = stream.read(MAX_BYTES)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise InboxError(f"{file}: cannot be read: {error.strerror}") from error
            yield Found(f"{file.parent.name}/{file.name}", raw)

    def mark_read(self, keys: Iterable[str]) -> None:
        """Moves them to ``cur`` with the flag of what was seen."""
        for key in keys:
            file = self._folder / key
            name = file.name.partition(INFO)[0]
            flags = "".join(sorted({*_flags(file), SEEN}))
            try:
                file.rename(self._folder / "cur" / f"{name}{INFO}{flags}")
            except FileNotFoundError:
                continue
            except OSError as error:
                raise InboxError(f"{file}: cannot be moved to cur: {error.strerror}") from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""


def _flags(file: Path) -> str:
    return file.name.partition(INFO)[2]
