"""``/a/``: the very digest that was sent, as a page.

It is a mail's HTML, with styles of its own, so it is shown where nothing can run: under a policy without scripts and
forms, in a sandbox that its links lead out of.
"""

from __future__ import annotations

from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter.tokens import Purpose
from newsletter.web.door import Door

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; form-action 'none'; frame-ancestors 'none'; "
    "base-uri 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


def show(door: Door, request: Request) -> Response:
    """The digest of the date that the token names."""
    said = door.read(request, Purpose.ARCHIVE)
    if not said or door.reader(request, Purpose.ARCHIVE) is None:
        return door.lost(request)
    day = date.fromisoformat(said[1])
    raw = door.storage.deliveries.message(said[0], day)
    html = None if raw is None else _html_of(raw)
    if html is None:
        return door.tell(request, "mail_gone", status=404, day=day)
    return HTMLResponse(html, headers={"content-security-policy": POLICY})


def _html_of(raw: bytes) -> str | None:
    mail = message_from_bytes(raw, policy=policy.default)
    part = mail.get_body(("html",)) if isinstance(mail, EmailMessage) else None
    return str(part.get_content()) if isinstance(part, EmailMessage) else None
