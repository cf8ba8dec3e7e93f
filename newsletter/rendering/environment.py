"""Jinja2 environments over the template folders, and template faults told as ``file:line: what is wrong``."""

from __future__ import annotations

import re
import textwrap
import traceback
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    nodes,
)
from jinja2.environment import TemplateModule
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from newsletter.errors import TemplateError
from newsletter.model import Links, SourceReport
from newsletter.rendering.view import Card, Link, Paper, Why
from newsletter.text import shorten

TEXT_COLUMNS = 72
WORDS = "words.j2"
"""Every string a reader sees; templates know it as ``words``."""

_OPEN = frozenset({Card, Link, Links, Paper, SourceReport, Why, TemplateModule, LoopContext})
_BY_JINJA = frozenset({"loop", "self", "super", "caller", "varargs", "kwargs"})
_CLASS_PATH = re.compile(r"'newsletter\.[\w.]*?(\w+) object' has no attribute '(\w+)'")


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, without its lengthy questions where the answer is known: our records hide nothing."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The attribute, if templates may see it."""
        if type(obj) in _OPEN and not attribute.startswith("_"):
            try:
                return getattr(obj, attribute)
            except AttributeError:
                pass
        return super().getattr(obj, attribute)


def html_environment(folders: Sequence[Path]) -> Environment:
    """For templates that make HTML: everything is escaped. A file is looked for in the folders in order."""
    environment = _environment(folders, autoescape=True)
    environment.filters["em"] = lambda text: Markup("<em>{}</em>").format(text)
    environment.globals["nbsp"] = Markup("&nbsp;")
    environment.filters["strong"] = lambda text: Markup("<b>{}</b>").format(text)
    return _with_words(environment)


def text_environment(folders: Sequence[Path]) -> Environment:
    """For templates that make plain text: nothing is escaped."""
    environment = _environment(folders, autoescape=False)
    environment.filters["em"] = lambda text: f"“{text}”"
    environment.filters["strong"] = str
    environment.globals["nbsp"] = " "
    return _with_words(environment)


def load_template(environment: Environment, name: str) -> Template:
    """The template of that name, compiled; raises ``TemplateError`` with the place of a syntax error."""
    read_template(environment, name)
    try:
        return environment.get_template(name)
    except TemplateSyntaxError as error:
        raise TemplateError(f"{error.filename or name}:{error.lineno}: {error.message}") from error


def read_template(environment: Environment, name: str, place: str = "") -> tuple[str, str]:
    """The source of a template and the file that it came from; ``place`` is where it was asked for."""
    try:
        source, file, _ = _loader(environment).get_source(environment, name)
    except TemplateNotFound as error:
        where = f"{place}: {name}" if place else name
        raise TemplateError(f"{where}: no such template in {_searched(environment)}") from error
    except (UnicodeDecodeError, OSError) as error:
        raise TemplateError(f"{name}: cannot be read as UTF-8 text: {error}") from error
    return source, file or name


def unknown_names(environment: Environment, source: str, known: Collection[str]) -> Iterator[tuple[str, int]]:
    """Variables that the template reads and nobody sets, each with its line; the source has been parsed before."""
    tree = environment.parse(source)
    names = list(tree.find_all(nodes.Name))
    bound = {name.name for name in names if name.ctx != "load"} | {macro.name for macro in tree.find_all(nodes.Macro)}
    imported = {module.target for module in tree.find_all(nodes.Import)}
    found = {*known, *environment.globals, *bound, *imported, *_BY_JINJA}
    for name in names:
        if name.name not in found:
            yield name.name, name.lineno


def check_names(environment: Environment, name: str, known: Collection[str]) -> None:
    """Raises ``TemplateError`` for the first variable of a template that nobody sets."""
    source, file = read_template(environment, name)
    for variable, line in unknown_names(environment, source, known):
        raise TemplateError(f"{file}:{line}: '{variable}' is undefined")


def fill(template: Template, context: Mapping[str, Any]) -> str:
    """The template rendered; whatever goes wrong in it is a ``TemplateError`` with file and line."""
    try:
        return template.render(context)
    except Exception as error:  # a template may raise anything that Python can
        raise located(error, template.name or "template") from error


def located(error: Exception, name: str) -> TemplateError:
    """What went wrong in a template of that name, as ``file:line: message``."""
    file, line = innermost_place(error, name)
    return TemplateError(f"{file}:{line}: {describe_fault(error)}")


def innermost_place(error: Exception, name: str) -> tuple[str, int]:
    """File and line of the innermost template that the error passed through."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == name or frame.filename.endswith(".j2"):
            return frame.filename, frame.lineno or 1
    return name, 1


def describe_fault(error: Exception) -> str:
    """One line that says what went wrong, in the words of a template's author."""
    message = _CLASS_PATH.sub(r"a \1 has no '\2'", str(error))
    return " ".join(message.split()) or type(error).__name__


def _environment(folders: Sequence[Path], *, autoescape: bool) -> Environment:
    environment = _Sandbox(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda number: f"{number:,}"
    environment.filters["shorten"] = lambda text, limit: shorten(str(text), limit)
    environment.filters["wrapped"] = _wrapped
    return environment


def _with_words(environment: Environment) -> Environment:
    words = load_template(environment, WORDS)
    check_names(environment, WORDS, ())
    fill(words, {})  # unlike making the module, rendering keeps the lines of errors
    environment.globals["words"] = words.module
    return environment


def _wrapped(text: str, indent: int = 0, *, hanging: int = 0) -> str:
    """Lines of at most 72 characters, all but the first ``hanging`` further in; a link keeps its line whole."""
    return "\n".join(
        textwrap.wrap(
            str(text),
            TEXT_COLUMNS,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hanging),
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def _loader(environment: Environment) -> FileSystemLoader:
    assert isinstance(environment.loader, FileSystemLoader)  # noqa: S101 made above
    return environment.loader


def _searched(environment: Environment) -> str:
    return " or ".join(str(folder) for folder in _loader(environment).searchpath)
