"""Every look that is shipped, as a renderer: each theme, and each language beside English."""

from __future__ import annotations

from functools import cache

from rendering.invented import LINKS, MESSAGE_ID, READER, SENDER, SENT_AT

from newsletter.model import Digest, Links, Message, Subscriber
from newsletter.rendering import Renderer
from newsletter.shipped import shipped

SHIPPED = shipped("templates")
THEMES = ("classic", *sorted(folder.name for folder in (SHIPPED / "themes").iterdir() if folder.is_dir()))
LANGUAGES = tuple(sorted(file.name.split(".")[1] for file in SHIPPED.glob("words.*.j2")))
LOOKS = (*THEMES, *LANGUAGES)


@cache
def renderer_of(look: str) -> Renderer:
    """The look's renderer, compiled once."""
    return Renderer(
        folders=[SHIPPED / "themes" / look, SHIPPED] if look in THEMES[1:] else [SHIPPED],
        title="Morning Papers",
        postal_address="1 Example Street",
        base_url="https://papers.example.org",
        sender=SENDER,
        locale=look if look in LANGUAGES else "en",
    )


def render_in(look: str, digest: Digest, *, subscriber: Subscriber = READER, links: Links = LINKS) -> Message:
    """The digest in that look."""
    return renderer_of(look).render(digest, subscriber=subscriber, links=links, message_id=MESSAGE_ID, date=SENT_AT)
