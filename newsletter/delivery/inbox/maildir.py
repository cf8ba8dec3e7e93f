"""A Maildir folder: a mail is a file, new ones lie in ``new``, and a flag in the name says that it was read."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterable, Iterator
from itertools import chain, count, islice
from pathlib import Path
from types import TracebackType
from typing import Self

from newsletter.delivery.inbox import MAX_MAILS, Found
from newsletter.delivery.reports import MAX_BYTES
from newsletter.errors import InboxError

INFO = ":2,"
SEEN = "S"
MAX_NAME_BYTES = 240

log = logging.getLogger(__name__)


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
        """See ``Inbox``; what is no mail, cannot be read or cannot be renamed is passed over, and stops no other."""
        try:
            files = [*(self._folder / "new").iterdir(), *(self._folder / "cur").iterdir()]
        except OSError as error:
            raise InboxError(f"{self._folder}: cannot be listed: {error.strerror}") from error
        waiting = [file for file in files if not file.name.startswith(".") and SEEN not in _flags(file)]
        return islice(_read_each(sorted(waiting, key=lambda file: file.name)), MAX_MAILS)

    def mark_read(self, keys: Iterable[str]) -> None:
        """Moves them to ``cur`` with the flag of what was seen; InboxError where none of them can be moved."""
        moved, failed = 0, ""
        for key in keys:
            file = self._folder / key
            try:
                file.rename(self._place_in_cur(file))
                moved += 1
            except FileNotFoundError:
                continue
            except OSError as error:
                failed = f"{file}: cannot be moved to cur: {error.strerror}"
                log.warning("%s cannot be moved to cur: %s", ascii(file.name), error.strerror)
        if failed and not moved:
            raise InboxError(failed)

    def _place_in_cur(self, file: Path) -> Path:
        """Where no other mail lies."""
        name, flags = file.name.partition(INFO)[0], "".join(sorted({*_flags(file), SEEN}))
        names = chain([name], (f"{name}_{number}" for number in count(1)))
        places = (self._folder / "cur" / f"{one}{INFO}{flags}" for one in names)
        return next(place for place in places if not os.path.lexists(place))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""


def _read_each(files: Iterable[Path]) -> Iterator[Found]:
    for file in files:
        try:
            raw = _read(file)
        except FileNotFoundError:
            continue
        except OSError as error:
            log.warning("%s cannot be read, and is passed over: %s", ascii(file.name), error.strerror)
            continue
        if raw is not None:
            yield Found(f"{file.parent.name}/{file.name}", raw)


def _read(file: Path) -> bytes | None:
    """The beginning of the mail; ``None`` where it is no file, or its name is too long for a flag to be put to it."""
    if len(os.fsencode(file.name)) > MAX_NAME_BYTES or not stat.S_ISREG(file.lstat().st_mode):
        return None
    # Should something else have come in its place meanwhile: a pipe must not hold us up, nor a link lead elsewhere.
    with open(file, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)) as stream:
        return stream.read(MAX_BYTES)


def _flags(file: Path) -> str:
    return file.name.partition(INFO)[2]
