"""First steps: a configuration of one's own, and the demo's."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterable
from importlib.resources import files
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from jinja2 import Environment, StrictUndefined

from newsletter.config.env import SECRET_KEY
from newsletter.config.questions import QUESTIONS, Answers, Question, read_answers
from newsletter.errors import UsageError, reason_of
from newsletter.shipped import shipped

__all__ = [
    "QUESTIONS",
    "Answers",
    "Question",
    "ensure_secret",
    "read_answers",
    "require_new",
    "write_config",
    "write_demo",
]


def write_config(folder: Path, answers: Answers) -> list[Path]:
    """Write ``config/newsletter.yaml``, ``config/subscribers.yaml`` and ``.env`` below the folder; returns them.

    UsageError, and nothing written, where one of them is there already.
    """
    texts = {
        folder / "config" / "newsletter.yaml": _rendered("newsletter.yaml.j2", answers),
        folder / "config" / "subscribers.yaml": _rendered("subscribers.yaml.j2", answers),
        folder / ".env": _rendered("env.j2", answers),
    }
    require_new(folder)
    for file, text in texts.items():
        _write_new(file, text)
    return list(texts)


def require_new(folder: Path, *, demo: bool = False) -> None:
    """UsageError where something that would be written below the folder is there already."""
    names = ("config", "examples") if demo else ("config/newsletter.yaml", "config/subscribers.yaml", ".env")
    _refuse_existing(folder / name for name in names)


def write_demo(folder: Path) -> list[Path]:
    """Copy the shipped demo into the folder and make its ``.env``; returns what it made."""
    made = [folder / "config", folder / "examples"]
    require_new(folder, demo=True)
    try:
        shutil.copytree(shipped("config"), made[0])
        shutil.copytree(shipped("examples"), made[1])
    except OSError as error:
        raise UsageError(f"{folder}: the demo cannot be copied there: {error.strerror}") from error
    return [*made, folder / ".env"] if ensure_secret(folder) else made


def ensure_secret(folder: Path) -> bool:
    """Make ``.env`` with a key that signs links, or add one to it, where there is none; true where it did."""
    file = folder / ".env"
    if not file.exists():
        _write_new(file, _rendered("env.j2", Answers()))
        return True
    try:
        content = file.read_text(encoding="utf-8-sig")
        if dotenv_values(stream=StringIO(content), interpolate=False).get(SECRET_KEY):
            return False
        with file.open("a", encoding="utf-8") as stream:
            stream.write(f"{'' if content.endswith(chr(10)) or not content else chr(10)}{SECRET_KEY}={_new_secret()}\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read and written: {reason_of(error)}") from error
    return True


def _rendered(name: str, answers: Answers) -> str:
    environment = Environment(  # noqa: S701 YAML, not HTML: values are quoted by the filter
        undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["yaml"] = _quoted
    source = (files("newsletter.config") / "samples" / name).read_text(encoding="utf-8")
    return environment.from_string(source).render(answers=answers, secret_key=_new_secret())


def _new_secret() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def _quoted(text: str) -> str:
    """Text as a YAML scalar in double quotes, which JSON's strings are."""
    return json.dumps(text.replace("${", "$${"), ensure_ascii=False)


def _refuse_existing(paths: Iterable[Path]) -> None:
    if there := [str(path) for path in paths if path.exists()]:
        raise UsageError(f"{', '.join(there)}: already there, and never overwritten; choose another folder")


def _write_new(file: Path, text: str) -> None:
    """Write the file; readable by its owner alone where it holds secrets."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o600 if file.name == ".env" else 0o644
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from error
