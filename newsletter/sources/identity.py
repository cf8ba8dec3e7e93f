"""The same paper is one entry, however often and under whatever names sources list it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from typing import Literal

from newsletter.model import Entry, EntryChanges, Fetched, Tally, entry_id
from newsletter.sources.identifiers import arxiv_id, doi, named
from newsletter.sources.merging import merge
from newsletter.sources.sameness import (
    Facts,
    Papers,
    address_key,
    are_unlike,
    guid_key,
    no_contradiction,
    same_by_address,
    same_by_guid,
    same_by_id,
    same_by_more,
    same_by_title,
)
from newsletter.text import fold

WORDS_OF_A_TELLING_TITLE = 4
"""A title of fewer words ("Olmo 3") needs an author beside it to say which paper it is."""

_STRONG: Mapping[str, Callable[[Facts, Facts], bool]] = {
    "arxiv:": no_contradiction,
    "doi:": same_by_id,
    "openreview:": same_by_id,
    "guid:": same_by_guid,
    "url:": same_by_address,
}
_IDS = {"arxiv:": "arxiv_id", "doi:": "doi", "openreview:": "openreview_id", "guid:": "guid"}
_TITLE = "title:"
_SEVERAL = 3
"""A paper has been retitled; so many titles are of several papers, however alike they are."""
_MANY = 20
"""A title that so many entries of one source bear ("Editorial") says nothing."""


def keys_of(entry: Entry) -> tuple[str, ...]:
    """The keys that an entry is known by, strongest first; the title's, which comes last, needs a look at the authors.

    >>> keys_of(Entry(title="A study of cats", link="https://arxiv.org/abs/2405.12345v2"))
    ('arxiv:2405.12345', 'title:a study of cats')
    """
    entry = with_ids(entry)
    found = [
        entry.arxiv_id and f"arxiv:{entry.arxiv_id.lower()}",
        entry.doi and f"doi:{entry.doi}",
        entry.journal_doi and f"doi:{entry.journal_doi}",
        entry.openreview_id and f"openreview:{entry.openreview_id}",
        guid_key(entry),
        address_key(entry),
        (title := fold(entry.title)) and _TITLE + title,
    ]
    return tuple(key for key in found if key)


def with_ids(entry: Entry) -> Entry:
    """The entry with the ids that its link or its DOI spells out."""
    link = named(entry.link or "")
    name = doi(entry.doi) if entry.doi else link.doi
    own = arxiv_id(entry.arxiv_id) if entry.arxiv_id else None
    paper = own or link.arxiv or (arxiv_id(name) if name else None)
    said = {
        "arxiv_id": paper.id if paper else entry.arxiv_id,
        "arxiv_version": entry.arxiv_version or (paper.version if paper else None),
        "doi": None if name and arxiv_id(name) else name,
        "openreview_id": entry.openreview_id or link.openreview_id,
    }
    said_already = all(getattr(entry, name) == value for name, value in said.items())
    return entry if said_already else replace(entry, **said)  # type: ignore[arg-type]


def reconcile(
    fetched: Sequence[Fetched],
    known: Mapping[str, Sequence[Entry]],
    *,
    now: datetime,
    window: timedelta,
    first_fetch: Collection[str] = (),
    backlog: Mapping[str, Literal["skip", "include"]] | None = None,
) -> EntryChanges:
    """What storage has to write so that every paper that was fetched is one entry.

    ``known`` maps identity keys to the stored entries that carry them; ``first_fetch`` names the sources never read
    before, and ``backlog`` says of each what becomes of its old papers then. What is stored already as it would be
    written is left out.
    """
    sightings = _stored(known)
    for one in fetched:
        taken_in = one.source in first_fetch and (backlog or {}).get(one.source, "skip") == "include"
        for entry in one.entries:
            old = _is_old(entry, now - window, first_fetch=one.source in first_fetch)
            row = with_ids(entry if entry.sources == (one.source,) else replace(entry, sources=(one.source,)))
            news = taken_in or not old
            sighting = _Sighting(row, keys_of(row), address_key(row), source=one.source, is_news=news)
            sightings.append(replace(sighting, is_derived=one.kind == "feed"))
    sightings = _with_own_keys(sightings)
    taken = {one.entry.id for one in sightings if one.source is None}
    papers = _by_paper(sightings)
    changes = [_change(paper, taken, now) for paper in papers]
    return replace(_together([change for change in changes if change is not None]), tallies=_tally(papers))


@dataclass(frozen=True, slots=True)
class _Sighting:
    """An entry as it is stored or as a source lists it."""

    entry: Entry
    keys: tuple[str, ...]
    address: str | None
    """Its link as a key."""
    source: str | None
    """``None``: it is stored."""
    is_news: bool = False
    """Listed by this source as something new, not as backlog and not as the revision of an old paper."""
    is_derived: bool = False
    """Its ids were found in the item of a feed, which may be about something else."""


def _stored(known: Mapping[str, Sequence[Entry]]) -> list[_Sighting]:
    """Every stored entry once, with the keys it was found by."""
    found: dict[str, Entry] = {}
    keys: dict[str, list[str]] = defaultdict(list)
    for key, entries in known.items():
        for entry in entries:
            found[entry.id] = entry
            keys[entry.id].append(key)
    return [_Sighting(entry, tuple(keys[entry.id]), address_key(entry), source=None) for entry in found.values()]


def _is_old(entry: Entry, cutoff: datetime, *, first_fetch: bool) -> bool:
    """Whether it is backlog, or the revision of a paper that has been out for longer than the window."""
    revision = (entry.announce_type or "").startswith("replace")
    if not revision and not first_fetch:
        return False
    at = entry.published if revision else entry.listed_at or entry.published or entry.updated
    return revision if at is None else at < cutoff


def _with_own_keys(sightings: Sequence[_Sighting]) -> list[_Sighting]:
    """The sightings without addresses and ids under which their source lists several papers, for those are its own."""
    titles: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in sightings:
        if one.source is not None:
            for key in one.keys:
                if key.startswith(("url:", "guid:")) or (one.is_derived and not key.startswith(_TITLE)):
                    titles[one.source, key].add(fold(one.entry.title))
    shared = {place for place, names in titles.items() if _are_of_several(place[1], names)}
    return [_without(one, {key for key in one.keys if (one.source, key) in shared}) for one in sightings]


def _are_of_several(key: str, titles: set[str]) -> bool:
    """Whether what is listed under that key is more than one paper; one may be listed in two versions."""
    if len(titles) < 2 or key.startswith(("url:", "guid:")):
        return len(titles) > 1
    first, second, *others = titles
    return bool(others) or are_unlike({first}, {second})


def _without(sighting: _Sighting, keys: Collection[str]) -> _Sighting:
    if not keys:
        return sighting
    gone: dict[str, None] = {field: None for kind, field in _IDS.items() if any(key.startswith(kind) for key in keys)}
    return replace(
        sighting,
        entry=replace(sighting.entry, **gone),  # type: ignore[arg-type]
        keys=tuple(key for key in sighting.keys if key not in keys),
        address=None if sighting.address in keys else sighting.address,
    )


# -- which sightings are of one paper -----------------------------------------------------------------------------


def _by_paper(sightings: Sequence[_Sighting]) -> list[list[_Sighting]]:
    """The sightings of each paper together, in the order in which papers first come."""
    papers = Papers([(one.entry, one.address, one.is_derived) for one in sightings])
    by_key: dict[str, list[int]] = defaultdict(list)
    for index, one in enumerate(sightings):
        for key in one.keys:
            by_key[key].append(index)
    for kind, are_one in _STRONG.items():
        for key, indices in by_key.items():
            if key.startswith(kind):
                papers.join_all(indices, are_one)
    for key, indices in by_key.items():
        if key.startswith(_TITLE):
            telling = len(key.removeprefix(_TITLE).split()) >= WORDS_OF_A_TELLING_TITLE
            for bearers in _alike([(index, sightings[index]) for index in indices]):
                papers.join_all(bearers, same_by_title if telling else same_by_more)
    return [[sightings[index] for index in group] for group in papers.groups()]


def _alike(bearers: Sequence[tuple[int, _Sighting]]) -> Iterable[list[int]]:
    """The bearers of one title in groups to look at; where it says nothing, by what is the same beside it."""
    borne = Counter(source for _, one in bearers for source in one.entry.sources)
    if max(borne.values(), default=0) <= _MANY:
        return [[index for index, _ in bearers]]
    groups: dict[object, list[int]] = defaultdict(list)
    for index, one in bearers:
        groups[one.entry.authors[:1], one.address].append(index)
    return groups.values()


# -- what to write ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Change:
    entry: Entry
    keys: frozenset[str]
    is_new: bool
    merged_away: tuple[str, ...]


def _change(paper: Sequence[_Sighting], taken: set[str], now: datetime) -> _Change | None:
    """What to write of one paper; ``None`` where it is stored like that. A new id is added to ``taken``."""
    stored = sorted((one for one in paper if one.source is None), key=_age)
    rows = [one for one in paper if one.source is not None]
    entry = reduce(merge, (one.entry for one in (*stored, *rows)))
    keys = frozenset(key for one in paper for key in one.keys)
    if not stored:
        if not entry.title:
            return None  # an id that was taken back, of a paper that nobody here has heard of
        seen = now if any(row.is_news for row in rows) else None
        name = _free_id(entry, {one.address for one in rows}, taken)
        taken.add(name)
        return _Change(replace(entry, id=name, first_seen_at=seen), keys, is_new=True, merged_away=())
    listed_by = {source for one in stored for source in one.entry.sources}
    if entry.first_seen_at is None and any(row.is_news and row.source not in listed_by for row in rows):
        entry = replace(entry, first_seen_at=now)
    if len(stored) == 1 and entry == stored[0].entry and keys <= set(stored[0].keys):
        return None
    merged_away = tuple(one.entry.id for one in stored[1:])
    return _Change(entry, keys, is_new=False, merged_away=merged_away)


def _age(stored: _Sighting) -> tuple[bool, str, str]:
    """The entry that was new first stays; backlog gives way."""
    at = stored.entry.first_seen_at
    return at is None, at.isoformat() if at else "", stored.entry.id


def _free_id(entry: Entry, own_addresses: Collection[str | None], taken: Collection[str]) -> str:
    """The id of the strongest identifier; one of title, author and source where that is not this paper's own."""
    own = replace(entry, id="").id
    by_link = entry.link and not (entry.arxiv_id or entry.doi or entry.openreview_id)
    if own not in taken and (not by_link or any(own_addresses)):
        return own
    return entry_id("\n".join([fold(entry.title), *entry.authors[:1], *entry.sources]))


def _tally(papers: Iterable[Sequence[_Sighting]]) -> dict[str, Tally]:
    """By source, what its rows came to."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    categories: dict[str, set[str]] = defaultdict(set)
    for paper in papers:
        listed_before = {source for one in paper if one.source is None for source in one.entry.sources}
        is_known = any(one.source is None for one in paper)
        for source in {one.source for one in paper if one.source is not None}:
            rows = [one for one in paper if one.source == source]
            is_first = source not in listed_before and any(row.is_news for row in rows)
            is_shared = any(one.source not in (None, source) for one in paper) or bool(listed_before - {source})
            counts[source].update({"seen": is_known, "new": not is_known, "merged": is_shared, "first": is_first})
            if is_first:
                categories[source].update(name for row in rows for name in row.entry.categories[:1])
    return {
        source: Tally(**{name: int(count[name]) for name in count}, categories=frozenset(categories[source]))
        for source, count in counts.items()
    }


def _together(changes: Sequence[_Change]) -> EntryChanges:
    return EntryChanges(
        entries=tuple(change.entry for change in changes),
        keys=tuple((key, change.entry.id) for change in changes for key in sorted(change.keys)),
        new=frozenset(change.entry.id for change in changes if change.is_new),
        aliases={gone: change.entry.id for change in changes for gone in change.merged_away},
    )
