"""A profile in a file of its own, written as the ``profile:`` of a reader in ``subscribers.yaml``."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from newsletter.config.document import parse
from newsletter.config.fields import Section
from newsletter.config.files import place, read_bytes
from newsletter.config.readers import ProfileSection
from newsletter.config.words import mistakes_of
from newsletter.errors import ConfigError, Problem
from newsletter.model import ProfileSpec

MAX_PROFILE_BYTES = 1_000_000


class ProfileFile(Section):
    """The same with the key ``profile`` above it, as it is copied out of ``subscribers.yaml``."""

    profile: ProfileSection


def read_profile(file: Path, *, folder: Path) -> ProfileSpec:
    """The profile in the file, with or without ``profile:`` above it; ConfigError with the place of every mistake.

    Relative paths in it start at ``folder``, the deployment's.
    """
    document = parse(read_bytes(file, str(file), limit=MAX_PROFILE_BYTES), str(file))
    data = {} if document.data is None else document.data
    is_wrapped = isinstance(data, dict) and "profile" in data
    model: type[ProfileFile | ProfileSection] = ProfileFile if is_wrapped else ProfileSection
    try:
        read = model.model_validate(data, context={"folder": folder})
    except ValidationError as error:
        document.mistakes += mistakes_of(error, document, model, filled={})
    if document.mistakes:
        ordered = sorted(document.mistakes, key=lambda mistake: mistake.position)
        raise ConfigError(*(Problem(place(document.name, *one.position), one.message) for one in ordered))
    return (read.profile if isinstance(read, ProfileFile) else read).to_spec()
