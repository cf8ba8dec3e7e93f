"""``/webhooks/``: what providers tell of our mail. A 2xx says that it is written down; anything else is told again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from newsletter.delivery.sendgrid_events import MAX_BYTES
from newsletter.errors import EventError, EventsTooLarge, NotSigned, StorageError, UsageError
from newsletter.pipeline.incoming import receive_sendgrid, takes_sendgrid_events
from newsletter.web.door import Door
from newsletter.web.throttle import Throttle

RETRY_SECONDS = "60"
UNSIGNED, WITHIN_SECONDS = 30, 60.0
"""How many posts of one source address without a good signature are told why, and stand in the log."""
Page = Callable[[Door, Request, bytes], Response]

__all__ = ["MAX_BYTES", "sendgrid"]

log = logging.getLogger(__name__)


def sendgrid() -> Page:
    """Takes a list of events whose signature over these very bytes is SendGrid's, each event once."""
    return partial(_hear_sendgrid, Throttle(UNSIGNED, WITHIN_SECONDS))


def _hear_sendgrid(strangers: Throttle, door: Door, request: Request, body: bytes) -> Response:
    if not takes_sendgrid_events(door.settings):
        return door.lost(request)
    try:
        receive_sendgrid(door.settings, door.storage, body=body, headers=request.headers, now=datetime.now(UTC))
    except NotSigned as error:
        return _refuse(strangers, request, error)
    except EventsTooLarge as error:
        return _answer(413, str(error))
    except StorageError as error:
        log.error("events of sendgrid wait: %s", error)  # noqa: TRY400 the message is made for people
        return _answer(503, "the events cannot be written down now; post them again", {"retry-after": RETRY_SECONDS})
    except (EventError, UsageError) as error:
        log.warning("what sendgrid posted cannot be read: %s", error)
        return _answer(400, str(error))
    return Response(status_code=204)


def _refuse(strangers: Throttle, request: Request, error: NotSigned) -> Response:
    """Who has no key is told so now and then; what is signed is never held up by those who are not."""
    who = request.client.host if request.client else ""
    if strangers.allows(who):
        log.warning("a post to the webhook was refused: %s", error)
        return _answer(403, str(error))
    return _answer(429, "too many posts without a valid signature", {"retry-after": RETRY_SECONDS})


def _answer(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{text}\n", status_code=status, headers=headers)
