"""A renderer over the shipped templates, and a call that renders the invented digest."""

from __future__ import annotations

import pytest
from rendering.invented import DIGEST, LINKS, MESSAGE_ID, READER, SENDER, SENT_AT, Render

from newsletter.model import Digest, Links, Message, Subscriber
from newsletter.rendering import Renderer
from newsletter.shipped import shipped


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    return Renderer(
        folders=[shipped("templates")],
        title="Morning Papers",
        postal_address="1 Example Street",
        base_url="https://papers.example.org",
        sender=SENDER,
    )


@pytest.fixture(scope="session")
def render(renderer: Renderer) -> Render:
    def render_digest(digest: Digest = DIGEST, *, subscriber: Subscriber = READER, links: Links = LINKS) -> Message:
        return renderer.render(digest, subscriber=subscriber, links=links, message_id=MESSAGE_ID, date=SENT_AT)

    return render_digest
