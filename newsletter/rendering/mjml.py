"""MJML, with Jinja code left in it, into HTML with the same code: done once, so no paper ever meets the compiler.

mjml-python does not see Jinja: each piece of code is a plain word while it works, and comes back afterwards. What it
is known to spoil is kept from it (attribute values with line ends, backslashes or accents) or mended after it.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import css_inline
from mjml import mjml2html

from newsletter.errors import TemplateError
from newsletter.rendering.lint import ATTRIBUTE, TAG, check_mjml
from newsletter.rendering.skeleton import CODE, Skeleton

_INLINE_STYLE = re.compile(r"<mj-style\s+inline\s*=\s*[\"']inline[\"']\s*>(.*?)</mj-style>", re.DOTALL)
_PLACEHOLDER = re.compile(r"qj(\d{5})q")
_INDENTATION = re.compile(r"[ \t]*\n\s*")
_IMAGE_WITHOUT_ALT = re.compile(r"<img\b(?![^>]*\balt=)", re.IGNORECASE)
_NEIGHBOURS = "<![endif]--><!--[if mso | IE]>"
_SPOILT_IN_ATTRIBUTES = re.compile(r"[^\x20-\x7e]|[\\\"]")


def compile_mjml(skeleton: Skeleton) -> str:
    """HTML with Jinja code in it; any fault of the MJML is a ``TemplateError`` with file and line."""
    check_mjml(skeleton)
    code = list(CODE.finditer(skeleton.text))
    numbers = iter(range(len(code)))
    hidden = _INDENTATION.sub("\n", CODE.sub(lambda _: f"qj{next(numbers):05}q", skeleton.text))
    styles = "\n".join(_INLINE_STYLE.findall(hidden))
    compiled = _compile(TAG.sub(_protect, _INLINE_STYLE.sub("", hidden)), skeleton)
    inlined = _IMAGE_WITHOUT_ALT.sub('<img alt=""', _inline(compiled.replace(_NEIGHBOURS, ""), styles))
    _check_survivors(inlined + styles, code, skeleton)
    return _PLACEHOLDER.sub(lambda placeholder: code[int(placeholder[1])][0], inlined)


def _compile(text: str, skeleton: Skeleton) -> str:
    try:
        # No fonts: MJML would fetch the named ones from Google's servers, which tells them who reads.
        return str(mjml2html(text, fonts={}))
    except ValueError as error:
        raise TemplateError(f"{skeleton.place(1)}: MJML cannot be compiled: {error}") from error


def _inline(compiled: str, styles: str) -> str:
    """The marked styles written into ``style`` attributes; media queries and the like stay in the head."""
    inliner = css_inline.CSSInliner(
        inline_style_tags=False,
        keep_style_tags=True,
        minify_css=True,
        load_remote_stylesheets=False,
        extra_css=styles,
    )
    return inliner.inline(compiled)


def _protect(tag: re.Match[str]) -> str:
    """The tag with all values in double quotes and free of what mjml-python would print as an escape."""
    if tag["close"] or "=" not in tag["rest"]:
        return tag[0]
    attributes = "".join(
        f" {name}" if double is None and single is None else f' {name}="{_safe(double or single or "")}"'
        for name, double, single in (match.groups() for match in ATTRIBUTE.finditer(tag["rest"]))
    )
    return f"<{tag['name']}{attributes}{' /' if tag['empty'] else ''}>"


def _safe(value: str) -> str:
    return _SPOILT_IN_ATTRIBUTES.sub(lambda spoilt: f"&#{ord(spoilt[0])};", " ".join(value.split()))


def _check_survivors(text: str, code: list[re.Match[str]], skeleton: Skeleton) -> None:
    """Statements must come out once and in order, expressions at least once: else they stood where MJML drops them."""
    found = [int(number) for number in _PLACEHOLDER.findall(text)]
    statements = [number for number in found if code[number][0].startswith("{%")]
    lost = set(range(len(code))) - set(found)
    repeated = {number for number, times in Counter(statements).items() if times > 1}
    moved = {after for before, after in pairwise(statements) if after < before}
    for number in sorted(lost or repeated or moved):
        snippet = " ".join(code[number][0].split())
        raise TemplateError(f"{skeleton.place_at(code[number].start())}: MJML has no place for {snippet} here")
