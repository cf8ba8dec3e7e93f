"""What readers taught us: seen in words, added to, taken back, handed on as YAML. subscribers.yaml is never written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from newsletter.config.settings import Settings
from newsletter.config.writing import write_profile
from newsletter.errors import UsageError
from newsletter.model import Entry, Owner, Subscriber, Vote
from newsletter.pipeline.once import Once
from newsletter.ranking.learning import Learnt, learnt, tell_day
from newsletter.sources.identity import keys_of
from newsletter.sources.references import read_references, reference_of
from newsletter.storage import Storage
from newsletter.subscriptions import first_known, stored_reader

BACKGROUND_ENTRIES = 2_000
"""Latest papers of the store, which tell what is special about those that were voted on."""
READERS_KEPT = 1_000
"""Readers whose lessons are remembered."""
MOST_WAITING = 32
_ID_PREFIX = re.compile("[0-9a-f]{4,16}")


def what_was_learnt(storage: Storage, subscriber_id: str, *, now: datetime) -> list[Learnt]:
    """All that the reader's votes taught, in the order in which it is numbered."""
    votes = storage.votes.of([subscriber_id]).get(subscriber_id, [])
    background = storage.entries.history(now, limit=BACKGROUND_ENTRIES) if votes else []
    return learnt(votes, background=background, now=now)


class Lessons:
    """What readers' votes taught, worked out once a day and vote: it takes the better part of a second.

    Threads may share it.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lines: Once[list[Learnt]] = Once(READERS_KEPT, most_waiting=MOST_WAITING)
        self._backgrounds: Once[list[Entry]] = Once(1, most_waiting=MOST_WAITING)

    def of(self, subscriber_id: str, *, now: datetime) -> list[Learnt]:
        """All that the reader's votes taught, in the order in which it is numbered."""
        votes = self._storage.votes.of([subscriber_id]).get(subscriber_id, [])
        if not votes:
            return []
        about = now.date(), subscriber_id, tuple((vote.entry.id, vote.value, vote.at) for vote in votes)
        return self._lines.get(about, lambda: learnt(votes, background=self._background(now), now=now))

    def _background(self, now: datetime) -> list[Entry]:
        return self._backgrounds.get(now.date(), lambda: self._storage.entries.history(now, limit=BACKGROUND_ENTRIES))


def cast_vote(
    settings: Settings, storage: Storage, address: str, *, reference: str, value: Literal[1, -1], now: datetime
) -> Entry:
    """Keeps a reader's vote, and gives the paper; UsageError for a reader or a paper that is not known."""
    paper = find_paper(settings, storage, reference)
    reader = stored_reader(settings, storage, address, now=now)
    storage.votes.cast(reader.id, paper.id, value, now)
    return paper


def find_paper(settings: Settings, storage: Storage, reference: str) -> Entry:
    """The stored paper that a reference as in ``liked:`` stands for, or the beginning of an entry's id."""
    if _ID_PREFIX.fullmatch(reference):
        found = storage.entries.starting_with(reference, limit=2)
        if len(found) > 1:
            raise UsageError(f"{reference}: more than one paper's id begins with it; give more of it")
        if found:
            return found[0]
    named = read_references(reference, settings.folder)
    if len(named) != 1:
        raise UsageError(f"{reference}: stands for {len(named)} papers; a vote is about one (others go into `liked:`)")
    entry = first_known(named[0].keys, storage.entries.known(named[0].keys))
    if entry is None:
        raise UsageError(
            f"{reference}: no stored paper is known by it; expected `arXiv:…`, `doi:…`, `title: …`, a link, or an id "
            "of `rank --json` (a paper that no source ever listed goes into `liked:` or `disliked:`)"
        )
    return entry


def find_line(lines: Sequence[Learnt], named: str) -> Learnt:
    """The line of that number, from 1, or of that phrase; UsageError where there is none."""
    if named.isdecimal() and 1 <= int(named) <= len(lines):
        return lines[int(named) - 1]
    for line in lines:
        if line.phrase.casefold() == named.strip().casefold():
            return line
    numbers = f"a number from 1 to {len(lines)}, or a phrase of the list" if lines else "votes; there are none"
    raise UsageError(f"{named}: nothing was learnt under this; expected {numbers}")


def take_back(storage: Storage, subscriber_id: str, lines: Iterable[Learnt]) -> int:
    """Forgets the votes of these lines and no others; how many there were."""
    return storage.votes.take_back(subscriber_id, [vote.entry.id for line in lines for vote in line.votes])


def as_patch(settings: Settings, reader: Subscriber, lines: Sequence[Learnt]) -> str:
    """The reader's ``profile:`` as YAML with what was learnt written into it, each addition marked by a comment."""
    lists = {value: _keys_of_each(getattr(reader.profile, name), settings) for value, name in _LISTS.items()}
    remarks: dict[tuple[str, str], str] = {}
    above = [f"{reader.email}: " + ("additions are marked" if lines else "nothing was learnt that could be added")]
    for line in lines:
        for vote in line.votes:
            keys = frozenset(keys_of(vote.entry))
            for text in _named_in(lists[-vote.value], keys):
                del lists[-vote.value][text]
                above.append(f"no longer {_LISTS[-vote.value]}: {text}")
            if not _named_in(lists[vote.value], keys):
                text = reference_of(vote.entry)
                lists[vote.value][text] = keys
                remarks[_LISTS[vote.value], text] = _remark(vote, line)
    if lines:
        above.append(_what_next(reader))
    spec = replace(reader.profile, liked=tuple(lists[1]), disliked=tuple(lists[-1]))
    return write_profile(spec, remarks=remarks, above=above)


_LISTS = {1: "liked", -1: "disliked"}


def _keys_of_each(texts: Iterable[str], settings: Settings) -> dict[str, frozenset[str]]:
    """Reference -> the keys of the one paper it stands for; none for a whole library, which is left as it is."""
    named = {text: read_references(text, settings.folder) for text in texts}
    return {text: frozenset(found[0].keys if len(found) == 1 else ()) for text, found in named.items()}


def _named_in(references: Mapping[str, frozenset[str]], keys: frozenset[str]) -> list[str]:
    return [text for text, known in references.items() if not keys.isdisjoint(known)]


def _remark(vote: Vote, line: Learnt) -> str:
    said = f"added: “{line.direction}” of {tell_day(vote.at)}"
    return said if len(line.votes) == 1 else f"{said}, {line.phrase}"


def _what_next(reader: Subscriber) -> str:
    if reader.owner is Owner.DATABASE:
        return "a reader of the database, not of subscribers.yaml: the votes count as they are"
    return f"in place of the profile in subscribers.yaml; then: newsletter subscribers learn {reader.email} --reset"
