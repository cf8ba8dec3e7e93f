"""What the big mail clients do not show: HTML and CSS of a message against a small table of what they lack.

``clients.csv`` holds the table: a feature, the clients that lack it, what their readers get in its place (empty where
that is nothing), and its name at caniemail.com, whose data of 2025-09-09 the second column is made from.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from newsletter.rendering.findings import Finding, Topic, note, problem
from newsletter.rendering.page import PLACE_CHARACTERS, Element
from newsletter.rendering.stylesheet import Declarations, Rule, page_rules, read_declarations
from newsletter.text import shorten

TABLE = Path(__file__).with_name("clients.csv")

CLIENTS = {
    "gmail-web": "Gmail on the web",
    "gmail-app": "Gmail's apps",
    "gmail-phone-web": "Gmail in a phone's browser",
    "apple-mac": "Apple Mail on macOS",
    "apple-phone": "Apple Mail on iOS",
    "outlook-windows": "Outlook on Windows",
    "outlook-mac": "Outlook on macOS",
    "outlook-web": "Outlook on the web",
    "outlook-app": "Outlook's apps",
    "yahoo": "Yahoo",
}
_FAMILIES = {"gmail": "Gmail", "apple": "Apple Mail", "outlook": "Outlook"}

_FUNCTION = re.compile(r"(?<![\w-])([a-z][a-z-]*)\(")
_UNIT = re.compile(r"(?<![\w#.-])[\d.]+(rem|vw|vh|ch)\b")
_PSEUDO = re.compile(r"::?[a-z-]+(?:\(\)?)?")
_FEATURES_OF_MEDIA = re.compile(r"\(\s*([a-z-]+)")
_PICTURE = re.compile(r"(data):|\.(svg|webp|avif)(?:$|[?#])", re.IGNORECASE)
_STRINGS = re.compile(r"\"[^\"]*\"|'[^']*'|\burl\([^)]*\)")
_SELECTORS = {
    "selector .class": r"\.[\w-]",
    "selector #id": r"#[\w-]",
    "selector tag": r"(?:^|[\s>+~,(])[a-z]",
    "selector descendant": r"[\w)\]*]\s+[\w.#:*\[]",
    "selector >": r">",
    "selector +": r"\+",
    "selector ~": r"~",
    "selector *": r"\*",
    "selector a,b": r",",
    "selector [attribute]": r"\[",
    "selector .a.b": r"[\w\])][.#\[]",
}


@dataclass(frozen=True, slots=True)
class Feature:
    """A row of the table."""

    name: str
    lacking: tuple[str, ...]
    """Keys of ``CLIENTS``."""
    fallback: str
    """What is shown in its place; empty where the message loses something."""
    caniemail: str

    @property
    def who(self) -> str:
        """The clients that lack it, a family where all of it does."""
        names = []
        left = dict.fromkeys(self.lacking)
        for family, name in _FAMILIES.items():
            members = [key for key in CLIENTS if key.startswith(f"{family}-")]
            if all(member in left for member in members):
                names.append(name)
                left = {key: None for key in left if key not in members}
        return ", ".join(names + [CLIENTS[key] for key in left])


@cache
def support_table() -> Mapping[str, Feature]:
    """The table by feature."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = [
            Feature(row["feature"], tuple(row["lacking"].split()), row["fallback"], row["caniemail"])
            for row in csv.DictReader(file)
        ]
    return {row.name: row for row in rows}


def find_unsupported(page: Element) -> Iterator[Finding]:
    """One finding a feature that some client lacks: a note where readers get something in its place."""
    table = support_table()
    places: dict[str, list[str]] = {}
    for name, place in _used(page):
        if name in table:
            places.setdefault(name, []).append(place)
    for name, found in places.items():
        feature = table[name]
        times = f" ({len(found)} times)" if len(found) > 1 else ""
        what = f"{name}{times} is not known to {feature.who}"
        if feature.fallback:
            yield note(Topic.CLIENTS, found[0], what, why=feature.fallback)
        else:
            yield problem(Topic.CLIENTS, found[0], what, why="and nothing takes its place there")


def _used(page: Element) -> Iterator[tuple[str, str]]:
    """Features, as the table calls them, and where they are used."""
    for element in page.walk():
        for name in _of_element(element):
            yield name, element.place
        for name in _of_declarations(read_declarations(element.attributes.get("style", ""))):
            yield name, element.place
    for rule in page_rules(page):
        for name in _of_rule(rule):
            yield name, f"html, in <style>, {shorten(rule.selector, PLACE_CHARACTERS)}"


def _of_element(element: Element) -> Iterator[str]:
    yield f"<{element.tag}>"
    yield from (f"[{name}]" for name in element.attributes)
    if element.tag == "meta":
        yield f"meta {element.attributes.get('name', '')}"
    if element.tag == "img" and (kind := _PICTURE.search(element.attributes.get("src", ""))):
        yield "img data:" if kind[1] else f"img .{kind[2].lower()}"


def _of_declarations(declarations: Declarations) -> Iterator[str]:
    for name, value in declarations.items():
        yield "var()" if name.startswith("--") else name
        yield f"{name}: {value.split()[0].lower() if value else ''}"
        plain = _STRINGS.sub("", value.lower())
        yield from (f"{function}()" for function in _FUNCTION.findall(plain))
        yield from (f"unit {unit}" for unit in _UNIT.findall(plain))
        if name == "background" and "url(" in value:
            yield "background-image"


def _of_rule(rule: Rule) -> Iterator[str]:
    for around in rule.around:
        yield around.split()[0].lower()
        yield from (f"@media ({feature})" for feature in _FEATURES_OF_MEDIA.findall(around.lower()))
    if rule.selector.startswith("@"):
        yield rule.selector.split()[0].lower()
    else:
        yield from (name.rstrip("(") + "()" * name.endswith("(") for name in _PSEUDO.findall(rule.selector))
        yield from (name for name, pattern in _SELECTORS.items() if re.search(pattern, rule.selector))
    yield from _of_declarations(rule.declarations)
