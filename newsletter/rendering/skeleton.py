"""An MJML template with its partials put in place, and for each line the file that it came from."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, Template, TemplateSyntaxError

from newsletter.errors import TemplateError
from newsletter.rendering.environment import describe_fault, innermost_place, read_template, unknown_names

_STRING = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
CODE = re.compile(
    r"\{%-?\s*raw\b.*?endraw\s*[-+]?%\}"
    r"|\{#.*?#\}"
    rf"|\{{%(?:{_STRING}|(?!%\}}).)*?%\}}"
    rf"|\{{\{{(?:{_STRING}|(?!\}}\}}).)*?\}}\}}",
    re.DOTALL,
)
"""Jinja code: a raw block, a comment, a statement or an expression."""

_INCLUDE = re.compile(r"\{%-?\s*include\s*([\"'])(?P<name>[^\"']+\.mjml\.j2)\1\s*-?%\}")
_PARTS_OF_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_IN_TRACEBACKS = "<skeleton>"


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The text that is compiled, without Jinja comments, and the origin of each of its lines."""

    text: str
    origins: tuple[tuple[str, int], ...]

    def place(self, line: int) -> str:
        """``file:line`` of a line of the text; the first line is 1."""
        file, number = self.origins[min(line, len(self.origins)) - 1]
        return f"{file}:{number}"

    def place_at(self, offset: int) -> str:
        """``file:line`` of a character of the text."""
        return self.place(self.text.count("\n", 0, offset) + 1)


def read_skeleton(environment: Environment, name: str) -> Skeleton:
    """The template with all that it includes; a file that is missing or includes itself is a ``TemplateError``."""
    text = ""
    origins: list[tuple[str, int]] = []
    for fragment, file, line in _fragments(environment, name, ()):
        started = text.rpartition("\n")[2]
        if not started.strip():  # what stands before an include on its line is mostly indentation
            origins[text.count("\n") :] = [(file, line)]
        text += fragment
    if not text.strip():
        raise TemplateError(f"{read_template(environment, name)[1]}:1: there is nothing in it")
    return Skeleton(text, tuple(origins))


class Uncompiled:
    """A skeleton as Jinja alone sees it: what it renders is MJML that nobody needs, but it knows its lines."""

    def __init__(self, environment: Environment, skeleton: Skeleton, known: Collection[str]) -> None:
        """Raises ``TemplateError`` for wrong syntax, and for variables that are not in ``known``."""
        self._skeleton = skeleton
        self.place = skeleton.place(1)
        try:
            code = environment.compile(skeleton.text, filename=_IN_TRACEBACKS)
        except TemplateSyntaxError as error:
            raise TemplateError(f"{skeleton.place(error.lineno)}: {error.message}") from error
        for name, line in unknown_names(environment, skeleton.text, known):
            raise TemplateError(f"{skeleton.place(line)}: '{name}' is undefined")
        self._template = Template.from_code(environment, code, environment.make_globals(None))

    def try_out(self, context: Mapping[str, Any]) -> None:
        """Renders for nothing; raises ``TemplateError`` with file and line where that fails."""
        try:
            self._template.render(context)
        except Exception as error:  # a template may raise anything that Python can
            file, line = innermost_place(error, _IN_TRACEBACKS)
            place = self._skeleton.place(line) if file == _IN_TRACEBACKS else f"{file}:{line}"
            raise TemplateError(f"{place}: {describe_fault(error)}") from error


def _fragments(
    environment: Environment, name: str, above: tuple[str, ...], place: str = ""
) -> Iterator[tuple[str, str, int]]:
    """(text within one line, file, line), with partials in the place of their includes."""
    source, file = read_template(environment, name, place)
    source = CODE.sub(_without_comment, source)
    line, at = 1, 0
    for include in [*_INCLUDE.finditer(source), None]:
        end = include.start() if include else len(source)
        for fragment in _PARTS_OF_LINES.findall(source, at, end):
            yield fragment, file, line
            line += fragment.endswith("\n")
        if include:
            at, here = include.end(), f"{file}:{line}"
            if include["name"] in (*above, name):
                raise TemplateError(f"{here}: {include['name']} includes itself")
            yield from _fragments(environment, include["name"], (*above, name), here)


def _without_comment(code: re.Match[str]) -> str:
    return "\n" * code[0].count("\n") if code[0].startswith("{#") else code[0]
