"""A page that shows one message in five ways: light, dark, on a phone, as text, raw; and what a check of it found."""

from __future__ import annotations

from typing import Any

from jinja2 import Template

from newsletter.model import Message
from newsletter.rendering.environment import check_names, fill, html_environment, load_template
from newsletter.rendering.inspection import Inspection
from newsletter.shipped import shipped

TEMPLATE = "preview.html.j2"
LIVE_TEMPLATE = "preview.live.html.j2"
PHONE_PIXELS = 375


def render_views(message: Message, *, light: str, dark: str, back: str, inspection: Inspection | None = None) -> str:
    """The page as one HTML document without scripts.

    ``light`` and ``dark`` are addresses of the HTML part as such screens show it, ``back`` that of the gallery, all
    relative to the page.
    """
    context = {
        "message": message,
        "light": light,
        "dark": dark,
        "back": back,
        "raw": message.raw.decode("ascii", "replace").replace("\r\n", "\n"),
        "phone": PHONE_PIXELS,
        "inspection": inspection,
    }
    return _fill(TEMPLATE, context)


def render_live(*, version: int, fault: str) -> str:
    """What a served page needs at its end to load itself again after a change; a fault is shown on top of it."""
    return _fill(LIVE_TEMPLATE, {"version": version, "fault": fault})


def _fill(name: str, context: dict[str, Any]) -> str:
    """Always with the shipped templates: they must hold while somebody works on others."""
    environment = html_environment([shipped("templates")])
    template: Template = load_template(environment, name)
    check_names(environment, name, context.keys())
    return fill(template, context)
