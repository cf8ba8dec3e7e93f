"""Every error this package raises on purpose.

::

    NewsletterError              exit_code 1 is never used: each branch below has its own
    ├── UsageError            2  a command was asked for something that cannot be
    │   ├── ConfigError       2  config/*.yaml or .env is wrong; carries every problem found
    │   └── LibraryTooLarge   2  a library that was handed in has more papers than are read
    ├── NotReady             11  what was asked for is still being made
    ├── EncoderError             a sentence encoder fails; ranking goes on without it
    ├── TemplateError         2  a template cannot be compiled; carries file and line
    ├── LockHeld             12  another run is at work
    ├── NothingToRead        13  no source answered and nothing was stored before
    ├── SourceError              one source failed; the others go on
    ├── EventError            2  what a provider told us cannot be read
    │   ├── EventsTooLarge    2  it is more than anybody has to say
    │   └── NotSigned         2  it may be anybody's: no signature, a wrong one, or one of long ago
    ├── InboxError           11  the folder of mails that come back cannot be read; the run goes on without
    ├── Stopped              11  a run was told to stop; the next one resumes
    ├── ProviderError         11  the mail provider could not be reached; the next run resumes
    │   ├── ProviderBusy      11  it asks everyone to come back later; may say when
    │   └── ProviderRefused   21  it answered, and will not let us in
    └── StorageError          22  the database is full, locked, read-only or no database

A message names what is wrong, where, and what to do; it is printed as it stands, after ``newsletter: ``.
"""

from __future__ import annotations

from dataclasses import dataclass


class NewsletterError(Exception):
    """The root: catching it catches all that bad input or a bad world can cause."""

    exit_code = 2


def reason_of(error: BaseException) -> str:
    """What a library's or the machine's error says to people: the reason, without its number.

    >>> reason_of(ConnectionRefusedError(111, "Connection refused"))
    'Connection refused'
    """
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    reason = getattr(cause, "strerror", None)
    return reason if isinstance(reason, str) and reason else str(cause)


class UsageError(NewsletterError):
    """What was asked for cannot be done: an unknown reader, a date that is none."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file: ``config/newsletter.yaml:12:5: unknown key …``."""

    place: str
    """``file:line:column``, or the file alone where a line has no meaning."""
    message: str
    """What is wrong and what was expected."""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class ConfigError(UsageError):
    """The configuration is wrong; ``problems`` holds every mistake that was found, in file order."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class LibraryTooLarge(UsageError):
    """A library of papers that somebody handed in is larger than what is read for them."""


class TemplateError(UsageError):
    """A template cannot be compiled or rendered; the message starts with ``file:line:``."""


class NotReady(NewsletterError):
    """What was asked for is being made, and enough others wait for it: ask again in some seconds."""

    exit_code = 11


class EncoderError(NewsletterError):
    """The sentence encoder cannot be loaded, or makes no vectors; the message names its file and the reason."""


class LockHeld(NewsletterError):
    """Another process holds the lock of a run."""

    exit_code = 12


class NothingToRead(NewsletterError):
    """Every source failed, and nothing was stored before that could be sent."""

    exit_code = 13


class SourceError(NewsletterError):
    """One source could not be read; the message names the address and the reason."""

    exit_code = 13


class ProviderError(NewsletterError):
    """The mail provider could not be reached or broke off before anything was handed over."""

    exit_code = 11


class ProviderBusy(ProviderError):
    """The mail provider works and asks everyone to wait; ``retry_after_seconds`` where it said for how long."""

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ProviderRefused(ProviderError):
    """The mail provider refused our credentials or our sender: no message can pass before that is mended."""

    exit_code = 21


class EventError(NewsletterError):
    """What a provider told us about our mail is not what it was agreed to be; nothing of it was written down."""


class EventsTooLarge(EventError):
    """It is larger than a provider's words ever are."""


class NotSigned(EventError):
    """Nobody vouches for it: the signature is missing, wrong, or too old to be believed."""


class InboxError(NewsletterError):
    """The folder of mails that come back cannot be read; what is in it waits."""

    exit_code = 11


class Stopped(NewsletterError):
    """The run was told to stop before its end; the next one resumes."""

    exit_code = 11


class StorageError(NewsletterError):
    """The database cannot be read or written: full, locked, read-only, corrupt, or of another version."""

    exit_code = 22
