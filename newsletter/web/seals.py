"""What tells a form that was pressed on our page from one that another site made up.

A seal is a token over what only the page's own reader has: the signed link that the page stands behind, else a cookie
of the browser. No other site can know either, so none can make a form that is believed.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from newsletter.tokens import Purpose, Signer

FIELD = "seal"
VISIT, DESK = "visit", "desk"
"""Cookies: of any browser, and of one that is logged in at the desk."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A form's seal, and the cookie that it needs where the browser has none yet."""

    field: Markup
    """A hidden field."""
    cookie: tuple[str, str] | None = None
    is_secure: bool = True

    def set_cookie(self, response: Response) -> Response:
        """The same answer, with the cookie where one is needed."""
        if self.cookie:
            name, value = self.cookie
            response.set_cookie(name, value, path="/", secure=self.is_secure, httponly=True, samesite="lax")
        return response


class Seals:
    """Makes and checks the seals of forms."""

    def __init__(self, signer: Signer | None, *, is_secure: bool) -> None:
        """``is_secure``: browsers reach us over TLS, and so may have cookies that no other host can set."""
        self._signer = signer
        self.is_secure = is_secure

    def cookie(self, name: str) -> str:
        """What the cookie of that name is called here."""
        return f"__Host-{name}" if self.is_secure else name

    def make(self, request: Request) -> Seal:
        """The seal of the forms on a page that answers this request."""
        held, cookie = self._held(request), None
        if held is None:
            held = secrets.token_urlsafe(16)
            cookie = (self.cookie(VISIT), held)
        if self._signer is None:
            return Seal(Markup(""))
        today = datetime.now(UTC).date()
        value = self._signer.sign(Purpose.FORM, _hash(held), at=today)
        field = Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, value)
        return Seal(field, cookie, self.is_secure)

    def is_whole(self, request: Request, value: str) -> bool:
        """Whether a form with that seal was pressed on a page of ours, by whom the page was made for."""
        held = self._held(request)
        said = self._signer.read(Purpose.FORM, value) if self._signer else None
        return held is not None and said == [_hash(held)]

    def _held(self, request: Request) -> str | None:
        """What only the reader of this page has."""
        token = request.path_params.get("token")
        cookies = (request.cookies.get(self.cookie(name)) for name in (DESK, VISIT))
        return token or next((value for value in cookies if value), None)


def _hash(held: str) -> str:
    return hashlib.sha256(held.encode("utf-8", "surrogatepass")).hexdigest()[:32]
