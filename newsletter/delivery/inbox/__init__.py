"""Where mails that come back lie until they are read: a Maildir folder, or one on a mail server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from newsletter.config.settings import Bounces
from newsletter.delivery import NO_SURROUNDINGS, Surroundings

MAX_MAILS = 2000
"""Of one run; the next one reads on."""


@dataclass(frozen=True, slots=True)
class Found:
    """A mail that was not read yet."""

    key: str
    """By which the inbox knows it."""
    raw: bytes
    """Its beginning, if it is large."""


class Inbox(Protocol):
    """A folder of mails, open."""

    def unread(self) -> Iterator[Found]:
        """The mails that nobody has read, oldest first, at most 2000; InboxError where they cannot be had."""

    def mark_read(self, keys: Iterable[str]) -> None:
        """Sees to it that these are not found again; InboxError where that cannot be done."""


def open_inbox(
    settings: Bounces, *, surroundings: Surroundings = NO_SURROUNDINGS
) -> AbstractContextManager[Inbox] | None:
    """The inbox that the settings name, opened inside of ``with``; ``None`` where they name none.

    InboxError where it cannot be opened.
    """
    if settings.maildir is not None:
        from newsletter.delivery.inbox.maildir import MaildirInbox

        return MaildirInbox(settings.maildir)
    if settings.imap is not None:
        from newsletter.delivery.inbox.imap import ImapInbox

        return ImapInbox(settings.imap, surroundings)
    return None
