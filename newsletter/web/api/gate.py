"""What stands before all of the API: how large a body may be, and what becomes of a fault of ours."""

from __future__ import annotations

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.web.api.problems import answer

LARGEST_BODY = 1_000_000

log = logging.getLogger(__name__)


class BodyLimit:
    """Answers 413 for a body of more than a megabyte, whatever its head says of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application. The body is small, so that it is read as a whole before anybody looks at it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken, size, more = [], 0, True
        while more:
            message = await receive()
            taken.append(message)
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
            if size > LARGEST_BODY:
                detail = f"the body is larger than {LARGEST_BODY:,} bytes"
                await answer(413, detail, headers={"connection": "close"})(scope, receive, send)
                return
        waiting = iter(taken)

        async def replay() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, replay, send)


class LastDoor:
    """Answers 500 with a problem for what nobody foresaw; of it only the kind is logged, for a message may hold an
    address."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            log.error("the API could not answer: %s", type(error).__name__)  # noqa: TRY400 see above
            log.debug("where it failed", exc_info=True)
            await answer(500, "this is a fault of newsletter itself; its log says of what kind")(scope, receive, send)
