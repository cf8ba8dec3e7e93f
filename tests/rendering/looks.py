"""Every look that is shipped, as a renderer: each theme, and each language beside English."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rendering.invented import LINKS, MESSAGE_ID, READER, SENDER, SENT_AT

from newsletter.model import Digest, Links, Message, Subscriber
from newsletter.rendering import Renderer
from newsletter.rendering.letters import Letter, Letters
from newsletter.shipped import shipped

SHIPPED = shipped("templates")
THEMES = ("classic", *sorted(folder.name for folder in (SHIPPED / "themes").iterdir() if folder.is_dir()))
LANGUAGES = tuple(sorted(file.name.split(".")[1] for file in SHIPPED.glob("words.*.j2")))
LOOKS = (*THEMES, *LANGUAGES)


@cache
def renderer_of(look: str) -> Renderer:
    """The look's renderer, compiled once."""
    return Renderer(
        folders=folders_of(look),
        title="Morning Papers",
        postal_address="1 Example Street",
        base_url="https://papers.example.org",
        sender=SENDER,
        locale=look if look in LANGUAGES else "en",
    )


@cache
def letters_of(look: str) -> Letters:
    """The same for letters."""
    renderer = renderer_of(look)
    return Letters(folders=folders_of(look), sender=SENDER, common=renderer.common, look=renderer.look)


def letter_in(look: str, letter: Letter, *, subscriber: Subscriber = READER) -> Message:
    """The letter in that look."""
    return letters_of(look).render(letter, subscriber=subscriber, message_id=MESSAGE_ID, date=SENT_AT)


def folders_of(look: str) -> list[Path]:
    """Where its templates are."""
    return [SHIPPED / "themes" / look, SHIPPED] if look in THEMES[1:] else [SHIPPED]


def render_in(look: str, digest: Digest, *, subscriber: Subscriber = READER, links: Links = LINKS) -> Message:
    """The digest in that look."""
    return renderer_of(look).render(digest, subscriber=subscriber, links=links, message_id=MESSAGE_ID, date=SENT_AT)
