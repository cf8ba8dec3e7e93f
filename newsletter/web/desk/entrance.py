"""Who may come to the desk: a session of the browser, begun with the password."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from threading import Semaphore
from typing import Concatenate, ParamSpec

from starlette.requests import Request
from starlette.responses import Response

from newsletter.config.passwords import is_password
from newsletter.storage.limits import EVERYBODY, Allowed
from newsletter.subscriptions import place_of
from newsletter.web.door import Door
from newsletter.web.forms import Form
from newsletter.web.seals import DESK

RULE = "desk"
BY_ONE = (Allowed(5, timedelta(minutes=15)), Allowed(20, timedelta(days=1)))
"""Tries of a password from one source address; a right one forgets those before."""
BY_ALL = (Allowed(100, timedelta(hours=1)),)
"""Tries from everywhere together."""
HOME, LOGIN = "desk", "desk/login"

_AT_ONCE = Semaphore(2)
"""Hashes that are made at the same time, of 32 MB each."""

P = ParamSpec("P")
Page = Callable[Concatenate[Door, Request, P], Response]


def guarded(
    page: Callable[Concatenate[Door, Request, P], Response],
) -> Callable[Concatenate[Door, Request, P], Response]:
    """The same page for who is logged in; for others the way to the login, or nothing where there is no desk."""

    @wraps(page)
    def answer(door: Door, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        if not is_there(door):
            return door.lost(request)
        if not is_inside(door, request):
            return door.go_to(LOGIN)
        return page(door, request, *args, **kwargs)

    return answer


def is_there(door: Door) -> bool:
    """Whether this deployment has a desk."""
    return door.settings.desk.password_hash is not None


def is_inside(door: Door, request: Request) -> bool:
    """Whether the browser has an open session."""
    secret = _secret(door, request)
    return bool(secret) and door.storage.sessions.is_open(secret, by=_kept(door), at=datetime.now(UTC))


def ask(door: Door, request: Request) -> Response:
    """The page with the field for the password."""
    if is_inside(door, request):
        return door.go_to(HOME)
    return door.show(request, "desk/login", trouble=None)


def enter(door: Door, request: Request, form: Form) -> Response:
    """The password, looked at only so often; the right one begins a new session, whatever was before."""
    kept = door.settings.desk.password_hash
    if kept is None:
        return door.lost(request)
    who, at = place_of(door.came_from(request)), datetime.now(UTC)
    if not (door.storage.limits.take(RULE, who, *BY_ONE, at=at) and _take_of_all(door, at)):
        return door.show(request, "desk/login", status=429, trouble="wait")
    with _AT_ONCE:
        is_right = is_password(form.text("password"), kept.get_secret_value())
    if not is_right:
        return door.show(request, "desk/login", status=403, trouble="wrong")
    door.storage.limits.forget(RULE, who)
    _end(door, request)
    response = door.go_to(HOME)
    response.set_cookie(
        door.seals.cookie(DESK),
        door.storage.sessions.begin(by=_kept(door), at=at),
        path="/",
        secure=door.seals.is_secure,
        httponly=True,
        samesite="strict",
    )
    return response


def leave(door: Door, request: Request, form: Form) -> Response:  # noqa: ARG001 there is but a button
    """Ends the session, here and in the browser."""
    if not is_there(door):
        return door.lost(request)
    _end(door, request)
    response = door.go_to(LOGIN)
    response.delete_cookie(
        door.seals.cookie(DESK), path="/", secure=door.seals.is_secure, httponly=True, samesite="strict"
    )
    return response


def _take_of_all(door: Door, at: datetime) -> bool:
    return door.storage.limits.take(RULE, EVERYBODY, *BY_ALL, at=at)


def _end(door: Door, request: Request) -> None:
    if secret := _secret(door, request):
        door.storage.sessions.end(secret, by=_kept(door))


def _kept(door: Door) -> str:
    """The password's hash: whoever changes it has ended all sessions."""
    kept = door.settings.desk.password_hash
    return kept.get_secret_value() if kept else ""


def _secret(door: Door, request: Request) -> str:
    return request.cookies.get(door.seals.cookie(DESK), "")
