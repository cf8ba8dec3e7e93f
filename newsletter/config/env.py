"""``.env`` and the environment: where secrets come from, and how ``${NAME}`` in the YAML files finds them."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from newsletter.config.document import Document, Mistake, walk
from newsletter.config.files import decode, place, read_bytes
from newsletter.errors import ConfigError, Problem

SECRET_KEY = "NEWSLETTER_SECRET_KEY"  # noqa: S105 the variable's name
API_KEYS = {"openalex": "OPENALEX_API_KEY", "semantic_scholar": "SEMANTIC_SCHOLAR_API_KEY"}
"""The variables that hold the keys of those who are asked about papers."""
MAX_ENV_BYTES = 1_000_000
_FILE = "_FILE"
_VARIABLE = re.compile(r"(\$?)\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class Variables:
    """What variables stand for: the environment's first, then those of ``.env``; each perhaps in a file of its own."""

    def __init__(self, folder: Path, *layers: Mapping[str, str]) -> None:
        """``folder`` is where relative paths of ``…_FILE`` start."""
        self._folder, self._layers = folder, [dict(layer) for layer in layers]

    def __hash__(self) -> int:
        return hash(tuple(frozenset(layer.items()) for layer in self._layers))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Variables) and self._layers == other._layers

    def find(self, name: str) -> str | None:
        """The variable's value; ``None`` where it is set nowhere or is empty; ValueError where its file is no good."""
        for layer in self._layers:
            if value := layer.get(name):
                return value
            if file := layer.get(name + _FILE):
                return _content(name, self._folder / file)
        return None

    def fill(self, text: str) -> str:
        """The text with each ``${NAME}`` and ``${NAME:-otherwise}`` filled in; ``$${`` is a plain ``${``."""
        return _VARIABLE.sub(self._value, text)

    def _value(self, found: re.Match[str]) -> str:
        escape, name, otherwise = found.groups()
        if escape:
            return found.group()[1:]
        value = self.find(name) or otherwise
        if value is None:
            raise ValueError(f"`${{{name}}}` is not set; expected {name} in .env or in the environment")
        return value


def escape(text: str) -> str:
    """The text as it is written in YAML so that no variable is looked for in it."""
    return _VARIABLE.sub(r"$\g<0>", text)


def read_variables(file: Path, name: str, environ: Mapping[str, str]) -> tuple[Variables, list[Problem]]:
    """The variables of the environment and of the ``.env`` file, and what is wrong with that file."""
    try:
        if not file.exists():
            return Variables(file.parent, environ), []
        bindings, problems = _read_env(file, name)
    except ConfigError as error:
        return Variables(file.parent, environ), list(error.problems)
    except OSError as error:
        return Variables(file.parent, environ), [Problem(name, f"cannot be read: {error.strerror}")]
    return Variables(file.parent, environ, bindings), problems


def fill_in(document: Document, variables: Variables) -> dict[tuple[str | int, ...], str]:
    """Fill every ``${NAME}`` of the document in; returns the text as written by path, so that values stay unsaid."""
    filled = {}
    for path, text in list(walk(document.data)):
        if not path or not isinstance(text, str) or "${" not in text:
            continue
        filled[path] = text
        try:
            _put(document.data, path, type(text)(variables.fill(text)))
        except ValueError as error:
            document.mistakes.append(Mistake(document.position(path), str(error), path))
    return filled


def secret_keys(variables: Variables) -> list[str]:
    """The keys that sign links, newest first; ValueError where their file cannot be read."""
    return [key.strip() for key in (variables.find(SECRET_KEY) or "").split(",") if key.strip()]


def api_keys(variables: Variables) -> dict[str, str]:
    """The keys that there are, by service; ValueError where the file of one cannot be read."""
    return {service: key for service, name in API_KEYS.items() if (key := variables.find(name))}


def _read_env(file: Path, name: str) -> tuple[dict[str, str], list[Problem]]:
    text = decode(read_bytes(file, name, limit=MAX_ENV_BYTES), name)
    problems = []
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        problems.append(Problem(name, f"others can open it, and it holds secrets; run `chmod 600 {name}`"))
    bindings = list(parse_stream(StringIO(text)))
    problems += [_bad_line(binding, name) for binding in bindings if binding.error]
    return {binding.key: binding.value for binding in bindings if binding.key and binding.value}, problems


def _bad_line(binding: Binding, name: str) -> Problem:
    blank_lines = len(binding.original.string) - len(binding.original.string.lstrip("\r\n"))
    return Problem(place(name, binding.original.line + blank_lines, 1), "this line is no setting; expected NAME=value")


def _content(name: str, file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_ENV_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the file that {name}{_FILE} names cannot be read; expected a secret in it") from error


def _put(data: object, path: tuple[str | int, ...], text: str) -> None:
    for step in path[:-1]:
        data = data[step]  # type: ignore[index]
    data[path[-1]] = text  # type: ignore[index]
