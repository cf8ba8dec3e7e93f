"""Logs on stderr, as text or as one JSON object a line, without an address or a secret at any level."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from newsletter.config.settings import Settings


class LogFormat(StrEnum):
    """How log lines are written."""

    TEXT = "text"  # for people: warnings and errors; with -v everything
    JSON = "json"  # for machines: one object a line, errors and each run's account among them


# Below warning these print addresses and message bodies, which belong in no log.
TALKATIVE = ("urllib3", "alembic", "sqlalchemy", "apscheduler", "python_http_client", "asyncio", "uvicorn")
SHORTEST_SECRET = 4
"""Shorter ones would blacken words that mean nothing."""

_ADDRESS = re.compile(r"""[^\s<>"'(),:;=\[\]\\/]+(?:@|%40)[^\s<>"'(),:;=\[\]\\/]+""", re.IGNORECASE)
_TOKEN = re.compile(r"(/(?:[acfpuv]|digests)/)[\w.=-]{8,}")
_PARAMETER = re.compile(r"([?&][\w.-]*(?:key|token|secret|sig|password|auth)[\w.-]*=)[^&\s\"'>]+", re.IGNORECASE)


class Redaction:
    """Takes out of a text what no log may hold: addresses, links' tokens, and the secrets it was told of."""

    def __init__(self) -> None:
        self._secrets: re.Pattern[str] | None = None

    def learn(self, secrets: Iterable[str]) -> None:
        """These are blackened from now on, in place of those before."""
        longest_first = sorted({one for one in secrets if len(one) >= SHORTEST_SECRET}, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def clean(self, text: str) -> str:
        """The text without them."""
        if self._secrets:
            text = self._secrets.sub("[secret]", text)
        text = _PARAMETER.sub(r"\1[secret]", _TOKEN.sub(r"\1[token]", text))
        return _ADDRESS.sub("[address]", text)

    def clean_all(self, value: Any) -> Any:
        """The same for every string in a JSON value."""
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, Mapping):
            return {key: self.clean_all(held) for key, held in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.clean_all(held) for held in value]
        return value


REDACTION = Redaction()
"""That of this process: log lines come from all rooms."""


class TextLines(logging.Formatter):
    """A line a record, with the time."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and a traceback where there is one."""
        return REDACTION.clean(super().format(record))


class JsonLines(logging.Formatter):
    """A JSON object a record; what the record carries as ``fields`` are keys of it."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= getattr(record, "fields", {})
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(REDACTION.clean_all(told), ensure_ascii=False, default=str)


class StderrLines(logging.Handler):
    """Lines on whatever stderr is when they are told: above the bars while there are some, which take its place."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the line at once."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 as all handlers do: what cannot be told stops nothing
            self.handleError(record)


def set_up(log_format: LogFormat, *, verbose: bool) -> None:
    """Sends all logging of this process to stderr in that format."""
    as_json = log_format is LogFormat.JSON
    handler = StderrLines()
    handler.setFormatter(JsonLines() if as_json else TextLines("%(asctime)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("newsletter").setLevel(logging.INFO if as_json and not verbose else logging.NOTSET)
    logging.captureWarnings(as_json)
    for talkative in TALKATIVE:
        logging.getLogger(talkative).setLevel(logging.WARNING)


def are_structured() -> bool:
    """Whether log lines are JSON, so that nothing else may be said on stderr."""
    return any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers)


def hide_secrets(settings: Settings) -> None:
    """Log lines hold none of the configuration's secrets from now on."""
    password = urlsplit(settings.database).password
    REDACTION.learn([*secrets_of(settings), *([password] if password else [])])


def secrets_of(value: object) -> Iterator[str]:
    """Every secret of a configuration, wherever in it."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_of(getattr(value, name))
    elif isinstance(value, Mapping):
        for held in value.values():
            yield from secrets_of(held)
    elif isinstance(value, (list, tuple)):
        for held in value:
            yield from secrets_of(held)
