"""Jinja2 environments over the template folders, and template faults told as ``file:line: what is wrong``."""

from __future__ import annotations

import re
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
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from newsletter.errors import TemplateError
from newsletter.model import Links, SourceReport
from newsletter.rendering.lines import wrapped
from newsletter.rendering.locale import ENGLISH, Language, list_pattern
from newsletter.rendering.said import Said
from newsletter.rendering.themes import Brand, Look
from newsletter.rendering.view import Card, Link, Paper, Why
from newsletter.text import shorten

WORDS = "words.j2"
"""Every string a reader sees, in English; templates know it as ``words``. Those of another language go before it."""

_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"
"""Unicode's own way to keep a text that runs the other way from disturbing what is around it."""
_OPEN = frozenset({Brand, Card, Language, Link, Links, Paper, SourceReport, Why, TemplateModule, LoopContext})
_FOR_CONTEXT = ("_loop_vars", "_block_vars")
"""What Jinja hands to every call, for functions that look at the context."""
_BY_JINJA = frozenset({"loop", "self", "super", "caller", "varargs", "kwargs"})
_CLASS_PATH = re.compile(r"'newsletter\.[\w.]*?(\w+) object' has no attribute '(\w+)'")


_COMPILED: dict[object, Any] = {}
MOST_COMPILED = 500


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

    def call(self, context: Context, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """What the function gives, if templates may call it; words of ours they may."""
        if type(function) is Said:
            for name in _FOR_CONTEXT:
                kwargs.pop(name, None)
            return function(*args, **kwargs)
        return super().call(context, function, *args, **kwargs)

    def compile(self, source: Any, name: str | None = None, filename: str | None = None, *args: Any) -> Any:
        """The template's code; a text that was compiled before, for the same looks, is not compiled again."""
        if not isinstance(source, str) or args:
            return super().compile(source, name, filename, *args)
        look: Any = self.globals
        # Constants are computed while compiling, by filters that know the language.
        key = source, name, filename, self.autoescape, self.code_generator_class, look["brand"], look["language"].tag
        code = _COMPILED.get(key)
        if code is None:
            if len(_COMPILED) >= MOST_COMPILED:
                _COMPILED.clear()
            code = _COMPILED[key] = super().compile(source, name, filename)
        return code


def html_environment(folders: Sequence[Path], look: Look | None = None) -> Environment:
    """For templates that make HTML: everything is escaped. A file is looked for in the folders in order."""
    look = look or Look()
    environment = _environment(folders, look, autoescape=True)
    environment.globals["nbsp"] = Markup("&nbsp;")
    environment.filters["em"] = lambda text: Markup('<em dir="auto">{}</em>').format(text)
    environment.filters["strong"] = lambda text: Markup("<b>{}</b>").format(text)
    return _with_words(environment)


def text_environment(folders: Sequence[Path], look: Look | None = None) -> Environment:
    """For templates that make plain text: nothing is escaped."""
    look = look or Look()
    environment = _environment(folders, look, autoescape=False)
    environment.globals["nbsp"] = " "
    quoted = f"“{_ISOLATE}{{}}{_END_OF_ISOLATE}”" if look.language.direction == "rtl" else "“{}”"
    environment.filters["em"] = quoted.format
    environment.filters["strong"] = str
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


def _environment(folders: Sequence[Path], look: Look, *, autoescape: bool) -> Environment:
    environment = _Sandbox(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    language = look.language
    environment.globals.update(brand=look.brand, language=language)
    environment.filters["number"] = language.number
    environment.filters["day"] = language.day
    environment.filters["weekday"] = language.weekday
    environment.filters["clock"] = language.clock
    environment.filters["plural"] = lambda number, **forms: _counted(environment, language, number, forms)
    environment.filters["listed"] = lambda items: _listed(language, list(items), autoescape=autoescape)
    environment.filters["isolated"] = lambda text: (
        _ISOLATE + text + _END_OF_ISOLATE if language.runs_against(text) else text
    )
    environment.filters["shorten"] = lambda text, limit: shorten(str(text), limit)
    environment.filters["wrapped"] = wrapped
    return environment


def _counted(environment: Environment, language: Language, number: int, forms: dict[str, str]) -> str:
    """The form for a number, with the number in the place of ``{}``, on one line with the word behind it."""
    space = environment.globals["nbsp"]
    form = language.plural(number, **forms).replace("{} ", f"{language.number(number)}{space}")
    counted = form.replace("{}", language.number(number))
    return Markup(counted) if environment.autoescape else counted  # noqa: S704 forms are words of a template


def _listed(language: Language, items: Sequence[Any], *, autoescape: bool) -> str:
    """``a, b and c``."""
    pattern = list_pattern(language, len(items))
    return Markup(pattern).format(*items) if autoescape else pattern.format(*items)  # noqa: S704 Babel's pattern


def _with_words(environment: Environment) -> Environment:
    """The same environment, which knows ``words``; TemplateError where there are none or they have a fault."""
    for name in (WORDS, *_translations(environment)):
        template = load_template(environment, name)
        check_names(environment, name, ())
        fill(template, {})  # unlike making the module, rendering keeps the lines of errors
    environment.globals["words"] = words_of(environment)
    return environment


def words_of(environment: Environment) -> TemplateModule:
    """The macros of ``words.j2``, those of the environment's language and of earlier folders in place of the others."""
    folders = [Path(folder) for folder in reversed(_loader(environment).searchpath)]
    found = [(folder, name) for name in (WORDS, *_translations(environment)) for folder in folders]
    words, *others = [
        environment.overlay(loader=FileSystemLoader(folder)).get_template(name).make_module()
        for folder, name in found
        if (folder / name).exists()
    ]
    for module in others:
        vars(words).update({macro: said for macro, said in vars(module).items() if not macro.startswith("_")})
    return words


def _translations(environment: Environment) -> list[str]:
    """Files of the language's words, ``words.pt.j2`` before ``words.pt-BR.j2``; TemplateError where there is none."""
    language = environment.globals["language"]
    assert isinstance(language, Language)  # noqa: S101 set above
    names = [WORDS.replace(".", f".{name}.") for name in reversed(language.names)]
    found = [name for name in names if _is_there(environment, name)]
    if not found and language.names[-1] != ENGLISH:
        read_template(environment, names[0], f"language {language.tag}")
    return found


def _is_there(environment: Environment, name: str) -> bool:
    return any(Path(folder, name).exists() for folder in _loader(environment).searchpath)


def _loader(environment: Environment) -> FileSystemLoader:
    assert isinstance(environment.loader, FileSystemLoader)  # noqa: S101 made above
    return environment.loader


def _searched(environment: Environment) -> str:
    return " or ".join(str(folder) for folder in _loader(environment).searchpath)
