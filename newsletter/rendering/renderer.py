"""A digest into a message: templates compiled and tried out once, then filled for each reader."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from newsletter.model import Digest, Links, Mailbox, Message, Subscriber
from newsletter.rendering.frames import Variables
from newsletter.rendering.headers import digest_headers
from newsletter.rendering.locale import ENGLISH, read_language
from newsletter.rendering.marks import Unspliceable
from newsletter.rendering.mime import put_together
from newsletter.rendering.sample import SAMPLES
from newsletter.rendering.splice import Splice
from newsletter.rendering.templates import Content, MailTemplate
from newsletter.rendering.themes import Brand, Look
from newsletter.rendering.view import SUMMARY_CHARACTERS, describe_digest
from newsletter.rendering.weblinks import check_links
from newsletter.text import one_line

MAX_HTML_BYTES = 95_000
"""Gmail hides what comes after about 102 kB."""
SUMMARY_STEPS = (SUMMARY_CHARACTERS, 280, 160)
"""How long summaries may be, from a normal digest to one that would be too large."""


SLOWER = "the templates are filled one mail at a time, which is slower: %s"

log = logging.getLogger(__name__)


class Renderer:
    """Renders digests with the templates of ``folders``, the first folder that has a file winning.

    Making one compiles every template and renders invented digests with it, so that a ``TemplateError`` comes before
    anything is sent. Rendering is deterministic: the same digest, links, id and date give the same words; where encoded
    lines break may differ when a template had to be left to Jinja in between.
    """

    def __init__(
        self,
        *,
        folders: Sequence[Path],
        title: str,
        sender: Mailbox,
        postal_address: str = "",
        base_url: str | None = None,
        locale: str = ENGLISH,
        brand: Brand | None = None,
    ) -> None:
        self._sender = sender
        self._title = one_line(title)
        self.look = look = Look(brand=brand or Brand(), language=read_language(locale))
        self.common: dict[str, Any] = {
            "title": self._title,
            "postal_address": one_line(postal_address),
            "base_url": base_url,
            "lang": look.language.tag,
            "dir": look.language.direction,
        }
        """The variables that all mails share."""
        samples = [
            describe_digest(digest, subscriber=reader, links=self._checked(links)) for digest, reader, links in SAMPLES
        ]
        names = samples[0].keys()
        self.template = MailTemplate("digest", folders=folders, variables={*names, *self.common}, look=look)
        for variables in samples:
            self.template.try_out({**self.common, **variables})
        self._splice = self._make_splice(samples)

    @property
    def is_spliced(self) -> bool:
        """Whether messages are put together out of shared pieces; else Jinja renders each as a whole."""
        return self._splice is not None

    def render(
        self, digest: Digest, *, subscriber: Subscriber, links: Links, message_id: str, date: datetime
    ) -> Message:
        """The digest as a complete message. Its ``shown`` are the papers on cards: a digest that would be too large
        has shorter summaries, then fewer cards."""
        links = self._checked(links)
        content, shown = self._fit(digest, subscriber, links)
        return put_together(
            sender=self._sender,
            recipient=Mailbox(email=subscriber.email, name=subscriber.name),
            subject=content.subject,
            html=content.html,
            text=content.text,
            message_id=message_id,
            date=date,
            headers=digest_headers(edition=digest.edition, title=self._title, sender=self._sender, links=links),
            shown=tuple([item.entry.id for item in shown.items]),
        )

    def _fit(self, digest: Digest, subscriber: Subscriber, links: Links) -> tuple[Content, Digest]:
        """The content, within the limit, and the digest as it is shown in it."""

        def content_of(digest: Digest, summary: int) -> Content:
            return self._content(describe_digest(digest, subscriber=subscriber, links=links, summary=summary))

        for summary in SUMMARY_STEPS:
            content = content_of(digest, summary)
            size = content.html_size(MAX_HTML_BYTES)
            if size <= MAX_HTML_BYTES:
                break
        while size > MAX_HTML_BYTES and (len(digest.items) > 1 or digest.below):
            digest = _with_less(digest, MAX_HTML_BYTES / size)
            content = content_of(digest, SUMMARY_STEPS[-1])
            size = content.html_size(MAX_HTML_BYTES)
        return content, digest

    def _content(self, variables: Variables) -> Content:
        if self._splice is not None:
            try:
                return self._splice.content(variables)
            except (Exception, Unspliceable) as reason:  # noqa: BLE001 a template may raise anything, and Jinja will tell where
                log.info(SLOWER, reason)
                self._splice = None
        return self.template.render({**self.common, **variables})

    def _make_splice(self, samples: Sequence[Variables]) -> Splice | None:
        """What is quicker than Jinja, where it gives the same."""
        try:
            splice = Splice(self.template, common=self.common, known=samples[0].keys())
            same = all(
                splice.content(variables).decoded == self.template.render({**self.common, **variables}).decoded
                for variables in samples
            )
        except (Exception, Unspliceable) as reason:  # noqa: BLE001 as above
            log.info(SLOWER, reason)
            return None
        if not same:
            log.info(SLOWER, "in pieces they say something else")
        return splice if same else None

    def _checked(self, links: Links) -> Links:
        return check_links(links, sender=self._sender.email)


def _with_less(digest: Digest, share: float) -> Digest:
    """The digest with about that share of its cards, the others below the line; or without the lines below."""
    if len(digest.items) == 1:
        return replace(digest, below=())
    kept = max(1, min(len(digest.items) - 1, int(len(digest.items) * share)))
    return replace(digest, items=digest.items[:kept], below=digest.items[kept:] + digest.below)
