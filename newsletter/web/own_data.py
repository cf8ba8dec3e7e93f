"""``/p/…/export`` and ``/p/…/erase``: all that is held of a reader, and the end of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from newsletter.model import Owner
from newsletter.subscriptions import erase_reader, export_reader
from newsletter.tokens import Purpose
from newsletter.web.door import Door
from newsletter.web.forms import Form


def export(door: Door, request: Request) -> Response:
    """Everything, as a file of JSON."""
    reader = door.reader(request, Purpose.PREFERENCES)
    if reader is None:
        return door.lost(request)
    document = json.dumps(export_reader(door.storage, reader), ensure_ascii=False, indent=2) + "\n"
    headers = {"content-disposition": 'attachment; filename="newsletter.json"'}
    return Response(document.encode("utf-8", "replace"), media_type="application/json", headers=headers)


def ask_to_erase(door: Door, request: Request) -> Response:
    """A page with one button; looking at it changes nothing."""
    reader = door.reader(request, Purpose.PREFERENCES)
    if reader is None:
        return door.lost(request)
    return door.show(request, "erase", back=_page(door, request), is_of_file=reader.owner is Owner.FILE)


def erase(door: Door, request: Request, _form: Form) -> Response:
    """The button of that page."""
    reader = door.reader(request, Purpose.PREFERENCES)
    if reader is None:
        return door.lost(request)
    erase_reader(door.settings, door.storage, reader.email, now=datetime.now(UTC))
    return door.tell(request, "erased")


def _page(door: Door, request: Request) -> str:
    return f"{door.pages.root}p/{request.path_params['token']}"
