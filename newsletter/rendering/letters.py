"""A letter into a message: what we write to one person beside digests, with one thing to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from newsletter.model import LetterKind, Links, Mailbox, Message, Schedule, Subscriber
from newsletter.rendering.headers import NO_LINKS, system_headers
from newsletter.rendering.mime import put_together
from newsletter.rendering.templates import MailTemplate
from newsletter.rendering.themes import Look
from newsletter.rendering.weblinks import mail_link, web_link
from newsletter.text import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a letter says beside whom it is for."""

    kind: LetterKind
    asked_at: datetime
    """When somebody asked for what it is about."""
    action: str | None = None
    """Where its button leads."""
    days: int = 0
    """For how long."""
    links: Links = NO_LINKS
    """The way out, where the person gets mail."""


class Letters:
    """Renders letters with the templates of ``folders``, in the look of the digests."""

    def __init__(self, *, folders: Sequence[Path], sender: Mailbox, common: Mapping[str, Any], look: Look) -> None:
        """Compiles the templates and tries them out; ``common`` are the variables that all mails share."""
        self._sender = sender
        self._common = common
        samples = [describe_letter(letter, reader) for letter, reader in _samples()]
        self.template = MailTemplate("letter", folders=folders, variables={*samples[0], *common}, look=look)
        for variables in samples:
            self.template.try_out({**common, **variables})

    def render(self, letter: Letter, *, subscriber: Subscriber, message_id: str, date: datetime) -> Message:
        """The letter as a complete message."""
        variables = describe_letter(letter, subscriber)
        content = self.template.render({**self._common, **variables})
        return put_together(
            sender=self._sender,
            recipient=Mailbox(email=subscriber.email, name=subscriber.name),
            subject=content.subject,
            html=content.html,
            text=content.text,
            message_id=message_id,
            date=date,
            headers=system_headers(letter.kind, sender=self._sender, links=variables["links"]),
        )


def describe_letter(letter: Letter, reader: Subscriber) -> dict[str, Any]:
    """The variables of a letter's templates, its links checked."""
    asked = letter.asked_at.astimezone(ZoneInfo(reader.timezone))
    leave, by_mail = web_link(letter.links.unsubscribe), mail_link(letter.links.unsubscribe_mailto)
    return {
        "kind": letter.kind.value,
        "recipient": one_line(reader.email),
        "schedule": reader.schedule,
        "timezone": reader.timezone,
        "asked_on": asked.date(),
        "asked_at": asked.time(),
        "action": web_link(letter.action),
        "days": letter.days,
        "links": Links(unsubscribe=leave, unsubscribe_mailto=by_mail),
    }


def _samples() -> Iterator[tuple[Letter, Subscriber]]:
    """Invented ones that reach every branch of a template."""
    asked_at = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
    ways = Links(), Links(unsubscribe="https://example.org/u/1", unsubscribe_mailto="mailto:a@example.org")
    hours = Schedule(), Schedule(days=frozenset({0, 2}), at=asked_at.time())
    for kind, links, schedule in product(LetterKind, ways, hours):
        action = "https://example.org/c/1" if links.unsubscribe else None
        letter = Letter(kind=kind, asked_at=asked_at, action=action, days=7, links=links)
        yield letter, Subscriber(id="r", email="ada@example.org", schedule=schedule)
