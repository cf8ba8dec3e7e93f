"""What every command starts from: the settings, the storage, the clock."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.logs import hide_secrets
from newsletter.config import find_config, load
from newsletter.config.settings import Settings
from newsletter.errors import UsageError
from newsletter.storage import Storage

Now = Annotated[
    str | None,
    typer.Option(
        "--now", metavar="ISO8601", help="The clock to go by; UTC where it names no zone.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else there.")]


@dataclass
class Context:
    """What the options before the command said."""

    config: Path | None

    @cached_property
    def settings(self) -> Settings:
        """The configuration; ConfigError with every mistake in it."""
        settings = load(self.config, environ=os.environ)
        hide_secrets(settings)
        return settings

    @property
    def config_folder(self) -> Path:
        """The folder that the configuration is read from."""
        return find_config(self.config, os.environ).parent

    def reload(self) -> None:
        """Forgets the configuration, so that it is read anew."""
        self.__dict__.pop("settings", None)

    def storage(self) -> AbstractContextManager[Storage]:
        """The configured database, open."""
        return Storage.open(self.settings.database, durability=self.settings.durability)


def read_now(given: str | None) -> datetime:
    """The instant ``--now`` names, in UTC; the machine's clock without it."""
    if given is None:
        return datetime.now(UTC)
    try:
        named = datetime.fromisoformat(given)
    except ValueError as error:
        raise UsageError(f"--now {given}: not a time; expected one such as 2026-11-22T07:30:00Z") from error
    return as_utc(named)


def as_utc(at: datetime) -> datetime:
    """The instant in UTC; a time that names no zone is taken for UTC."""
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
