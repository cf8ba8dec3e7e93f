"""Errors as problem details (RFC 9457): the status, and one line that says what is wrong and what to do."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from newsletter.errors import NewsletterError, NotReady, StorageError

MEDIA_TYPE = "application/problem+json"
MEANINGS: dict[int, str] = {
    401: "There is no token, or it is wrong, expired or revoked.",
    403: "The token lacks the scope.",
    404: "There is no such thing.",
    409: "It is not in a state that allows this; the line says which.",
    413: "The body is too large.",
    422: "Something in the path, the query or the body is wrong; `errors` says where.",
    429: "Too many requests for this token; `Retry-After` says when to come back.",
    503: "Not just now: the database cannot be used, or today's edition is still being made ready.",
}

log = logging.getLogger(__name__)


class Mistake(BaseModel):
    """One thing that is wrong with a request."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    where: str
    """Such as `body.profile.max_papers`."""
    message: str
    """What is wrong there."""


class Problem(BaseModel):
    """What went wrong, by RFC 9457."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str = "about:blank"
    """The status says what kind of problem it is."""
    title: str
    """The status in words."""
    status: int
    """The HTTP status."""
    detail: str
    """One line for people."""
    errors: list[Mistake] | None = None
    """Every mistake in the request, where there are any."""
    patch: str | None = None
    """Of `subscribers.yaml`, where that is what has to be changed."""


class Refused(Exception):
    """A request that ends with a problem."""

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers, self.more = status, detail, headers, more


def answer(status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> JSONResponse:
    """The response of a problem."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, **more)
    return JSONResponse(
        problem.model_dump(exclude_none=True), status_code=status, headers=headers, media_type=MEDIA_TYPE
    )


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the description of an operation says of these statuses; those that any may have are added."""
    schema = {"$ref": "#/components/schemas/Problem"}
    said = sorted({401, 403, 422, 429, 503, *statuses})
    return {one: {"description": MEANINGS[one], "content": {MEDIA_TYPE: {"schema": schema}}} for one in said}


def answer_with_problems(app: FastAPI) -> None:
    """Has the application answer every error with a problem."""

    @app.exception_handler(Refused)
    async def _refused(_request: Request, error: Refused) -> JSONResponse:
        return answer(error.status, error.detail, headers=error.headers, **error.more)

    @app.exception_handler(RequestValidationError)
    async def _wrong(_request: Request, error: RequestValidationError) -> JSONResponse:
        mistakes = [Mistake(where=_place(one["loc"]), message=one["msg"]) for one in error.errors()]
        told = "; ".join(f"{one.where}: {one.message}" for one in mistakes)
        return answer(422, told, errors=mistakes)

    @app.exception_handler(HTTPException)
    async def _plain(request: Request, error: HTTPException) -> JSONResponse:
        detail = _PLAIN.get(error.status_code, str(error.detail)).format(method=request.method)
        status = 422 if error.status_code == 400 else error.status_code  # a body that is no JSON
        return answer(status, detail, headers=error.headers)

    @app.exception_handler(StorageError)
    async def _storage(_request: Request, error: StorageError) -> JSONResponse:
        log.error("the API cannot use the database: %s", error)
        return answer(503, "the database cannot be used just now; `newsletter doctor` says why")

    @app.exception_handler(NotReady)
    async def _not_yet(_request: Request, error: NotReady) -> JSONResponse:
        return answer(503, str(error), headers={"retry-after": "10"})

    @app.exception_handler(NewsletterError)
    async def _cannot(_request: Request, error: NewsletterError) -> JSONResponse:
        return answer(409, str(error))


_PLAIN = {
    404: "there is nothing at this address; /api/openapi.json says what there is",
    405: "{method} is not for this address; /api/openapi.json says what is",
    400: "the body cannot be read; expected JSON in UTF-8",
}


def _place(loc: Iterable[object]) -> str:
    return ".".join(str(step) for step in loc)
