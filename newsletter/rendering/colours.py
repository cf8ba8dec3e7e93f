"""Colours of CSS, and how well one reads on another, by WCAG 2."""

from __future__ import annotations

import re

Colour = tuple[float, float, float]
"""Red, green, blue: 0 to 255 each."""

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)

_NAMED = {
    "black": "000", "silver": "c0c0c0", "gray": "808080", "grey": "808080", "white": "fff", "maroon": "800000",
    "red": "f00", "purple": "800080", "fuchsia": "f0f", "green": "008000", "lime": "0f0", "olive": "808000",
    "yellow": "ff0", "navy": "000080", "blue": "00f", "teal": "008080", "aqua": "0ff", "orange": "ffa500",
    "darkgray": "a9a9a9", "darkgrey": "a9a9a9", "lightgray": "d3d3d3", "lightgrey": "d3d3d3", "whitesmoke": "f5f5f5",
    "dimgray": "696969", "dimgrey": "696969", "transparent": "0000",
}  # fmt: skip
_COLOUR = re.compile(r"#([0-9a-f]{3,8})\b|rgba?\(([^)]*)\)|(?<![\w-])([a-z]+)(?![\w(-])", re.IGNORECASE)


def read_colour(value: str, *, on: Colour) -> Colour | None:
    """The first colour in a value such as ``1px solid #ccc``, laid over ``on`` where it can be seen through.

    ``None`` where there is none that is known.
    """
    for digits, numbers, name in _COLOUR.findall(value):
        found = _from_digits(digits or _NAMED.get(name.lower(), "")) if not numbers else _from_numbers(numbers)
        if found is not None:
            *colour, alpha = found
            red, green, blue = (top * alpha + below * (1 - alpha) for top, below in zip(colour, on, strict=True))
            return red, green, blue
    return None


def contrast(one: Colour, other: Colour) -> float:
    """From 1 (the same) to 21 (black on white); 4.5 is what text should have at least."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def as_hex(colour: Colour) -> str:
    """``#1d2026``."""
    return "#" + "".join(f"{round(part):02x}" for part in colour)


def _from_digits(digits: str) -> tuple[float, float, float, float] | None:
    if len(digits) in (3, 4):
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) not in (6, 8):
        return None
    red, green, blue, alpha = bytes.fromhex(digits.ljust(8, "f"))
    return red, green, blue, alpha / 255


def _from_numbers(numbers: str) -> tuple[float, float, float, float] | None:
    parts = re.findall(r"([\d.]+)(%?)", numbers)
    try:
        values = [float(number) / (100 if percent else 1) for number, percent in parts]
    except ValueError:
        return None
    if len(values) not in (3, 4):
        return None
    red, green, blue = (value * 255 if parts[at][1] else value for at, value in enumerate(values[:3]))
    return red, green, blue, values[3] if len(values) == 4 else 1.0


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (c / 255 for c in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
