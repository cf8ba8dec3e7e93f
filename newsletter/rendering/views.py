"""A page that shows one message in five ways: light, dark, on a phone, as text, raw; and what a check of it found."""

from __future__ import annotations

from functools import cache

from jinja2 import Template

from newsletter.model import Message
from newsletter.rendering.environment import html_environment, load_template
from newsletter.rendering.inspection import Inspection
from newsletter.shipped import shipped

VIEWS = "preview.html.j2"
LIVE = "preview.live.html.j2"
PHONE_PIXELS = 375


def render_views(message: Message, *, light: str, dark: str, back: str, inspection: Inspection | None = None) -> str:
    """The page as one HTML document without scripts.

    ``light`` and ``dark`` are addresses of the HTML part as such screens show it, ``back`` that of the gallery, all
    relative to the page.
    """
    return _template(VIEWS).render(
        message=message,
        light=light,
        dark=dark,
        back=back,
        raw=message.raw.decode("ascii", "replace").replace("\r\n", "\n"),
        phone=PHONE_PIXELS,
        inspection=inspection,
    )


def render_live(*, version: int, fault: str) -> str:
    """What a served page needs at its end to load itself again after a change; a fault is shown on top of it."""
    return _template(LIVE).render(version=version, fault=fault)


@cache
def _template(name: str) -> Template:
    """A shipped one, always: these pages must hold while somebody works on templates."""
    return load_template(html_environment([shipped("templates")]), name)
