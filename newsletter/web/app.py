"""The pages, as a Starlette application. GET and HEAD change nothing, for link scanners press everything."""

from __future__ import annotations

import logging
from asyncio import CancelledError
from collections.abc import Callable
from functools import partial

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from newsletter.config.settings import Settings
from newsletter.errors import NewsletterError, NotReady, UsageError
from newsletter.pipeline.archiving import Shelf
from newsletter.pipeline.tuning_apart import TriesOut
from newsletter.storage import Storage
from newsletter.web import leaving, own_data, preferences, signing_up, tuning, voting, webhooks
from newsletter.web.api.app import make_api
from newsletter.web.archive import Archive
from newsletter.web.desk import editions, entrance, ledger, overview, readers, trial
from newsletter.web.door import Door, nobody_posts
from newsletter.web.editions import PublicArchive
from newsletter.web.feeds import Feeds
from newsletter.web.forms import MAX_FORM_BYTES, MAX_UPLOAD_BYTES, Form, read_body, read_form
from newsletter.web.pages import SecurityHeaders
from newsletter.web.seals import FIELD

RETRY_SECONDS = "30"

log = logging.getLogger(__name__)

_AT_ONCE = CapacityLimiter(8)
"""Threads for pages that are only looked at: each takes milliseconds, and many at a time hinder each other."""


def make_app(
    settings: Settings,
    storage: Storage,
    *,
    post: Callable[[], None] = nobody_posts,
    tuner: TriesOut | None = None,
) -> Starlette:
    """The application over one deployment's settings and storage.

    ``post`` has waiting letters sent at once; profiles are tried out in this process where there is no ``tuner``.
    """
    door = Door.to(settings, storage, post=post, tuner=tuner)
    app = Starlette(
        routes=_routes(door),
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={HTTPException: partial(_refuse, door)},
    )
    # It would lead to where the Host header says, with the token, and one-click must not be led anywhere.
    app.router.redirect_slashes = False
    return app


def _routes(door: Door) -> list[BaseRoute]:
    """Every address there is: looked at, pressed on a page of ours, or posted by a machine."""
    looked_at, pressed, posted = partial(_looked_at, door), partial(_pressed, door), partial(_posted, door)
    shelf = Shelf(door.storage)
    own, public = Archive(shelf), PublicArchive(shelf)
    return [
        # -- the way in
        looked_at("/", signing_up.show),
        pressed("/", signing_up.asking(), most=MAX_UPLOAD_BYTES),
        posted("/start", signing_up.start),
        looked_at("/c/{token}", signing_up.ask_to_confirm),
        pressed("/c/{token}", signing_up.confirmed),
        # -- for machines, and for every page
        looked_at("/healthz", lambda _door, _request: PlainTextResponse("ok\n")),
        looked_at("/style.css", lambda door, _request: door.pages.style()),
        looked_at("/script.js", lambda door, _request: door.pages.script()),
        # -- the way out
        looked_at("/u/{token}", leaving.ask),
        posted("/u/{token}", leaving.unsubscribe),
        pressed("/u/{token}/undo", leaving.undo),
        # -- votes
        looked_at("/v/{token}/{entry}/{wish}", voting.ask),
        pressed("/v/{token}/{entry}/{wish}", voting.vote),
        pressed("/v/{token}/{entry}/{wish}/back", voting.take_back),
        # -- preferences
        looked_at("/p/{token}", preferences.show),
        pressed("/p/{token}/preview", tuning.preview, most=MAX_UPLOAD_BYTES),
        pressed("/p/{token}/backtest", tuning.play_back, most=MAX_UPLOAD_BYTES),
        pressed("/p/{token}/save", preferences.save, most=MAX_UPLOAD_BYTES),
        pressed("/p/{token}/reset", preferences.reset),
        pressed("/p/{token}/pause", preferences.pause),
        pressed("/p/{token}/resume", preferences.resume),
        pressed("/p/{token}/{entry}/back", preferences.take_back),
        looked_at("/p/{token}/export", own_data.export),
        looked_at("/p/{token}/erase", own_data.ask_to_erase),
        pressed("/p/{token}/erase", own_data.erase),
        # -- what was sent
        looked_at("/a/{token}.bib", own.references("bib")),
        looked_at("/a/{token}.ris", own.references("ris")),
        looked_at("/a/{token}", own.show),
        looked_at("/a/{token}/mail", own.mail),
        looked_at("/digests/{token}", own.list),
        looked_at("/digests/{token}/{day}", own.show_day),
        looked_at("/f/{token}", Feeds(shelf).show),
        # -- what was trending
        looked_at("/archive", public.list),
        looked_at("/archive/{edition}.bib", public.references("bib")),
        looked_at("/archive/{edition}.ris", public.references("ris")),
        looked_at("/archive/{edition}", public.show),
        # -- what providers tell
        posted("/webhooks/sendgrid", webhooks.sendgrid(), most=webhooks.MAX_BYTES),
        # -- for programs
        Mount("/api", make_api(door.settings, door.storage, tuner=door.workshop.tuner, shelf=shelf)),
        # -- the operator's desk
        *(_desk(door) if door.settings.desk.password_hash else ()),
    ]


def _desk(door: Door) -> list[BaseRoute]:
    """The operator's pages; where no password is set nothing is there."""
    looked_at, pressed = partial(_looked_at, door), partial(_pressed, door)
    return [
        looked_at("/desk/login", entrance.ask),
        pressed("/desk/login", entrance.enter),
        pressed("/desk/logout", entrance.leave),
        looked_at("/desk", overview.home),
        looked_at("/desk/sources", overview.sources),
        looked_at("/desk/runs", overview.runs),
        looked_at("/desk/ledger", ledger.show_all),
        pressed("/desk/deliveries/{delivery}/{decision}", ledger.decide),
        looked_at("/desk/editions", editions.show_all),
        looked_at("/desk/editions/{edition}", editions.show_one),
        pressed("/desk/editions/{edition}/pause", editions.pause),
        pressed("/desk/editions/{edition}/resume", editions.resume),
        pressed("/desk/editions/{edition}/cancel", editions.cancel),
        looked_at("/desk/readers", readers.show_all),
        pressed("/desk/readers", readers.find),
        looked_at("/desk/readers/{reader}", readers.show_one),
        pressed("/desk/readers/{reader}/approve", readers.approve),
        pressed("/desk/readers/{reader}/decline", readers.decline),
        pressed("/desk/readers/{reader}/pause", readers.pause),
        pressed("/desk/readers/{reader}/resume", readers.resume),
        looked_at("/desk/suppressions", readers.suppressions),
        pressed("/desk/suppressions", readers.look_up),
        pressed("/desk/suppressions/lift", readers.lift),
        looked_at("/desk/trial", trial.ask),
        pressed("/desk/trial", trial.send),
    ]


def _looked_at(door: Door, path: str, page: Callable[[Door, Request], Response]) -> Route:
    """GET and HEAD."""

    async def answer(request: Request) -> Response:
        return await _in_a_thread(door, partial(page, door, request), limiter=_AT_ONCE)

    return Route(path, answer, methods=["GET"])


def _pressed(
    door: Door, path: str, page: Callable[[Door, Request, Form], Response], *, most: int = MAX_FORM_BYTES
) -> Route:
    """POST of a form that stood on a page of ours: its seal says so."""

    async def answer(request: Request) -> Response:
        form = await read_form(request, most=most)
        if not door.seals.is_whole(request, form.text(FIELD)):
            return await _in_a_thread(door, partial(door.tell, request, "strange_form", status=403))
        return await _in_a_thread(door, partial(page, door, request, form))

    return Route(path, answer, methods=["POST"])


def _posted(
    door: Door, path: str, page: Callable[[Door, Request, bytes], Response], *, most: int = MAX_FORM_BYTES
) -> Route:
    """POST by a machine, or from a page of somebody else's: without a seal."""

    async def answer(request: Request) -> Response:
        body = await read_body(request, most=most)
        return await _in_a_thread(door, partial(page, door, request, body))

    return Route(path, answer, methods=["POST"])


async def _in_a_thread(door: Door, make: Callable[[], Response], *, limiter: CapacityLimiter | None = None) -> Response:
    """The answer; one that cannot be made is a page too, and the log has the reason."""
    try:
        return await run_sync(make, limiter=limiter)
    except (NotReady, CancelledError):  # cancelled is who still waits where the server ends
        response = door.pages.tell("out_of_order", status=503, seal="")
        response.headers["retry-after"] = RETRY_SECONDS
        return response
    except NewsletterError as error:
        if type(error) is UsageError:  # what it is about went in this moment, as a reader who was erased
            return door.pages.tell("lost", status=404, seal="")
        log.error("a page could not be made: %s", error)  # noqa: TRY400 the message is made for people
    except HTTPException:
        raise
    except Exception as error:
        log.error("a page could not be made: %s", type(error).__name__)  # noqa: TRY400 a message may hold an address
        log.debug("where it failed", exc_info=True)
        return door.pages.tell("broken", status=500, seal="")
    return door.pages.tell("out_of_order", status=503, seal="")


async def _refuse(door: Door, _request: Request, error: Exception) -> Response:
    """A page for what no page of ours says."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    name = {413: "too_large", 400: "unreadable"}.get(status, "lost")
    headers = error.headers if isinstance(error, HTTPException) else None
    response = door.pages.tell(name, status=status, seal="")
    response.headers.update(headers or {})
    return response
