"""What the desk's pages have in common: times in the newsletter's zone, what was just done, and a line in the log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from newsletter.web.door import Door

PAGE = 50
"""Rows."""
SAID = frozenset(
    {"paused", "resumed", "cancelled", "settled", "retried", "lifted", "sent", "not_any_more", "approved", "declined"}
)
"""What a page may say was just done; the words are ``desk_said``."""

T = TypeVar("T")

log = logging.getLogger(__name__)


def show(door: Door, request: Request, page: str, *, status: int = 200, **values: object) -> Response:
    """A page of the desk, with the name by which its link is known."""
    said = request.query_params.get("said", "")

    def local(at: datetime) -> datetime:
        return at.astimezone(door.settings.timezone)

    return door.show(
        request,
        f"desk/{page}",
        status=status,
        here=page,
        local=local,
        said=said if said in SAID else None,
        zone=str(door.settings.timezone),
        **values,
    )


def done(door: Door, path: str, said: str) -> Response:
    """After a button was pressed: to the page, which says what was done."""
    return door.go_to(f"desk/{path}{'&' if '?' in path else '?'}said={said}")


def note(what: str, *about: object) -> None:
    """Writes down what was decided at the desk; ids only. A warning, so that it is told without ``-v`` too."""
    log.warning("desk: " + what, *about)


def today(door: Door) -> datetime:
    """Now, where the newsletter is."""
    return datetime.now(UTC).astimezone(door.settings.timezone)


def paged(rows: Sequence[T]) -> tuple[Sequence[T], bool]:
    """A page of them, and whether there are more: one more than a page was asked for."""
    return rows[:PAGE], len(rows) > PAGE
