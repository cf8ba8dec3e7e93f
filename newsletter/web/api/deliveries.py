"""The ledger, and the operator's decisions about it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from newsletter.model import Delivery
from newsletter.web.api import told
from newsletter.web.api.access import Deployment, Here, needs
from newsletter.web.api.asked import Decision, DeliveriesWanted, DeliveryId
from newsletter.web.api.problems import Refused, responses
from newsletter.web.api.scopes import Scope

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])
READ, WRITE = [needs(Scope.DELIVERIES_READ)], [needs(Scope.DELIVERIES_WRITE)]


@router.get("", dependencies=READ, responses=responses())
def list_deliveries(here: Here, wanted: Annotated[DeliveriesWanted, Query()]) -> told.Deliveries:
    """A page of the ledger, newest first; readers are named by their ids."""
    found = here.storage.deliveries.find(
        states=None if wanted.state is None else [wanted.state],
        subscriber=wanted.reader,
        edition=wanted.edition,
        local_date=wanted.date,
        before=wanted.before,
        limit=wanted.limit + 1,
    )
    page = found[: wanted.limit]
    more = page[-1].id if len(found) > len(page) else None
    return told.Deliveries(deliveries=[told.Delivery.of(row) for row in page], next=more)


@router.get("/{delivery}", dependencies=READ, responses=responses(404))
def show_delivery(here: Here, delivery: DeliveryId) -> told.Delivery:
    """One row of the ledger."""
    return told.Delivery.of(_find(here, delivery))


@router.post("/{delivery}/settle", dependencies=WRITE, responses=responses(404, 409, 413))
def settle(here: Here, delivery: DeliveryId, decision: Decision) -> told.Delivery:
    """Says what became of an uncertain delivery; nothing is sent."""
    known = _find(here, delivery)
    if not here.storage.deliveries.settle(delivery, decision.state):
        raise Refused(409, f"delivery {delivery} is {known.state}; only uncertain ones can be settled")
    return told.Delivery.of(_find(here, delivery))


@router.post("/{delivery}/retry", dependencies=WRITE, responses=responses(404, 409))
def retry(here: Here, delivery: DeliveryId) -> told.Delivery:
    """Has the next run send it again, where it is still of its reader's day; an uncertain one may arrive twice."""
    known = _find(here, delivery)
    if not here.storage.deliveries.retry(delivery):
        raise Refused(409, f"delivery {delivery} is {known.state}; only failed or uncertain ones can be sent again")
    return told.Delivery.of(_find(here, delivery))


def _find(here: Deployment, delivery: int) -> Delivery:
    found = here.storage.deliveries.by_id(delivery)
    if found is None:
        raise Refused(404, f"there is no delivery {delivery}")
    return found
