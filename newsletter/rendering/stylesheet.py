"""CSS as far as mails use it: rules with their declarations, and the media they are for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from newsletter.rendering.page import Element

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PRELUDE = re.compile(r"([^{};]*)([{};])")
_IMPORTANT = re.compile(r"\s*!\s*important\s*$", re.IGNORECASE)
_GROUPS = ("@media", "@supports", "@layer", "@container")
_DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
_OTHER_CONDITIONS = re.compile(r"\((?!\s*prefers-color-scheme)|print|\bnot\b", re.IGNORECASE)
_LIGHT = re.compile(r"prefers-color-scheme\s*:\s*light", re.IGNORECASE)

Declarations = dict[str, str]
"""Property -> value, without ``!important``; the last one of a name counts."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A selector, or an at-rule such as ``@font-face``, with what it declares."""

    selector: str
    body: str
    around: tuple[str, ...] = ()
    """The at-rules that it stands in, outermost first."""

    @property
    def declarations(self) -> Declarations:
        """What it sets."""
        return read_declarations(self.body)

    def applies(self, *, dark: bool) -> bool:
        """Whether it counts on a wide screen with that colour scheme."""
        media = " ".join(self.around)
        if _OTHER_CONDITIONS.search(media) or not all(group.startswith("@media") for group in self.around):
            return False
        return not (_LIGHT.search(media) if dark else _DARK.search(media))


def read_declarations(body: str) -> Declarations:
    """The content of a ``style`` attribute or of a rule, in the order in which later ones overrule earlier ones."""
    pairs = [(name.strip().lower(), value.strip()) for name, colon, value in map(_parted, _split(body)) if colon]
    pairs.sort(key=lambda pair: _IMPORTANT.search(pair[1]) is not None)
    declarations: Declarations = {}
    for name, value in pairs:
        declarations.pop(name, None)
        declarations[name] = _IMPORTANT.sub("", value)
    return declarations


def read_rules(css: str) -> list[Rule]:
    """All rules in order, those in media queries too."""
    text = _COMMENT.sub(" ", css)
    rules: list[Rule] = []
    _read(text, 0, (), rules)
    return rules


def page_rules(page: Element) -> list[Rule]:
    """The rules of all ``<style>`` elements of a page."""
    styles = (element for element in page.walk() if element.tag == "style")
    return [
        rule
        for style in styles
        for rule in read_rules("".join(child for child in style.children if isinstance(child, str)))
    ]


def is_made_for_dark(rules: list[Rule]) -> bool:
    """Whether any rule is for dark screens."""
    return any(_DARK.search(" ".join(rule.around)) for rule in rules)


def _read(text: str, at: int, around: tuple[str, ...], rules: list[Rule]) -> int:
    """Adds the rules from ``at`` on; gives where the block that they stand in ends."""
    while match := _PRELUDE.match(text, at):
        prelude, at = " ".join(match[1].split()), match.end()
        if match[2] == "}":
            return at
        if match[2] == ";":
            rules += [Rule(prelude, "", around)] if prelude.startswith("@") else []
        elif prelude.lower().startswith(_GROUPS):
            at = _read(text, at, (*around, prelude), rules)
        else:
            end = _end(text, at)
            rules.append(Rule(prelude, text[at:end], around))
            at = end + 1
    return len(text)


def _end(text: str, at: int) -> int:
    """Where the block that starts there ends."""
    depth = 1
    for brace in re.finditer(r"[{}]", text[at:]):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return at + brace.start()
    return len(text)


def _parted(declaration: str) -> tuple[str, str, str]:
    return declaration.partition(":")


def _split(body: str) -> Iterator[str]:
    """At semicolons that stand outside of brackets and quotes, as those of ``url(data:…;base64,…)`` do not."""
    return (match[0] for match in re.finditer(r"(?:[^;(\"']|\([^)]*\)|\"[^\"]*\"|'[^']*'|[(\"'])+", body))
