"""The papers a pool can show, with everything that evidence is read from made ready once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy import sparse

from newsletter.model import Entry
from newsletter.ranking.counting import Text
from newsletter.ranking.names import PersonName, read_organization, read_person
from newsletter.ranking.space import Space, Vectors
from newsletter.ranking.terms import read_fields

Fields = tuple[tuple[str, ...], ...]
"""An entry's words by field, the title first."""
CACHED_ENTRIES = 1 << 14
KEPT_PEOPLE = 1 << 15
TITLE_TIMES = 2
"""How many times a title's terms count beside the summary's."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Entries by row, and what is known of them."""

    entries: tuple[Entry, ...]
    fields: tuple[Fields, ...]
    vectors: Vectors
    holders: sparse.csr_array
    """(columns of the space, entries): the words of ``vectors`` turned over, for speed."""
    mentions: sparse.csr_array
    """(words, entries): 1 where the title has the word, 1/2 where only another field has it."""
    words: Mapping[str, int]
    """Word -> row of ``mentions``."""
    people: Mapping[str, Sequence[tuple[int, PersonName]]]
    """Family name -> row and full name of everyone called so."""
    organizations: tuple[str, ...]
    """Folded, with a space at both ends."""
    _found: dict[PersonName, tuple[int, ...]] = field(default_factory=dict, compare=False, repr=False)
    """Who was looked for before: readers like the same papers, and a profile that is tuned names the same people."""

    @classmethod
    def read(cls, entries: Iterable[Entry], space: Space) -> Candidates:
        """The entries, each id once."""
        unique = tuple({entry.id: entry for entry in entries}.values())
        return cls._index(unique, space.embed(list(map(weigh_fields, unique))))

    def joined(self, others: Candidates) -> Candidates:
        """Both sets of candidates in one."""
        return self._index((*self.entries, *others.entries), Vectors.stack([self.vectors, others.vectors]))

    @classmethod
    def _index(cls, entries: tuple[Entry, ...], vectors: Vectors) -> Candidates:
        fields = tuple(map(read_entry, entries))
        words = _number_words(fields)
        return cls(
            entries=entries,
            fields=fields,
            vectors=vectors,
            holders=vectors.words.T.tocsr(),
            mentions=_find_mentions(fields, words),
            words=words,
            people=_index_people(entries),
            organizations=tuple(read_organization(entry.organization or "") for entry in entries),
        )

    def find_phrase(self, words: Sequence[str]) -> list[int]:
        """Rows of the entries in which the words follow each other within a field."""
        if not words or any(word not in self.words for word in words):
            return []
        holders = [set(self.mentions[[self.words[word]]].indices.tolist()) for word in words]
        rows = sorted(set.intersection(*holders))
        return [row for row in rows if any(_follow(words, field) for field in self.fields[row])]

    def find_person(self, name: PersonName) -> Sequence[int]:
        """Rows of the entries that someone wrote who may be this person."""
        found = self._found.get(name)
        if found is None:
            families = {name.family, *name.given[:1]}
            rows = {row for family in families for row, other in self.people.get(family, ()) if name.may_be(other)}
            if len(self._found) >= KEPT_PEOPLE:
                self._found.clear()
            found = self._found[name] = tuple(sorted(rows))
        return found


@lru_cache(CACHED_ENTRIES)
def read_entry(entry: Entry) -> Fields:
    """The entry's words by field."""
    return tuple(tuple(words) for words in read_fields(entry))


def weigh_fields(entry: Entry) -> Text:
    """The entry's fields for counting: the title, all others, each category as one word."""
    title, *others = read_entry(entry)
    categories = sorted({f"in {category.casefold()}" for category in entry.categories})
    return [(TITLE_TIMES, title), *((1, words) for words in others), *((1, (one,)) for one in categories)]


def _number_words(fields: Iterable[Fields]) -> dict[str, int]:
    words: dict[str, int] = {}
    for entry in fields:
        for told in entry:
            for word in told:
                words.setdefault(word, len(words))
    return words


def _find_mentions(fields: Sequence[Fields], words: Mapping[str, int]) -> sparse.csr_array:
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for column, (title, *others) in enumerate(fields):
        in_title = set(title)
        found = dict.fromkeys(word for field in (title, *others) for word in field)
        rows += [words[word] for word in found]
        columns += [column] * len(found)
        values += [1.0 if word in in_title else 0.5 for word in found]
    shape = (len(words), len(fields))
    return sparse.csr_array((np.array(values, float), (np.array(rows, int), np.array(columns, int))), shape=shape)


def _index_people(entries: Sequence[Entry]) -> dict[str, list[tuple[int, PersonName]]]:
    people: defaultdict[str, list[tuple[int, PersonName]]] = defaultdict(list)
    for row, entry in enumerate(entries):
        for name in map(read_person, entry.authors):
            people[name.family].append((row, name))
    return dict(people)


def _follow(words: Sequence[str], field: Sequence[str]) -> bool:
    """Whether the words stand in the field one after the other."""
    wanted, size = tuple(words), len(words)
    return any(tuple(field[n : n + size]) == wanted for n in range(len(field) - size + 1))
