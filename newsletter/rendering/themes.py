"""How a newsletter looks and speaks: its brand, its language, and colours that can be read."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from newsletter.rendering.colours import Colour, as_hex, contrast
from newsletter.rendering.locale import ENGLISH, Language, read_language

READABLE = 4.5
"""WCAG's contrast for text."""
SOFT = 6.0
"""On dark ground a deep colour that is just readable glares; a paler one does not."""
LIGHT_GROUNDS = ("#ffffff", "#f4f2ec")
"""What text in the brand's colour stands on in the shipped themes: cards and the page."""
DARK_GROUNDS = ("#1d2026", "#131519")

_STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """What makes mails look like their sender's."""

    color: str = "#0b5394"
    """As it is chosen, ``#`` and six digits; for lines, which need no contrast."""
    logo: str | None = None
    """Where a picture is: https."""
    logo_alt: str = ""
    """What the picture says, for those who do not see it."""

    @property
    def light(self) -> str:
        """The colour for text on light grounds, darker where the chosen one would be hard to read."""
        return readable(self.color, LIGHT_GROUNDS)

    @property
    def dark(self) -> str:
        """The colour for text on dark grounds, lighter where the chosen one would be hard to read."""
        return readable(self.color, DARK_GROUNDS, ratio=SOFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What templates know beside the digest: ``brand`` and ``language``."""

    brand: Brand = Brand()
    language: Language = field(default_factory=lambda: read_language(ENGLISH))


@lru_cache(maxsize=64)
def readable(color: str, grounds: Sequence[str], *, ratio: float = READABLE) -> str:
    """The shade of a colour, nearest to it, that has the contrast to all of the grounds.

    The grounds are all light or all dark: on light ones a shade is darker, on dark ones lighter.
    """
    behind = [_channels(ground) for ground in grounds]
    towards = 0.0 if sum(behind[0]) > sum(_channels("#808080")) else 1.0
    hue, lightness, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in _channels(color)))
    for step in range(_STEPS + 1):
        shade = colorsys.hls_to_rgb(hue, lightness + (towards - lightness) * step / _STEPS, saturation)
        color = as_hex((shade[0] * 255, shade[1] * 255, shade[2] * 255)) if step else color.lower()
        if all(contrast(_channels(color), ground) >= ratio for ground in behind):
            break
    return color


def _channels(color: str) -> Colour:
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return red, green, blue
