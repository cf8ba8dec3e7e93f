"""Readers: who they are, what they asked for, and the ways in and out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from newsletter.config.patching import patch_for
from newsletter.model import Owner, ProfileSpec, Subscriber
from newsletter.subscriptions import (
    add_reader,
    as_they_stand,
    change_reader,
    erase_reader,
    export_reader,
    leave,
    pause_reader,
    reader_of,
    resume_reader,
)
from newsletter.web.api import told
from newsletter.web.api.access import Deployment, Here, needs
from newsletter.web.api.asked import Changes, NewReader, Pause, ReaderId, ReadersWanted, Whose
from newsletter.web.api.problems import Refused, responses
from newsletter.web.api.scopes import Scope

router = APIRouter(prefix="/v1/readers", tags=["readers"])
READ, WRITE = [needs(Scope.READERS_READ)], [needs(Scope.READERS_WRITE)]


@router.get("", dependencies=READ, responses=responses())
def list_readers(here: Here, wanted: Annotated[ReadersWanted, Query()]) -> told.Readers:
    """A page of readers. Those of subscribers.yaml are there once a run has read the file."""
    states = None if wanted.state is None else [wanted.state]
    found = here.storage.subscribers.page(states, after=wanted.after or "", limit=wanted.limit + 1)
    page = found[: wanted.limit]
    more = page[-1].id if len(found) > len(page) else None
    return told.Readers(readers=tell(here, as_they_stand(page, here.settings, here.storage)), next=more)


@router.post("/lookup", dependencies=READ, responses=responses(404, 413))
def look_up_reader(here: Here, whose: Whose) -> told.Reader:
    """The reader with that address."""
    stored = here.storage.subscribers.by_email(whose.email)
    if stored is None:
        raise Refused(404, "no reader has this address")
    return tell_one(here, stored.id)


@router.post("", status_code=201, dependencies=WRITE, responses=responses(409, 413))
def add_a_reader(here: Here, new: NewReader, response: Response) -> told.Reader:
    """Adds a reader of the operator's, who said yes elsewhere; mail starts with the next run."""
    settings = here.settings
    plain = Subscriber(
        id="",
        email=new.email,
        timezone=settings.timezone.key,
        schedule=settings.schedule,
        when_empty=settings.when_empty,
        profile=ProfileSpec(),
    )
    added = add_reader(settings, here.storage, _changed(plain, new), now=datetime.now(UTC))
    response.headers["location"] = f"readers/{added.id}"  # relative: whatever path a proxy puts before ours
    return tell_one(here, added.id)


@router.get("/{reader}", dependencies=READ, responses=responses(404))
def show_reader(here: Here, reader: ReaderId) -> told.Reader:
    """One reader with the whole profile."""
    return tell_one(here, reader)


@router.patch("/{reader}", dependencies=WRITE, responses=responses(404, 409, 413))
def change_a_reader(here: Here, reader: ReaderId, changes: Changes) -> told.Reader:
    """Changes what is given and nothing else.

    Who stands in subscribers.yaml is changed there: 409, with a patch of the reader's lines.
    """
    before = find(here, reader)
    after = _changed(before, changes)
    if before.owner is Owner.FILE and after != before:
        patch = patch_for(here.settings, before, after)
        raise Refused(409, "this reader stands in subscribers.yaml; apply `patch` to it", patch=patch)
    change_reader(here.settings, here.storage, after)
    return tell_one(here, reader)


@router.post("/{reader}/pause", dependencies=WRITE, responses=responses(404, 409, 413))
def pause(here: Here, reader: ReaderId, wanted: Pause) -> told.Reader:
    """Stops the mail for a while."""
    email = find(here, reader).email
    pause_reader(here.settings, here.storage, email, until=wanted.until, now=datetime.now(UTC))
    return tell_one(here, reader)


@router.post("/{reader}/resume", dependencies=WRITE, responses=responses(404, 409))
def resume(here: Here, reader: ReaderId) -> told.Reader:
    """Starts the mail of a paused reader again; who left comes back by themselves only."""
    resume_reader(here.settings, here.storage, find(here, reader).email, now=datetime.now(UTC))
    return tell_one(here, reader)


@router.post("/{reader}/leave", dependencies=WRITE, responses=responses(404))
def unsubscribe(here: Here, reader: ReaderId) -> told.Reader:
    """Ends the mail of a reader who asked for it in some other way; only the reader undoes it."""
    leave(here.storage, find(here, reader).id, method="api", now=datetime.now(UTC))
    return tell_one(here, reader)


@router.delete("/{reader}", status_code=204, dependencies=WRITE, responses=responses(404))
def erase(here: Here, reader: ReaderId) -> None:
    """Erases all that is held of a reader, kept mails too; a salted hash stays, so that no import mails them again."""
    erase_reader(here.settings, here.storage, find(here, reader).email, now=datetime.now(UTC))


@router.get("/{reader}/export", dependencies=READ, responses=responses(404))
def export(here: Here, reader: ReaderId) -> told.Export:
    """All that is held of a reader: profile, consents, votes, deliveries, and what was told of these."""
    return told.Export.model_validate(export_reader(here.storage, find(here, reader)))


def find(here: Deployment, reader: str) -> Subscriber:
    """The reader of that id; Refused where there is none."""
    found = reader_of(reader, here.settings, here.storage)
    if found is None:
        raise Refused(404, f"there is no reader {reader}")
    return found


def tell_one(here: Deployment, reader: str) -> told.Reader:
    """The reader of that id, written down."""
    return tell(here, [find(here, reader)])[0]


def tell(here: Deployment, readers: Sequence[Subscriber]) -> list[told.Reader]:
    """Readers, written down."""
    barred = here.storage.suppressions.reasons(reader.email for reader in readers)
    return [told.Reader.of(reader, barred.get(reader.email)) for reader in readers]


def _changed(reader: Subscriber, changes: Changes) -> Subscriber:
    given: dict[str, Any] = {
        name: value for name in ("name", "timezone", "when_empty") if (value := getattr(changes, name)) is not None
    }
    if changes.schedule is not None:
        given["schedule"] = changes.schedule.to_schedule()
    if changes.profile is not None:
        given["profile"] = changes.profile.over(reader.profile)
    return replace(reader, **given)
