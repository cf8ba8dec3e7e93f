"""Services asked one after the other about papers that are named, each about what those before it did not find."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Protocol

from newsletter.errors import SourceError
from newsletter.model import Entry
from newsletter.sources.identity import WORDS_OF_A_TELLING_TITLE
from newsletter.sources.sameness import Facts, same_by_more, same_by_title
from newsletter.text import fold

if TYPE_CHECKING:
    from newsletter.sources.http import Http

PATIENCE = {"seconds": 10.0, "attempts": 1}
"""Limits of one request: what is not answered now is asked in a later run."""

log = logging.getLogger(__name__)


class Lookup(Protocol):
    """One question that a service answers: about ids, or about titles."""

    name: str
    size: int
    """How many papers a request asks about."""
    most: int
    """How many papers are asked about in one run."""

    def takes(self, named: Entry, found: Entry | None) -> bool:
        """Whether it can be asked about that paper, or for what is missing from what another one found."""

    def ask(self, named: Sequence[Entry], /, *, http: Http) -> Sequence[Entry]:
        """Papers that may be those, in any order; raises SourceError where there is no answer."""


@dataclass(slots=True)
class Findings:
    """What came of it, by a paper's place among those that were asked about."""

    found: dict[int, Entry] = field(default_factory=dict)
    asked: dict[int, set[str]] = field(default_factory=dict)
    """Who has answered about it."""
    trouble: dict[str, str] = field(default_factory=dict)
    """Who did not answer, and why."""

    def take(self, part: _Part) -> None:
        """Adds one answer."""
        for place in part.places:
            self.asked.setdefault(place, set()).add(part.service)
        self.found |= part.found
        if part.trouble is not None:
            self.trouble[part.service] = part.trouble

    def unknown(self, named: Sequence[Entry], services: Sequence[Lookup]) -> list[int]:
        """The places of what nobody knows, although everybody was asked who could be."""
        lost = []
        for place, entry in enumerate(named):
            able = {service.name for service in services if service.takes(entry, None)}
            if place not in self.found and able and able <= self.asked.get(place, set()):
                lost.append(place)
        return lost


@dataclass(frozen=True, slots=True)
class _Part:
    """One answer, or the lack of one."""

    service: str
    places: Sequence[int] = ()
    found: Mapping[int, Entry] = field(default_factory=dict)
    trouble: str | None = None


def look_up(named: Sequence[Entry], services: Sequence[Lookup], *, http: Http, seconds: float) -> Findings:
    """What the services know of these papers, as far as they say so within that time; never raises for what they do."""
    ended: SimpleQueue[_Part | None] = SimpleQueue()
    stop = Event()

    def work() -> None:
        try:
            for part in _parts(named, services, http.within(**PATIENCE), stop):
                ended.put(part)
        except Exception as error:  # noqa: BLE001 a mistake of ours must not cost anybody the run
            log.warning("liked papers could not be looked up (%s: %s)", type(error).__name__, error)
        finally:
            ended.put(None)

    # Nobody waits for the thread: another process may keep arXiv's lock for longer than there is time.
    Thread(target=work, daemon=True).start()
    ends_at, findings = time.monotonic() + seconds, Findings()
    try:
        while (part := ended.get(timeout=max(ends_at - time.monotonic(), 0.0))) is not None:
            findings.take(part)
    except Empty:
        log.info("liked papers: the rest is looked up in the next run")
    finally:
        stop.set()
    return findings


def _parts(named: Sequence[Entry], services: Sequence[Lookup], http: Http, stop: Event) -> Iterator[_Part]:
    found: dict[int, Entry] = {}
    for service in services:
        places = [place for place, entry in enumerate(named) if service.takes(entry, found.get(place))]
        for start in range(0, min(len(places), service.most), service.size):
            if stop.is_set():
                return
            batch = places[start : min(start + service.size, service.most)]
            try:
                answers = service.ask([found.get(place) or named[place] for place in batch], http=http)
            except SourceError as error:
                yield _Part(service.name, trouble=str(error))
                break
            better = {place: entry for place in batch if (entry := _best(named[place], found.get(place), answers))}
            found |= better
            yield _Part(service.name, batch, better)


def _best(named: Entry, before: Entry | None, answers: Sequence[Entry]) -> Entry | None:
    """The answer that is the paper, one with an abstract first; of two services what each of them says."""
    same = sorted((one for one in answers if is_same(named, one)), key=lambda one: not one.summary)
    if before is None or not same:
        return same[0] if same else None
    return replace(before, summary=before.summary or same[0].summary)


def is_same(named: Entry, answer: Entry) -> bool:
    """Whether an answer is the paper that was named: by an id, or by its title where its authors do not differ.

    >>> is_same(Entry(title="A study of small cats", authors=("Ada Byron",)),
    ...         Entry(title="A Study of Small Cats.", authors=("A. Byron", "M. Shelley")))
    True
    """
    if named.arxiv_id and named.arxiv_id == answer.arxiv_id:
        return True
    if named.doi and named.doi in (answer.doi, answer.journal_doi):
        return True
    title = fold(named.title)
    if not title or title != fold(answer.title):
        return False
    rule = same_by_title if len(title.split()) >= WORDS_OF_A_TELLING_TITLE else same_by_more
    return rule(Facts.of(named, None), Facts.of(answer, None))
