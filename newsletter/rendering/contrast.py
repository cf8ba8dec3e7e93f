"""Text that is hard to read on what is behind it, on light and on dark screens.

The styles that count for a scheme are written into the elements, as a mail program's own engine would resolve them;
what then stands in ``style`` attributes is inherited down the tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import css_inline

from newsletter.rendering.colours import BLACK, WHITE, Colour, as_hex, contrast, read_colour
from newsletter.rendering.findings import Finding, Topic, problem
from newsletter.rendering.page import Element, read_page
from newsletter.rendering.stylesheet import Declarations, Rule, is_made_for_dark, page_rules, read_declarations
from newsletter.text import shorten

ENOUGH = 4.5
ENOUGH_FOR_LARGE = 3.0
LARGE_PIXELS = 24.0
LARGE_BOLD_PIXELS = 18.66
SNIPPET_CHARACTERS = 40

_DARK_CANVAS: Colour = (18, 18, 18)
_LINKS: dict[bool, Colour] = {False: (0, 0, 238), True: (158, 158, 255)}
_INVISIBLE = re.compile(r"[\s\u00ad\u034f\u200b-\u200f\u2060\ufeff]+")
_PIXELS = re.compile(r"(?<![\d.#\w])([\d.]+)px")
_BOLD = re.compile(r"\b(?:bold|bolder|[6-9]00)\b")
_BOLD_TAGS = frozenset({"b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"})
_NOT_SHOWN = frozenset({"head", "script", "style", "template", "title"})


@dataclass(frozen=True, slots=True)
class _Look:
    """How text looks in some place."""

    text: Colour
    behind: Colour | None
    """``None`` over a picture."""
    pixels: float = 16.0
    bold: bool = False

    @property
    def wanted(self) -> float:
        """The contrast that text of this size should have."""
        large = self.pixels >= (LARGE_BOLD_PIXELS if self.bold else LARGE_PIXELS)
        return ENOUGH_FOR_LARGE if large else ENOUGH


def find_low_contrast(html: str, page: Element) -> Iterator[Finding]:
    """One finding a pair of colours and scheme; dark is looked at where there are rules for it."""
    rules = page_rules(page)
    for dark in (False, True) if is_made_for_dark(rules) else (False,):
        yield from _find(read_page(_resolved(html, rules, dark=dark)), dark=dark)


def _resolved(html: str, rules: list[Rule], *, dark: bool) -> str:
    counting = (rule for rule in rules if rule.applies(dark=dark) and not rule.selector.startswith("@"))
    css = "\n".join(f"{rule.selector} {{{rule.body}}}" for rule in counting)
    inliner = css_inline.CSSInliner(inline_style_tags=False, load_remote_stylesheets=False, extra_css=css)
    return inliner.inline(html)


def _find(page: Element, *, dark: bool) -> Iterator[Finding]:
    found: dict[tuple[Colour, Colour], list[tuple[Element, str, _Look]]] = {}
    start = _Look(WHITE, _DARK_CANVAS) if dark else _Look(BLACK, WHITE)
    for element, text, look in _texts(page, start, dark=dark):
        if look.behind is not None and contrast(look.text, look.behind) < look.wanted:
            found.setdefault((look.text, look.behind), []).append((element, text, look))
    for (colour, behind), places in found.items():
        element, text, look = places[0]
        more = f", and {len(places) - 1} more like it" if len(places) > 1 else ""
        yield problem(
            Topic.CONTRAST,
            f"html, {'dark' if dark else 'light'}{element.under}",
            f"“{shorten(text, SNIPPET_CHARACTERS)}” is {as_hex(colour)} on {as_hex(behind)}{more}",
            why=f"a contrast of {contrast(colour, behind):.1f}, where {look.wanted} is needed to read it",
        )


def _texts(element: Element, look: _Look, *, dark: bool) -> Iterator[tuple[Element, str, _Look]]:
    """Every piece of text that is seen, with its look."""
    style = read_declarations(element.attributes.get("style", ""))
    if element.tag in _NOT_SHOWN or _is_hidden(style):
        return
    look = _look(element, style, look, dark=dark)
    for child in element.children:
        if isinstance(child, Element):
            yield from _texts(child, look, dark=dark)
        elif look.pixels and (text := _INVISIBLE.sub(" ", child).strip()):
            yield element, text, look


def _is_hidden(style: Declarations) -> bool:
    return style.get("display") == "none" or style.get("visibility") == "hidden" or style.get("opacity") == "0"


def _look(element: Element, style: Declarations, look: _Look, *, dark: bool) -> _Look:
    painted = " ".join(
        filter(None, (element.attributes.get("bgcolor"), style.get("background"), style.get("background-color")))
    )
    behind = look.behind
    if painted:
        behind = read_colour(_last_painted(element, style), on=look.behind or WHITE) or look.behind
        behind = None if "url(" in painted else behind
    text = look.text
    if element.tag == "a" and "href" in element.attributes:
        text = _LINKS[dark]
    if "color" in style and style["color"] != "inherit":
        text = read_colour(style["color"], on=behind or WHITE) or text
    elif element.tag == "a" and style.get("color") == "inherit":
        text = look.text
    return replace(look, text=text, behind=behind, pixels=_pixels(style, look), bold=_bold(element, style, look))


def _last_painted(element: Element, style: Declarations) -> str:
    """The declaration that counts: the later of the two in the style, before the attribute."""
    declared = [value for name, value in style.items() if name in {"background", "background-color"}]
    return declared[-1] if declared else element.attributes.get("bgcolor", "")


def _pixels(style: Declarations, look: _Look) -> float:
    font = style.get("font-size") or style.get("font", "")
    if font == "0":
        return 0.0
    size = _PIXELS.search(font)
    return float(size[1]) if size else look.pixels


def _bold(element: Element, style: Declarations, look: _Look) -> bool:
    font = style.get("font-weight") or style.get("font", "")
    return bool(_BOLD.search(font)) if font else element.tag in _BOLD_TAGS or look.bold
