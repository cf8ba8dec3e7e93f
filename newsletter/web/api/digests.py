"""Digests as they would be now, and the votes that teach them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Security

from newsletter.errors import UsageError
from newsletter.model import VOTES, ApiToken, ProfileSpec, Subscriber
from newsletter.pipeline.learning import what_was_learnt
from newsletter.web.api import told
from newsletter.web.api.access import Deployment, Here, let_in, take
from newsletter.web.api.asked import HowMany, PaperId, ReaderId, Trial, Wish
from newsletter.web.api.problems import Refused, responses
from newsletter.web.api.readers import READ, WRITE, find
from newsletter.web.api.scopes import Scope

router = APIRouter(prefix="/v1", tags=["digests and votes"])


@router.get("/readers/{reader}/digest", responses=responses(404))
def show_digest(
    here: Here,
    reader: ReaderId,
    wanted: Annotated[HowMany, Query()],
    token: Annotated[ApiToken, Security(let_in, scopes=[Scope.READERS_READ])],
) -> told.Digest:
    """Today's digest by the profile as it stands, with the reasons: what was sent today, or would be."""
    take(here.rankings, token)
    return _digest(here, find(here, reader), wanted.limit)


@router.post("/preview", responses=responses(413))
def preview(
    here: Here,
    trial: Trial,
    wanted: Annotated[HowMany, Query()],
    token: Annotated[ApiToken, Security(let_in, scopes=[Scope.EDITIONS_READ])],
) -> told.Digest:
    """Today's digest for a new reader with this profile, with the reasons."""
    take(here.rankings, token)
    settings, profile = here.settings, trial.profile.over(ProfileSpec())
    nobody = Subscriber(id="", email="", timezone=settings.timezone.key, schedule=settings.schedule, profile=profile)
    return _digest(here, nobody, wanted.limit)


@router.get("/readers/{reader}/votes", dependencies=READ, responses=responses(404))
def list_votes(here: Here, reader: ReaderId) -> told.Votes:
    """A reader's votes, and what was learnt from them."""
    return _votes(here, find(here, reader).id)


@router.put("/readers/{reader}/votes/{paper}", dependencies=WRITE, responses=responses(404, 413))
def vote(here: Here, reader: ReaderId, paper: PaperId, wish: Wish) -> told.Votes:
    """Votes on a paper, in place of an earlier vote on it."""
    known = find(here, reader).id
    if paper not in here.storage.entries.by_ids([paper]):
        raise Refused(404, f"there is no paper {paper}")
    try:
        here.storage.votes.cast(known, paper, VOTES[wish.wish], datetime.now(UTC))
    except UsageError as error:  # the reader was erased in this moment
        raise Refused(404, str(error)) from error
    return _votes(here, known)


@router.delete("/readers/{reader}/votes/{paper}", dependencies=WRITE, responses=responses(404))
def take_back(here: Here, reader: ReaderId, paper: PaperId) -> told.Votes:
    """Takes a vote back; as often as it is said."""
    known = find(here, reader).id
    here.storage.votes.take_back(known, [paper])
    return _votes(here, known)


def _digest(here: Deployment, reader: Subscriber, limit: int | None) -> told.Digest:
    profile = reader.profile if limit is None else replace(reader.profile, max_papers=limit, explore=0)
    return told.Digest.of(here.tuner.try_out(reader, replace(reader, profile=profile), now=datetime.now(UTC)))


def _votes(here: Deployment, reader: str) -> told.Votes:
    votes = here.storage.votes.of([reader]).get(reader, [])
    lines = what_was_learnt(here.storage, reader, now=datetime.now(UTC))
    return told.Votes(votes=[told.Vote.of(one) for one in votes], learnt=[told.Learnt.of(line) for line in lines])
