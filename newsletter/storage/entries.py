"""Every paper once: entries, the keys they are known by, the ids they had before they were merged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import Connection, ScalarSelect, Select, bindparam, delete, func, literal, or_, select, update

from newsletter.model import Entry, EntryChanges
from newsletter.storage.codec import ENTRY
from newsletter.storage.engine import Database, execute_all, in_chunks
from newsletter.storage.readings import DAY, Reading, next_reading, with_gains, without_gains
from newsletter.storage.schema import aliases, entries, entry_keys, readings, votes


class Entries:
    """The store of entries; identity is decided by the caller, and kept here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, keys: Iterable[str]) -> dict[str, tuple[Entry, ...]]:
        """Key -> the entries that carry it, by id; keys nobody carries are left out."""
        carried = select(entry_keys.c.key, entries.c.id, entries.c.record).join(entries).order_by(entries.c.id)
        found: dict[str, list[Entry]] = defaultdict(list)
        decoded: dict[str, Entry] = {}
        with self._database.reading() as connection:
            for chunk in in_chunks(set(keys)):
                for key, entry_id, record in connection.execute(carried.where(entry_keys.c.key.in_(chunk))):
                    entry = decoded[entry_id] = decoded.get(entry_id) or ENTRY.decode(record)
                    found[key].append(entry)
        return {key: tuple(carriers) for key, carriers in found.items()}

    def save(self, changes: EntryChanges, *, now: datetime) -> None:
        """Writes what identity decided, all or nothing, and keeps figures that changed as one more reading."""
        merged = _resolved(changes.aliases)
        with self._database.writing() as connection:
            self._write_entries(connection, changes.entries)
            self._write_keys(connection, changes.keys)
            for old_id, entry_id in merged.items():
                self._merge(connection, old_id, entry_id)
            self._write_readings(connection, changes.entries, now)

    def first_seen_since(self, at: datetime) -> list[Entry]:
        """The entries that became new at or after that instant, oldest first, with what they gained in a day.

        The day ends with the latest reading of all, so that the same store gives the same answer at any hour.
        """
        found = (
            select(entries.c.record)
            .where(entries.c.first_seen_at >= at)
            .order_by(entries.c.first_seen_at, entries.c.id)
        )
        with self._database.reading() as connection:
            latest = connection.scalar(select(func.max(readings.c.read_at)))
            stored = [ENTRY.decode(record) for record in connection.scalars(found)]
            if latest is None:
                return stored
            series = _series(connection, first_seen_since=at, before=latest - DAY)
        return [replace(e, signals=with_gains(e.signals, series.get(e.id, ()), at=latest)) for e in stored]

    def history(self, before: datetime, *, limit: int) -> list[Entry]:
        """At most ``limit`` older entries, latest first; backlog that was never new comes last."""
        seen = select(entries.c.record).where(entries.c.first_seen_at < before)
        found = self._read(seen.order_by(entries.c.first_seen_at.desc(), entries.c.id).limit(limit))
        backlog = select(entries.c.record).where(entries.c.first_seen_at.is_(None)).order_by(entries.c.id)
        return found + self._read(backlog.limit(limit - len(found)))

    def by_ids(self, ids: Collection[str]) -> dict[str, Entry]:
        """Asked id -> entry, also for ids from before a merge; unknown ids are left out."""
        found: dict[str, Entry] = {}
        with self._database.reading() as connection:
            canonical = dict.fromkeys(ids, "") | aliases_of(connection, ids)
            canonical = {asked: current or asked for asked, current in canonical.items()}
            for chunk in in_chunks(set(canonical.values())):
                rows = connection.execute(select(entries.c.id, entries.c.record).where(entries.c.id.in_(chunk)))
                found |= {entry_id: ENTRY.decode(record) for entry_id, record in rows}
        return {asked: found[current] for asked, current in canonical.items() if current in found}

    def starting_with(self, prefix: str, *, limit: int) -> list[Entry]:
        """The entries whose id begins so, by id."""
        query = select(entries.c.record).where(entries.c.id.startswith(prefix, autoescape=True))
        return self._read(query.order_by(entries.c.id).limit(limit))

    def aliases(self, ids: Collection[str] | None = None) -> dict[str, str]:
        """Old id -> the id it goes by now: of these ids, or of all that ever changed."""
        with self._database.reading() as connection:
            return aliases_of(connection, ids)

    def count(self) -> int:
        """How many papers are stored."""
        with self._database.reading() as connection:
            return connection.scalar(select(func.count()).select_from(entries)) or 0

    def _read(self, query: Select[str]) -> list[Entry]:
        with self._database.reading() as connection:
            return [ENTRY.decode(record) for record in connection.scalars(query)]

    def _write_entries(self, connection: Connection, changed: Sequence[Entry]) -> None:
        for chunk in in_chunks(changed):  # their records all at once would take as much memory again
            rows = [{"id": e.id, "first_seen_at": e.first_seen_at, "record": _record(e)} for e in chunk]
            execute_all(connection, self._database.upsert(entries), rows)
            execute_all(connection, delete(aliases).where(aliases.c.old_id == bindparam("id")), rows)

    def _write_keys(self, connection: Connection, pairs: Iterable[tuple[str, str]]) -> None:
        for chunk in in_chunks(pairs):
            rows = [{"key": key, "entry_id": entry_id} for key, entry_id in chunk]
            execute_all(connection, self._database.insert(entry_keys).on_conflict_do_nothing(), rows)

    def _write_readings(self, connection: Connection, seen: Sequence[Entry], now: datetime) -> None:
        for chunk in in_chunks(seen):
            last = _last_readings(connection, [entry.id for entry in chunk])
            rows = [next_reading(entry.id, entry.signals, at=now, last=last.get(entry.id)) for entry in chunk]
            execute_all(connection, self._database.upsert(readings), [asdict(row) for row in rows if row])

    def _merge(self, connection: Connection, old_id: str, entry_id: str) -> None:
        """Everything that was known of the old id is known of the entry from now on."""
        connection.execute(update(aliases).where(aliases.c.entry_id == old_id).values(entry_id=entry_id))
        connection.execute(self._database.upsert(aliases), {"old_id": old_id, "entry_id": entry_id})
        for table in (entry_keys, readings):
            others = [column for column in table.columns if column.name != "entry_id"]
            copied = select(literal(entry_id), *others).where(table.c.entry_id == old_id)
            into = self._database.insert(table).from_select(["entry_id", *(column.name for column in others)], copied)
            connection.execute(into.on_conflict_do_nothing())
        self._merge_votes(connection, old_id, entry_id)
        connection.execute(delete(entries).where(entries.c.id == old_id))

    def _merge_votes(self, connection: Connection, old_id: str, entry_id: str) -> None:
        """Votes on the old id become votes on the entry; of who voted on both the later vote counts."""
        connection.execute(
            select(entries.c.id).where(entries.c.id == old_id).with_for_update()
        )  # no vote comes between
        names = ["subscriber", "value", "at"]
        old = select(literal(entry_id), *(votes.c[name] for name in names)).where(votes.c.entry_id == old_id)
        into = self._database.insert(votes).from_select(["entry_id", *names], old)
        later = {name: into.excluded[name] for name in names[1:]}
        connection.execute(
            into.on_conflict_do_update(
                index_elements=["subscriber", "entry_id"], set_=later, where=into.excluded["at"] >= votes.c.at
            )
        )
        connection.execute(delete(votes).where(votes.c.entry_id == old_id))


def _record(entry: Entry) -> str:
    """The entry as it is stored."""
    plain = without_gains(entry.signals)
    return ENTRY.encode(entry if plain == entry.signals else replace(entry, signals=plain))


def aliases_of(connection: Connection, ids: Collection[str] | None) -> dict[str, str]:
    """Old id -> the id it goes by now, within a connection of the caller's."""
    query = select(aliases.c.old_id, aliases.c.entry_id)
    if ids is None:
        return _pairs(connection, query)
    found: dict[str, str] = {}
    for chunk in in_chunks(set(ids)):
        found |= _pairs(connection, query.where(aliases.c.old_id.in_(chunk)))
    return found


def _pairs(connection: Connection, query: Select[str, str]) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(query)}


def _last_readings(connection: Connection, ids: Iterable[str]) -> dict[str, Reading]:
    query = select(readings).where(readings.c.read_at == _latest())
    rows = (
        row
        for chunk in in_chunks(ids)
        for row in connection.execute(query.where(readings.c.entry_id.in_(chunk))).mappings()
    )
    return {row["entry_id"]: Reading(**row) for row in rows}


def _series(connection: Connection, *, first_seen_since: datetime, before: datetime) -> dict[str, list[Reading]]:
    """The readings since ``before`` of the entries that became new since, and the one that stood then."""
    counts = or_(readings.c.read_at >= before, readings.c.read_at == _latest(at_most=before))
    query = select(readings).join(entries).where(entries.c.first_seen_at >= first_seen_since, counts)
    found: dict[str, list[Reading]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        found[row["entry_id"]].append(Reading(**row))
    return found


def _latest(at_most: datetime | None = None) -> ScalarSelect[datetime]:
    """In a query over readings: when the row's entry was last read."""
    same = readings.alias()
    latest = select(func.max(same.c.read_at)).where(same.c.entry_id == readings.c.entry_id)
    return (latest if at_most is None else latest.where(same.c.read_at <= at_most)).scalar_subquery()


def _resolved(pairs: Mapping[str, str]) -> dict[str, str]:
    """The same with chains followed to their end: a -> b, b -> c gives a -> c; a circle merges nothing."""

    def end(entry_id: str) -> str:
        passed = {entry_id}
        while (following := pairs.get(entry_id)) and following not in passed:
            passed.add(following)
            entry_id = following
        return entry_id

    return {old_id: last for old_id in pairs if (last := end(old_id)) not in pairs}
