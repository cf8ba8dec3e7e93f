"""Who our readers are, how they come, what they prefer, and how they go."""

from __future__ import annotations

from newsletter.subscriptions.barring import Barred, find_suppression, lift_suppression
from newsletter.subscriptions.exporting import export_reader
from newsletter.subscriptions.joining import (
    Joined,
    approve_reader,
    come_back,
    confirm,
    forget_unconfirmed,
    is_confirmed,
    sign_up,
    takes_sign_ups,
)
from newsletter.subscriptions.letters import asked_at, plan_letter
from newsletter.subscriptions.profiles import ResolvedProfile, first_known, resolve_profiles
from newsletter.subscriptions.readers import (
    NO_READERS,
    PREVIEW_FOLDER,
    UNCONFIRMED,
    add_reader,
    as_they_stand,
    change_reader,
    count_readers,
    erase_reader,
    gets_mail,
    is_address,
    leave,
    leave_by_address,
    only_reader,
    pause_reader,
    reader_named,
    reader_of,
    readers,
    require_lawful,
    resume_reader,
    stored_reader,
)
from newsletter.subscriptions.wishes import Asked, Wishes, read_wishes

__all__ = [
    "NO_READERS",
    "PREVIEW_FOLDER",
    "UNCONFIRMED",
    "Asked",
    "Barred",
    "Joined",
    "ResolvedProfile",
    "Wishes",
    "add_reader",
    "approve_reader",
    "as_they_stand",
    "asked_at",
    "change_reader",
    "come_back",
    "confirm",
    "count_readers",
    "erase_reader",
    "export_reader",
    "find_suppression",
    "first_known",
    "forget_unconfirmed",
    "gets_mail",
    "is_address",
    "is_confirmed",
    "leave",
    "leave_by_address",
    "lift_suppression",
    "only_reader",
    "pause_reader",
    "plan_letter",
    "read_wishes",
    "reader_named",
    "reader_of",
    "readers",
    "require_lawful",
    "resolve_profiles",
    "resume_reader",
    "sign_up",
    "stored_reader",
    "takes_sign_ups",
]
