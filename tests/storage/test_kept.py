"""Messages that are kept in pieces: the very bytes come back, and nobody's own are anybody else's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from newsletter.errors import StorageError
from newsletter.model import Delivery, Framed, joined
from newsletter.storage import Storage
from newsletter.storage.parts import MIN_SHARED_BYTES, find_shared, read_parts, write_parts

Plan = Callable[..., None]
Lease = Callable[..., tuple[Delivery, ...]]

HEADER = b"<p>Ten papers of four hundred, about six minutes; ranked for you by what you like.</p>" * 3
CARD = b"<h2>On cats</h2><p>We measure how long it takes to say the same thing twice.</p>" * 40
KEPT, YEAR = timedelta(days=30), timedelta(days=365)


def message_to(name: str) -> tuple[bytes, ...]:
    return (f"To: {name}@example.org\r\n\r\n".encode(), HEADER, f"<a href=/u/{name}>".encode(), CARD, b"</a>\r\n")


def keep(storage: Storage, leased: Sequence[Delivery]) -> None:
    storage.deliveries.hand(leased, owner="a", bodies={d.id: message_to(d.subscriber) for d in leased})


def scalar(storage: Storage, sql: str) -> int:
    with storage._database.reading() as connection:
        return int(connection.scalar(text(sql)) or 0)


def pieces_kept(storage: Storage) -> int:
    return scalar(storage, "SELECT count(*) FROM pieces")


def test_what_messages_share_is_kept_once(storage: Storage, plan: Plan, lease: Lease, now: datetime) -> None:
    names = [f"r{number}" for number in range(20)]
    plan(*names)
    keep(storage, lease())
    for name in names:
        assert storage.deliveries.message(name, now.date()) == b"".join(message_to(name))
    assert pieces_kept(storage) == 2
    assert scalar(storage, "SELECT max(length(body)) FROM messages") < 100


def test_what_one_process_has_kept_another_one_uses(
    storage: Storage, storage_url: str, plan: Plan, lease: Lease, *, now: datetime, at: datetime
) -> None:
    plan("ada", "bob", "eve", "zoe")
    keep(storage, lease(limit=2))
    with Storage.open(storage_url, clock=lambda: at) as other:
        keep(other, lease())
        assert other.deliveries.message("zoe", now.date()) == b"".join(message_to("zoe"))
    assert pieces_kept(storage) == 2


def test_a_message_alone_shares_nothing(storage: Storage, plan: Plan, lease: Lease, now: datetime) -> None:
    """Nor do two tries for the same reader: what is theirs alone must go with them."""
    plan("ada")
    plan("bob")
    for leased in (lease(limit=1), lease(limit=1)):
        keep(storage, leased)
        storage.deliveries.settle_dead(at=now)
    assert pieces_kept(storage) == 0
    assert storage.deliveries.message("ada", now.date()) == b"".join(message_to("ada"))


def test_erasing_a_reader_leaves_nothing_of_their_own(
    storage: Storage, plan: Plan, lease: Lease, now: datetime
) -> None:
    plan("ada", "bob")
    keep(storage, lease())
    storage.subscribers.erase("ada", now=now)
    assert storage.deliveries.message("ada", now.date()) is None
    assert storage.deliveries.message("bob", now.date()) == b"".join(message_to("bob"))
    assert scalar(storage, "SELECT count(*) FROM messages") == 1
    assert scalar(storage, "SELECT count(*) FROM inputs") == 1


def test_pieces_stay_while_a_message_needs_them(
    storage_url: str, plan: Plan, lease: Lease, now: datetime, at: datetime
) -> None:
    times = [at]
    with Storage.open(storage_url, clock=lambda: times[-1]) as storage:
        plan("ada", "bob", "eve", "zoe")
        keep(storage, lease(limit=2))
        times.append(at + timedelta(days=20))
        keep(storage, lease(limit=2))
        prune = storage.deliveries.prune
        assert prune(at + KEPT, messages_older_than=KEPT, rows_older_than=YEAR) == (2, 0)
        assert pieces_kept(storage) == 2
        assert storage.deliveries.message("zoe", now.date()) == b"".join(message_to("zoe"))
        assert prune(at + 2 * KEPT, messages_older_than=KEPT, rows_older_than=YEAR) == (2, 0)
        assert pieces_kept(storage) == 0


def test_a_process_does_not_trust_what_it_remembers_of_pieces_that_another_has_deleted(
    storage: Storage, storage_url: str, plan: Plan, lease: Lease, *, now: datetime, at: datetime
) -> None:
    plan("ada", "bob", "eve", "zoe")
    keep(storage, lease(limit=2))
    with Storage.open(storage_url) as other:
        assert other.deliveries.prune(at + KEPT, messages_older_than=KEPT, rows_older_than=YEAR) == (2, 0)
    assert pieces_kept(storage) == 0
    keep(storage, lease())
    assert pieces_kept(storage) == 2
    assert storage.deliveries.message("zoe", now.date()) == b"".join(message_to("zoe"))


def test_a_piece_that_is_missing_is_told(storage: Storage, plan: Plan, lease: Lease, now: datetime) -> None:
    plan("ada", "bob")
    keep(storage, lease())
    with storage._database.writing() as connection:
        connection.execute(text("DELETE FROM pieces"))
    with pytest.raises(StorageError, match="a part of the stored message is missing"):
        storage.deliveries.message("ada", now.date())


def test_a_long_message_of_ones_own_is_compressed(storage: Storage, plan: Plan, lease: Lease, now: datetime) -> None:
    plan("ada", "bob")
    bodies = {d.id: (HEADER, d.subscriber.encode() * 9000) for d in lease()}
    with storage._database.reading() as connection:
        owners = dict(connection.execute(text("SELECT id, subscriber FROM deliveries")).all())
    leased = storage.deliveries.find()
    storage.deliveries.hand(leased, owner="a", bodies=bodies)
    for row_id, body in bodies.items():
        assert storage.deliveries.message(owners[row_id], now.date()) == b"".join(body)
    assert scalar(storage, "SELECT max(length(body)) FROM messages") < 1000


SHARED = st.sampled_from([bytes([letter]) * MIN_SHARED_BYTES for letter in b"abcdef"])
FRAMED = st.builds(
    lambda text, values: (b"%b".join([text] * (len(values) + 1)), tuple(values)),
    SHARED | st.sampled_from([b"100%%", b""]),
    st.lists(st.sampled_from([b"", b"a%b", b"/v/ada"]) | st.binary(max_size=9), min_size=1, max_size=4),
)


@given(st.lists(st.lists(SHARED | FRAMED | st.binary(max_size=80)), min_size=1, max_size=5))
def test_any_message_comes_back(bodies: list[list[bytes | Framed]]) -> None:
    shared = find_shared({str(number): [body] for number, body in enumerate(bodies)}, (), {})
    numbers = {piece: number for number, piece in enumerate(sorted(shared), start=1)}
    back = {number: piece for piece, number in numbers.items()}
    assert [read_parts(write_parts(body, numbers), back) for body in bodies] == [joined(body) for body in bodies]


def test_a_string_that_stands_in_many_gaps_is_written_once() -> None:
    frame, link = b"<p>" * MIN_SHARED_BYTES + b"%b or %b", b"https://papers.example.org/v/ada"
    written = write_parts([(frame, (link, link))] * 9, {frame: 1})
    assert written.count(link) == 1
    assert read_parts(written, {1: frame}) == joined([(frame, (link, link))] * 9)


@given(st.lists(SHARED, max_size=9))
def test_nothing_of_one_reader_alone_is_shared(body: list[bytes]) -> None:
    assert find_shared({"ada": [body, body], "bob": []}, (), {}) == set()
    assert find_shared({"ada": [body], "bob": [body]}, (), {}) == set(body)
    assert find_shared({"ada": [body], "bob": [body]}, set(body), {}) == set()


def test_who_had_a_piece_before_is_remembered() -> None:
    met: dict[bytes, str] = {}
    piece = b"x" * MIN_SHARED_BYTES
    assert find_shared({"ada": [[piece]]}, (), met) == set()
    assert find_shared({"ada": [[piece]]}, (), met) == set()
    assert find_shared({"bob": [[piece]]}, (), met) == {piece}


def test_a_readers_digests_are_found_latest_first_and_their_dates_while_they_are_kept(
    storage: Storage, plan: Plan, lease: Lease, now: datetime
) -> None:
    today = now.date()
    days = [today, today + timedelta(days=2), today + timedelta(days=1)]
    for number, day in enumerate(days):
        plan("ada", "bob", local_date=day, message_id=f"<{number}@example.org>", valid_until=now + timedelta(days=9))
    plan("ada", kind="welcome", message_id="<letter@example.org>")
    keep(storage, [one for one in lease() if one.local_date != today or one.subscriber == "ada"])
    plan("ada", local_date=today + timedelta(days=3), message_id="<waits@example.org>")
    assert storage.deliveries.kept_dates("ada") == sorted(days, reverse=True)
    assert storage.deliveries.kept_dates("bob") == sorted(days[1:], reverse=True)
    assert storage.deliveries.kept_dates("eve") == []
    found = storage.deliveries.digests("ada", limit=2)
    assert [(one.kind, one.local_date) for one in found] == [("digest", days[1]), ("digest", days[2])]
    storage.deliveries.prune(now + timedelta(days=40), messages_older_than=KEPT, rows_older_than=YEAR)
    assert storage.deliveries.kept_dates("ada") == []
    assert len(storage.deliveries.digests("ada", limit=9)) == 3
