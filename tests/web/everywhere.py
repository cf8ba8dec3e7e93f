"""Every address that the application answers, found by asking it, with the forms that stand there.

A new route is walked by itself. One with a new kind of part in its path has to be given a value for it in ``Walk.parts``,
or the walk fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from starlette.routing import BaseRoute, Mount, Route
from web.conftest import KEY, Links, Site
from web.served import dump

from newsletter.tokens import LIVES, Purpose, Signer

URL = "https://papers.example.org"
MACHINES = ("/u/", "/start", "/webhooks/", "/api/")
"""Where a POST needs no seal: the token of the path, a key or a signature is the authority, or nothing is changed."""
PURPOSES = {
    "/a/": Purpose.ARCHIVE,
    "/c/": Purpose.CONFIRM,
    "/digests/": Purpose.DIGESTS,
    "/f/": Purpose.FEED,
    "/p/": Purpose.PREFERENCES,
    "/u/": Purpose.UNSUBSCRIBE,
    "/v/": Purpose.FEEDBACK,
}
"""What tokens in these paths are for."""


@dataclass(frozen=True, slots=True)
class Address:
    """A route, with everything that its path leaves open filled in."""

    pattern: str
    path: str
    methods: frozenset[str]

    @property
    def has_token(self) -> bool:
        return "{token}" in self.pattern

    @property
    def needs_seal(self) -> bool:
        return "POST" in self.methods and not self.pattern.startswith(MACHINES)

    def with_token(self, old: str, new: str) -> str:
        """The same with another token."""
        return self.path.replace(old, new, 1)


@dataclass(slots=True)
class Formular:
    """A form as a browser sees it."""

    action: str
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    """Where each button sends the form, and the name and value that it adds."""


class Forms(HTMLParser):
    """The forms of a page."""

    def __init__(self, page: str, *, path: str) -> None:
        super().__init__()
        self.path = path
        self.forms: list[Formular] = []
        self._is_inside = False
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_inside = True
            self.forms.append(Formular(urljoin(self.path, said.get("action", "")), said.get("method", "get").lower()))
        elif self._is_inside and (name := said.get("name", "")) and tag in {"input", "textarea"}:
            self._add_field(name, said)
        elif self._is_inside and tag == "select":
            self._select = said.get("name", "")
        elif self._is_inside and tag == "option" and ("selected" in said or self._select not in self.forms[-1].fields):
            self.forms[-1].fields[self._select] = said.get("value", "")
        elif self._is_inside and tag == "button" and said.get("type", "submit") == "submit":
            action = urljoin(self.path, said["formaction"]) if "formaction" in said else self.forms[-1].action
            self.forms[-1].buttons.append((action, said.get("name", ""), said.get("value", "")))

    def _add_field(self, name: str, said: Mapping[str, str]) -> None:
        if said.get("type") == "file":
            self.forms[-1].files.add(name)
        elif said.get("type") not in {"checkbox", "radio"} or "checked" in said:
            self.forms[-1].fields[name] = said.get("value", "on" if said.get("type") == "checkbox" else "")

    def handle_endtag(self, tag: str) -> None:
        self._is_inside = self._is_inside and tag != "form"


@dataclass(frozen=True)
class Walk:
    """All addresses of a site, as one reader's mail would open them."""

    site: Site
    links: Links
    parts_by_hand: Mapping[str, str] = field(default_factory=dict)
    """What stands for parts of paths in place of what is there."""

    @cached_property
    def signer(self) -> Signer:
        return Signer([KEY])

    @cached_property
    def reader(self) -> str:
        """The reader's id."""
        found = self.site.storage.subscribers.by_email(self.links.reader)
        assert found
        return found.id

    @cached_property
    def tokens(self) -> dict[Purpose, str]:
        """The reader's token for each purpose."""
        return {purpose: self.token(purpose) for purpose in Purpose}

    def token(self, purpose: Purpose, *, reader: str = "", at: date | None = None, signer: Signer | None = None) -> str:
        parts = [reader or self.reader, *([_day(self.links)] if purpose is Purpose.ARCHIVE else [])]
        made = at or datetime.now(UTC).date()
        return (signer or self.signer).sign(purpose, *parts, at=made if LIVES[purpose] else None)

    @cached_property
    def parts(self) -> dict[str, str]:
        """What stands for the open parts of paths, but for tokens."""
        edition = self.site.storage.editions.list()[0].id
        return {
            "entry": self.links.more[0].split("/")[-2],
            "wish": "more",
            "edition": edition,
            "day": _day(self.links),
            "delivery": "1",
            "decision": "retry",
            "reader": self.reader,
            **self.parts_by_hand,
        }

    @cached_property
    def addresses(self) -> list[Address]:
        return [*self._of(self.site.client.app.routes, "")]  # type: ignore[attr-defined] a Starlette

    def _of(self, routes: list[BaseRoute], before: str) -> Iterator[Address]:
        for route in routes:
            if isinstance(route, Mount) and route.path == "/api":
                continue  # it is held to its own description, by test_api_description.py
            if isinstance(route, Mount):
                yield from self._of(list(route.routes), before + route.path)
            else:
                assert isinstance(route, Route), f"{route}: a kind of route that the walk does not know"
                pattern = before + route.path
                yield Address(pattern, self.fill(pattern), frozenset(route.methods or ()))

    def fill(self, pattern: str) -> str:
        """The pattern's path with everything filled in."""

        def value(found: re.Match[str]) -> str:
            name = found[1].partition(":")[0]
            if name == "token":
                return self.tokens[self.purpose(pattern)]
            assert name in self.parts, f"{pattern}: say in Walk.parts what stands for {{{name}}}"
            return self.parts[name]

        return re.sub(r"\{([^}]+)\}", value, pattern)

    def purpose(self, pattern: str) -> Purpose:
        found = [purpose for start, purpose in PURPOSES.items() if pattern.startswith(start)]
        assert found, f"{pattern}: say in PURPOSES what its token is for"
        return found[0]

    def forms(self) -> Iterator[tuple[Address, Formular]]:
        """Every form of every page that is looked at, with the page."""
        for address in self.addresses:
            if "GET" in address.methods:
                answer = self.site.client.get(address.path)
                if answer.headers.get("content-type", "").startswith("text/html"):
                    yield from ((address, form) for form in Forms(answer.text, path=address.path).forms)

    def seal_of(self, path: str) -> str:
        """The seal that stands on that page's forms; empty where there is none."""
        forms = Forms(self.site.client.get(path).text, path=path).forms
        return next((form.fields["seal"] for form in forms if "seal" in form.fields), "")

    def dump(self) -> object:
        """Every row of every table."""
        return dump(self.site.deployment.folder / "var" / "newsletter.db")


def _day(links: Links) -> str:
    """The local date of the reader's mail, as its link says."""
    return urlsplit(links.archive).path.split(".")[-2]
