"""Editions: what digests were drawn from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from newsletter.web.api import told
from newsletter.web.api.access import Here, needs
from newsletter.web.api.asked import EditionId, PageOf
from newsletter.web.api.problems import Refused, responses
from newsletter.web.api.scopes import Scope

router = APIRouter(prefix="/v1/editions", tags=["editions"], dependencies=[needs(Scope.EDITIONS_READ)])


@router.get("", responses=responses())
def list_editions(here: Here, wanted: Annotated[PageOf, Query()]) -> told.Editions:
    """The latest editions, latest first."""
    return told.Editions(editions=[told.Edition.of(one) for one in here.storage.editions.list(wanted.limit)])


@router.get("/{edition}/trending", responses=responses(404))
def show_trending(here: Here, edition: EditionId) -> told.Trending:
    """What was trending in an edition: the digest of somebody who told us nothing."""
    found = here.shelf.public(edition)
    if found is None:
        raise Refused(404, f"there is no edition {edition}")
    return told.Trending.of(found)


@router.get("/{edition}", responses=responses(404))
def show_edition(here: Here, edition: EditionId) -> told.Edition:
    """One edition."""
    found = here.storage.editions.header(edition)
    if found is None:
        raise Refused(404, f"there is no edition {edition}")
    return told.Edition.of(found)
