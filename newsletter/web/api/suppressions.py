"""Addresses that are not mailed any more. An address stands in the body: one in a link would be in proxies' logs."""

from __future__ import annotations

from fastapi import APIRouter

from newsletter.web.api import told
from newsletter.web.api.access import Here, needs
from newsletter.web.api.asked import Whose
from newsletter.web.api.problems import Refused, responses
from newsletter.web.api.scopes import Scope

router = APIRouter(prefix="/v1/suppressions", tags=["suppressions"])


@router.post("/check", dependencies=[needs(Scope.READERS_READ)], responses=responses(413))
def check(here: Here, whose: Whose) -> told.Check:
    """Whether an address is suppressed, a reader's or not."""
    barred = here.storage.suppressions.reasons([whose.email]).get(whose.email)
    return told.Check(suppressed=told.Suppression(reason=barred[0], since=barred[1]) if barred else None)


@router.post("/lift", status_code=204, dependencies=[needs(Scope.READERS_WRITE)], responses=responses(404, 413))
def lift(here: Here, whose: Whose) -> None:
    """Lets an address be mailed again, as if nothing had ever bounced there; who has left stays away."""
    if not here.storage.suppressions.remove(whose.email):
        raise Refused(404, "this address is not suppressed")
