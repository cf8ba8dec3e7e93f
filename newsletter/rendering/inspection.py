"""What would go wrong with a rendered message in the wild: size, lines, links, pictures, headings, colours, clients."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from newsletter.model import Message
from newsletter.rendering.contrast import find_low_contrast
from newsletter.rendering.findings import Finding, Level, Topic, note, problem
from newsletter.rendering.page import HEADINGS, Element, read_page
from newsletter.rendering.renderer import MAX_HTML_BYTES
from newsletter.rendering.support import find_unsupported

ADVISED_HTML_BYTES = 50_000
MAX_LINE_BYTES = 998
MAX_BODY_LINE_BYTES = 76
ALLOWED_SCHEMES = ("https", "http", "mailto")
SAYS_NOTHING = frozenset({"click", "click here", "details", "here", "link", "more", "read more", "this", "this link"})

_BLANK = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]*")


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link of the HTML part."""

    text: str
    target: str
    place: str

    @property
    def host(self) -> str:
        """Where it goes, shortly."""
        try:
            parts = urlsplit(self.target)
        except ValueError:
            return self.target
        return parts.hostname or (f"{parts.scheme}:" if parts.scheme else "nowhere")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What is known of a message after a look at it."""

    html_bytes: int
    raw_bytes: int
    links: tuple[PageLink, ...]
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What should keep it from being sent."""
        return tuple(finding for finding in self.findings if finding.level is Level.PROBLEM)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What is worth a look."""
        return tuple(finding for finding in self.findings if finding.level is Level.NOTE)

    @property
    def hosts(self) -> Counter[str]:
        """Where links go, and how many."""
        return Counter(link.host for link in self.links)


def inspect_message(message: Message) -> Inspection:
    """Everything about a message that can be told without sending it."""
    html = message.html
    page = read_page(html)
    size = len(html.encode("utf-8", "replace"))
    links = tuple(_links(page))
    findings = (
        *_sizes(size),
        *_lines(message.raw),
        *_language(page),
        *_link_findings(links),
        *_pictures(page),
        *_headings(page),
        *find_low_contrast(html, page),
        *find_unsupported(page),
    )
    ordered = sorted(findings, key=lambda finding: finding.level is Level.NOTE)
    return Inspection(html_bytes=size, raw_bytes=len(message.raw), links=links, findings=tuple(ordered))


def _sizes(size: int) -> Iterator[Finding]:
    if size > MAX_HTML_BYTES:
        why = f"Gmail hides what comes after about 102,000, and {MAX_HTML_BYTES:,} is our limit"
        yield problem(Topic.SIZE, "html", f"{size:,} bytes", why=why)
    elif size > ADVISED_HTML_BYTES:
        yield note(
            Topic.SIZE, "html", f"{size:,} bytes", why=f"it opens slowly on a phone; {ADVISED_HTML_BYTES:,} are advised"
        )


def _lines(raw: bytes) -> Iterator[Finding]:
    head = raw.partition(b"\r\n\r\n")[0].count(b"\r\n") + 1
    for number, line in enumerate(raw.split(b"\r\n"), start=1):
        if len(line) > MAX_LINE_BYTES:
            yield problem(
                Topic.LINES, f"raw:{number}", f"a line of {len(line)} bytes", why=f"mail servers take {MAX_LINE_BYTES}"
            )
        elif len(line) > MAX_BODY_LINE_BYTES and number > head:
            why = f"quoted-printable allows {MAX_BODY_LINE_BYTES}"
            yield note(Topic.LINES, f"raw:{number}", f"a line of {len(line)} bytes", why=why)


def _language(page: Element) -> Iterator[Finding]:
    root = next((element for element in page.walk() if element.tag == "html"), page)
    if not root.attributes.get("lang", "").strip():
        yield problem(
            Topic.LANGUAGE, f"html:{root.line}", "no lang", why="screen readers pronounce it in the wrong language"
        )


def _links(page: Element) -> Iterator[PageLink]:
    for element in page.walk():
        if element.tag == "a":
            yield PageLink(element.text, element.attributes.get("href", "").strip(), element.place)


def _link_findings(links: Sequence[PageLink]) -> Iterator[Finding]:
    first: dict[tuple[str, str], PageLink] = {}
    for link in links:
        yield from _link(link)
        card = link.place.partition(",")[2]
        other = first.setdefault((card, link.text.casefold()), link)
        if other.target != link.target:
            what = f"“{link.text}” leads to {link.target}, and to {other.target} above"
            yield note(Topic.LINKS, link.place, what, why="who hears links one by one cannot tell them apart")


def _link(link: PageLink) -> Iterator[Finding]:
    named = f"the link “{link.text}”"
    scheme = link.target.partition(":")[0].lower() if ":" in link.target else ""
    if not link.target or link.target.startswith("#"):
        yield problem(Topic.LINKS, link.place, f"{named} leads nowhere", why="nothing happens when it is pressed")
    elif scheme not in ALLOWED_SCHEMES:
        yield problem(
            Topic.LINKS, link.place, f"{named} leads to {link.target}", why="only https, http and mailto work in a mail"
        )
    elif scheme == "http":
        yield note(
            Topic.LINKS, link.place, f"{named} leads to {link.target}", why="anybody on the way can read or change it"
        )
    if _BLANK.fullmatch(link.text):
        yield problem(
            Topic.LINKS,
            link.place,
            f"a link to {link.target or 'nowhere'} without text",
            why="nobody can see or hear it",
        )
    elif link.text.casefold().strip(" .!…>→") in SAYS_NOTHING:
        yield note(Topic.LINKS, link.place, named, why="it does not say where it leads")


def _pictures(page: Element) -> Iterator[Finding]:
    for element in page.walk():
        if element.tag == "img" and "alt" not in element.attributes:
            why = "most clients hide pictures at first, and screen readers read the file's name"
            yield problem(Topic.PICTURES, element.place, "a picture without alt text", why=why)


def _headings(page: Element) -> Iterator[Finding]:
    level = 0
    for element in page.walk():
        if element.tag in HEADINGS:
            found = int(element.tag[1])
            if found > level + 1:
                before = f"after <h{level}>" if level else "first of all"
                why = "who jumps from heading to heading looks for what is missing between"
                yield note(Topic.HEADINGS, element.place, f"<{element.tag}> {before}", why=why)
            level = found
