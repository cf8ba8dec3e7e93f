"""Faults of MJML that mjml-python reports without a line, or not at all."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass

from newsletter.errors import TemplateError
from newsletter.rendering.skeleton import CODE, Skeleton
from newsletter.rendering.tags import ATTRIBUTES, CHILDREN, EVERYWHERE, HTML_VOID

_MASK = "\x1a"

ATTRIBUTE = re.compile(rf"\s*([A-Za-z_:{_MASK}][\w:.{_MASK}-]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'))?")
TAG = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z][\w:-]*)(?P<rest>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?)(?P<empty>/?)>")
COMMENT = re.compile(r"<!--(?P<said>.*?)-->|<!\[endif\]>", re.DOTALL)

_MARKUP = re.compile(rf"(?P<comment>{COMMENT.pattern})|(?P<tag>{TAG.pattern})|(?P<less><)", re.DOTALL)
_BARE_AMPERSAND = re.compile(r"&(?!#\d+;|#[xX][0-9a-fA-F]+;|[A-Za-z][A-Za-z0-9]*;)")
_HOLDS_CODE = frozenset(CHILDREN) - {"mjml", "mj-head", "mj-attributes"}


@dataclass(frozen=True, slots=True)
class _Open:
    name: str
    offset: int


def check_mjml(skeleton: Skeleton) -> None:
    """Raises ``TemplateError`` with file and line for the first fault."""
    text = CODE.sub(_mask, skeleton.text)
    stack: list[_Open] = []
    at = 0
    for match in _MARKUP.finditer(text):
        between = text[at : match.start()]
        if fault := _check_text(between, stack):
            raise TemplateError(f"{skeleton.place_at(match.start() - len(between.lstrip()))}: {fault}")
        around = stack[-1] if stack else None
        if fault := _check_markup(match, stack):
            raise TemplateError(f"{skeleton.place_at(match.start())}: {fault}{_opened_at(around, match, skeleton)}")
        at = match.end()
    if stack:
        raise TemplateError(f"{skeleton.place_at(stack[-1].offset)}: <{stack[-1].name}> is never closed")
    without_comments = COMMENT.sub(lambda comment: _MASK * len(comment[0]), text)
    if bare := _BARE_AMPERSAND.search(without_comments):
        raise TemplateError(f"{skeleton.place_at(bare.start())}: a bare & must be written &amp;")
    if "<mj-body" not in text:
        raise TemplateError(f"{skeleton.place(1)}: there is no <mj-body> in it")


def _opened_at(around: _Open | None, match: re.Match[str], skeleton: Skeleton) -> str:
    """Where the tag around was opened, if that is another file: it may be the one that lacks its end."""
    if around is None:
        return ""
    opened, here = skeleton.place_at(around.offset), skeleton.place_at(match.start())
    is_elsewhere = opened.rpartition(":")[0] != here.rpartition(":")[0]
    return f" (<{around.name}> was opened at {opened})" if is_elsewhere else ""


def _mask(code: re.Match[str]) -> str:
    """As long as the code and with the same line ends, so that offsets stay true."""
    return re.sub(r"[^\n]", _MASK, code[0])


def _check_text(text: str, stack: list[_Open]) -> str | None:
    """Text may stand in HTML; Jinja code in most of MJML too."""
    parent = stack[-1].name if stack else "template"
    if stack and parent not in CHILDREN:
        return None
    visible = text.replace(_MASK, "") if parent in _HOLDS_CODE else text
    if not visible.strip():
        return None
    return f"text and code cannot stand directly in <{parent}>: put them into <mj-raw> or <mj-text>"


def _check_markup(match: re.Match[str], stack: list[_Open]) -> str | None:
    if match["comment"]:
        return "a comment cannot hold --" if "--" in (match["said"] or "") else None
    if match["less"]:
        return "a bare < must be written &lt;, or a tag is not finished"
    name = match["name"].lower()
    return _check_closing(name, stack) if match["close"] else _check_opening(match, name, stack)


def _check_closing(name: str, stack: list[_Open]) -> str | None:
    if not stack:
        return f"</{name}> closes nothing"
    opened = stack.pop().name
    return None if opened == name else f"</{name}> stands where </{opened}> was expected"


def _check_opening(match: re.Match[str], name: str, stack: list[_Open]) -> str | None:
    parent = stack[-1].name if stack else None
    if not match["empty"] and name not in HTML_VOID:
        stack.append(_Open(name, match.start()))
    return _check_place(name, parent) or _check_attributes(match["rest"], name, parent)


def _check_place(name: str, parent: str | None) -> str | None:
    if parent is None:
        return None if name == "mjml" else f"<{name}> stands outside of <mjml>"
    if name == "mj-include":
        return 'mj-include is not supported: write {% include "partials/….mjml.j2" %}'
    is_mjml = name.startswith("mj-") or name == "mjml"
    if is_mjml and name not in ATTRIBUTES:
        return f"unknown tag <{name}>{_suggest(name, ATTRIBUTES)}"
    if parent in CHILDREN:
        return None if name in CHILDREN[parent] else f"<{name}> cannot stand in <{parent}>"
    return f"<{name}> cannot stand in <{parent}>" if is_mjml else None


def _check_attributes(rest: str, name: str, parent: str | None) -> str | None:
    seen: set[str] = set()
    at = 0
    while rest[at:].strip():
        match = ATTRIBUTE.match(rest, at)
        if match is None:
            return f"the attributes of <{name}> cannot be read"
        attribute, at = match[1].lower(), match.end()
        if _MASK in attribute:
            return f"Jinja code in <{name}> may only stand inside the quotes of a value"
        if attribute in seen:
            return f"attribute {attribute} stands twice in <{name}>"
        seen.add(attribute)
        allowed = ATTRIBUTES.get(name)
        if allowed is not None and parent != "mj-attributes" and attribute not in allowed | EVERYWHERE:
            return f"unknown attribute {attribute} in <{name}>{_suggest(attribute, allowed)}"
    return None


def _suggest(word: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f", did you mean {close[0]}?" if close else ""
