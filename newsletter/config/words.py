"""What pydantic found, in the words of the file's author: where, what is wrong, what was expected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from newsletter.config.document import Document, KeyPath, Mistake
from newsletter.config.files import shown
from newsletter.config.mistakes import nearest
from newsletter.config.schema import known_keys

_PASSWORD = re.compile(r"//\S*@")
_EXPECTED_SCALARS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "greater_than_equal": "{ge:g} or more",
    "greater_than": "more than {gt:g}",
    "less_than_equal": "{le:g} at most",
    "string_too_short": "some text",
    "too_short": "some text",
    "value_error": "{error}",
}
_EXPECTED_CONTAINERS = {
    "tuple_type": "a list, such as `[one, another]` or lines that begin with `- `",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
}
_EXPECTED_KEYS = {
    "title": "a name such as `title: Morning Papers`",
    "from": "a sender such as `from: {name: Morning Papers, email: papers@example.org}`",
    "sources": "a list with at least one source, such as `- {kind: huggingface}`",
    "email": "a mail address such as `ada@example.org`",
    "host": "the mail server's name, such as `smtp.example.org`",
    "api_key": 'SendGrid\'s key, as `api_key: "${SENDGRID_API_KEY}"` with the key itself in .env',
    "text": "the word or phrase",
    "subscribers": "a list of readers, each with an `email`",
}


def mistakes_of(
    error: ValidationError, document: Document, model: type[BaseModel], *, filled: Mapping[KeyPath, str]
) -> list[Mistake]:
    """One mistake an error; none where a mistake was found before. Values that came out of variables stay unsaid."""
    known = {mistake.path for mistake in document.mistakes}
    speaker = _Speaker(document, model, filled)
    details: list[dict[str, Any]] = [dict(detail) for detail in error.errors(include_url=False)]
    meant = {(*d["loc"][:-1], speaker.nearest_key(d["loc"])) for d in details if d["type"] == "extra_forbidden"}
    found = [speaker.mistake(detail) for detail in details if detail["type"] != "missing" or detail["loc"] not in meant]
    return [one for one in found if not any(one.path[:length] in known for length in range(len(one.path) + 1))]


class _Speaker:
    """Puts errors of one document into words."""

    def __init__(self, document: Document, model: type[BaseModel], filled: Mapping[KeyPath, str]) -> None:
        self._document, self._model, self._filled = document, model, filled

    def mistake(self, detail: dict[str, Any]) -> Mistake:
        """The error's place and words."""
        path = self._path(detail["loc"])
        details = detail.get("ctx", {})
        match detail["type"]:
            case "missing":
                return self._at(path, self._missing(str(detail["loc"][-1])))
            case "extra_forbidden":
                return self._at(path, self._unknown_key(path), key=True)
            case "unknown_kind":
                return self._kind(path, details["kinds"])
            case "clash":
                return self._at((*path, details["at"]), details["message"], key=True)
            case _:
                at = details.get("at")
                path = path if at is None else (*path, at)
                return self._at(path, self._wrong(path, detail["type"], details))

    def nearest_key(self, loc: tuple[str | int, ...]) -> str | None:
        """The key that was probably meant by the unknown one."""
        path = self._path(loc)
        return nearest(str(path[-1]), self._known_keys(path))

    def _path(self, loc: tuple[str | int, ...]) -> KeyPath:
        """The path in the document: pydantic's, without the tags of unions and keys that are not there."""
        path: list[str | int] = []
        data = self._document.data
        for step in loc:
            if step in (data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()):
                path.append(step)
                data = data[step]
        return tuple(path)

    def _at(self, path: KeyPath, message: str, *, key: bool = False) -> Mistake:
        return Mistake(self._document.position(path, key=key), message, path)

    def _missing(self, key: str) -> str:
        return f"`{key}` is missing; expected {_EXPECTED_KEYS.get(key, 'a value')}"

    def _unknown_key(self, path: KeyPath) -> str:
        if close := self.nearest_key(path):
            return f"unknown key `{shown(path[-1])}`; did you mean `{close}`?"
        return f"unknown key `{shown(path[-1])}`; expected {_listed(self._known_keys(path))}"

    def _known_keys(self, path: KeyPath) -> list[str]:
        return known_keys(self._model, path[:-1], self._document.data)

    def _kind(self, path: KeyPath, kinds: str) -> Mistake:
        data = self._value(path)
        if not isinstance(data, dict):
            return self._at(path, f"{self._subject(path)} is {_sort(data)}; expected a mapping such as `kind: …`")
        path, listed = (*path, "kind"), f"{kinds}, or the dotted path of your own"
        kind = data.get("kind", data)
        if not isinstance(kind, str):
            return self._at(path, f"`kind` is {_sort(kind) if 'kind' in data else 'missing'}; expected {listed}")
        close = nearest(kind, kinds.split(", ")) if path not in self._filled else None
        asked = f"did you mean `{close}`? Expected" if close else "expected"
        return self._at(path, f"unknown kind {self._got(path)}; {asked} {listed}")

    def _wrong(self, path: KeyPath, error_type: str, details: dict[str, Any]) -> str:
        if expected := _EXPECTED_CONTAINERS.get(error_type):
            return f"{self._subject(path)} is {_sort(self._value(path))}; expected {expected}"
        suggestion = details.get("suggestion")
        expected = str(details.get("expected") or _EXPECTED_SCALARS.get(error_type, "another value").format(**details))
        if error_type == "literal_error":
            choices = re.findall(r"'([^']*)'", expected)
            expected, suggestion = _listed(choices), nearest(str(self._value(path)), choices)
        if suggestion and path not in self._filled:
            return f"{self._subject(path)} is {self._got(path)}; did you mean `{suggestion}`? Expected {expected}"
        return f"{self._subject(path)} is {self._got(path)}; expected {expected}"

    def _value(self, path: KeyPath) -> Any:
        data = self._document.data
        for step in path:
            data = data[step]
        return data

    def _subject(self, path: KeyPath) -> str:
        if not path:
            return "the file"
        if isinstance(path[-1], int):
            return f"item {path[-1] + 1} of {self._subject(path[:-1])}"
        return f"`{shown(path[-1])}`"

    def _got(self, path: KeyPath) -> str:
        value = self._value(path)
        if path in self._filled:
            return f"`{shown(self._filled[path])}`"
        if value in (None, "") or isinstance(value, dict | list):
            return _sort(value)
        return f"`{_PASSWORD.sub('//…@', shown(value))}`"


def _sort(value: Any) -> str:
    """What sort of thing it is, where its content is too much or too private to be said."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "text" if value else "empty"


def _listed(words: list[str]) -> str:
    quoted = [f"`{word}`" for word in words]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else "".join(quoted)
