"""A test mail to oneself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from newsletter.errors import NewsletterError, StorageError
from newsletter.pipeline import send_test
from newsletter.storage.limits import EVERYBODY, Allowed
from newsletter.web.desk.entrance import guarded
from newsletter.web.desk.showing import done, note, show
from newsletter.web.door import Door
from newsletter.web.forms import Form

ALLOWED = (Allowed(10, timedelta(hours=1)),)


@guarded
def ask(door: Door, request: Request) -> Response:
    """The form."""
    return show(door, request, "trial", email="", whose="", trouble=None)


@guarded
def send(door: Door, request: Request, form: Form) -> Response:
    """Sends a digest to the operator, outside of the ledger; what speaks against it is told."""
    typed, now = {"email": form.text("email"), "whose": form.text("whose")}, datetime.now(UTC)
    if not door.storage.limits.take("desk trial", EVERYBODY, *ALLOWED, at=now):
        return show(door, request, "trial", status=429, trouble="", **typed)
    try:
        send_test(door.settings, door.storage, to=typed["email"], as_reader=typed["whose"] or None, now=now)
    except StorageError:
        raise
    except NewsletterError as error:
        return show(door, request, "trial", status=422, trouble=str(error), **typed)
    note("a test mail was sent")
    return done(door, "trial", "sent")
