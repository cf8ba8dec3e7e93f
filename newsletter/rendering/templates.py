"""The templates of one kind of mail: HTML, text, subject and preheader, compiled together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, Template

from newsletter.errors import TemplateError
from newsletter.rendering.environment import (
    check_names,
    describe_fault,
    fill,
    html_environment,
    load_template,
    text_environment,
)
from newsletter.rendering.mjml import compile_mjml
from newsletter.rendering.skeleton import Uncompiled, read_skeleton
from newsletter.text import one_line

PREHEADER = "preheader"
"""The line that an inbox shows beside the subject; the only variable that templates make themselves."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says, before it has an address."""

    subject: str
    html: str
    text: str


class MailTemplate:
    """``NAME.mjml.j2``, ``NAME.txt.j2``, ``NAME.subject.txt.j2`` and ``NAME.preheader.txt.j2``."""

    def __init__(self, name: str, *, folders: Sequence[Path], variables: Collection[str]) -> None:
        """Compiles all four; ``TemplateError`` where one has a fault or reads what is not in ``variables``."""
        html = html_environment(folders)
        skeleton = read_skeleton(html, f"{name}.mjml.j2")
        self._uncompiled = Uncompiled(html, skeleton, {*variables, PREHEADER})
        self._html = html.from_string(compile_mjml(skeleton))
        text = text_environment(folders)
        self._subject = _load(text, f"{name}.subject.txt.j2", variables)
        self._preheader = _load(text, f"{name}.preheader.txt.j2", variables)
        self._text = _load(text, f"{name}.txt.j2", variables)

    def try_out(self, context: Mapping[str, Any]) -> None:
        """Renders for nothing: raises ``TemplateError`` where the templates cannot be rendered with these variables."""
        self._uncompiled.try_out({**context, PREHEADER: ""})
        self.render(context)

    def render(self, context: Mapping[str, Any]) -> Content:
        """All parts, made from the same variables."""
        preheader = one_line(fill(self._preheader, context))
        return Content(
            subject=one_line(fill(self._subject, context)),
            html=self._render_html({**context, PREHEADER: preheader}),
            text=fill(self._text, context).strip("\n") + "\n",
        )

    def _render_html(self, context: Mapping[str, Any]) -> str:
        try:
            return self._html.render(context)
        except Exception as error:  # a template may raise anything that Python can
            self._uncompiled.try_out(context)  # knows the line, and as a rule fails in the same place
            raise TemplateError(f"{self._uncompiled.place}: {describe_fault(error)}") from error


def _load(environment: Environment, name: str, variables: Collection[str]) -> Template:
    template = load_template(environment, name)
    check_names(environment, name, variables)
    return template
