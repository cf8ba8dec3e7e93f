"""The templates of one kind of mail: HTML, text, subject and preheader, compiled together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, Template

from newsletter.errors import TemplateError
from newsletter.model import decoded
from newsletter.rendering.environment import (
    check_names,
    describe_fault,
    fill,
    html_environment,
    load_template,
    read_template,
    text_environment,
)
from newsletter.rendering.mime import Body
from newsletter.rendering.mjml import compile_mjml
from newsletter.rendering.reasons import Reasons
from newsletter.rendering.skeleton import Uncompiled, read_skeleton
from newsletter.rendering.themes import Look
from newsletter.text import one_line

PREHEADER = "preheader"
"""The line that an inbox shows beside the subject; the only variable that templates make themselves."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says, before it has an address."""

    subject: str
    html: Body
    text: Body

    def html_size(self, limit: int) -> int:
        """Bytes of the HTML, or of its encoding, which has more, where even that is within the limit."""
        encoded = len(self.html.encoded)
        return encoded if encoded <= limit else len(decoded(self.html.encoded).encode())

    @property
    def decoded(self) -> tuple[str, str, str]:
        """Subject, HTML and text as they are read."""
        return self.subject, decoded(self.html.encoded), decoded(self.text.encoded)


@dataclass(frozen=True, slots=True)
class Part:
    """A template with what it was made of."""

    environment: Environment
    source: str
    template: Template
    reasons: Reasons


class MailTemplate:
    """``NAME.mjml.j2``, ``NAME.txt.j2``, ``NAME.subject.txt.j2`` and ``NAME.preheader.txt.j2``."""

    def __init__(
        self, name: str, *, folders: Sequence[Path], variables: Collection[str], look: Look | None = None
    ) -> None:
        """Compiles all four; ``TemplateError`` where one has a fault or reads what is not in ``variables``."""
        environment = html_environment(folders, look)
        reasons = Reasons(environment)
        skeleton = read_skeleton(environment, f"{name}.mjml.j2")
        self._uncompiled = Uncompiled(environment, skeleton, {*variables, PREHEADER})
        self.mjml = skeleton.text
        source = compile_mjml(skeleton)
        self.html = Part(environment, source, environment.from_string(source), reasons)
        text = text_environment(folders, look)
        plain = text, Reasons(text)
        self.subject = _load(plain, f"{name}.subject.txt.j2", variables)
        self.preheader = _load(plain, f"{name}.preheader.txt.j2", variables)
        self.text = _load(plain, f"{name}.txt.j2", variables)

    def try_out(self, context: Mapping[str, Any]) -> None:
        """Renders for nothing: raises ``TemplateError`` where the templates cannot be rendered with these variables."""
        self._uncompiled.try_out({**context, PREHEADER: ""})
        self.render(context)

    def render(self, context: Mapping[str, Any]) -> Content:
        """All parts, made from the same variables."""
        html = self._render_html({**context, PREHEADER: say(self.preheader, context)})
        return Content(
            subject=say(self.subject, context),
            html=Body.saying(html),
            text=Body.saying(fill(self.text.template, context)),
        )

    def _render_html(self, context: Mapping[str, Any]) -> str:
        try:
            return self.html.template.render(context)
        except Exception as error:  # a template may raise anything that Python can
            self._uncompiled.try_out(context)  # knows the line, and as a rule fails in the same place
            raise TemplateError(f"{self._uncompiled.place}: {describe_fault(error)}") from error


def say(part: Part, context: Mapping[str, Any]) -> str:
    """What the template says, on one line."""
    return one_line(fill(part.template, context))


def _load(plain: tuple[Environment, Reasons], name: str, variables: Collection[str]) -> Part:
    environment, reasons = plain
    template = load_template(environment, name)
    check_names(environment, name, variables)
    return Part(environment, read_template(environment, name)[0], template, reasons)
