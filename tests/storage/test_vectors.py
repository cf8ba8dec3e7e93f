from __future__ import annotations

from datetime import date

from newsletter.storage import Storage

BYTES = b"\x00\x01\xff"
MONDAY, TUESDAY, NEXT_TUESDAY, MUCH_LATER = (
    date(2026, 11, 23),
    date(2026, 11, 24),
    date(2026, 12, 1),
    date(2027, 2, 1),
)


def test_vectors_come_back_by_encoder(storage: Storage) -> None:
    storage.vectors.save("small", {"a": BYTES, "b": b"b"}, on=MONDAY)
    storage.vectors.save("large", {"a": b"other"}, on=MONDAY)
    assert storage.vectors.known(["a", "b", "z"], "small", on=MONDAY) == {"a": BYTES, "b": b"b"}
    assert storage.vectors.known(["a", "b"], "large", on=MONDAY) == {"a": b"other"}
    assert storage.vectors.known([], "small", on=MONDAY) == {}
    assert storage.vectors.known(["a"], "unheard of", on=MONDAY) == {}


def test_saving_again_replaces(storage: Storage) -> None:
    storage.vectors.save("small", {"a": b"before"}, on=MONDAY)
    storage.vectors.save("small", {"a": BYTES}, on=MONDAY)
    storage.vectors.save("small", {}, on=MONDAY)
    assert storage.vectors.known(["a"], "small", on=MONDAY) == {"a": BYTES}


def test_what_is_used_is_kept_and_the_rest_forgotten(storage: Storage) -> None:
    storage.vectors.save("small", {"used": BYTES, "idle": BYTES}, on=MONDAY)
    storage.vectors.known(["used"], "small", on=NEXT_TUESDAY)
    assert storage.vectors.prune(unused_since=NEXT_TUESDAY) == 1
    assert set(storage.vectors.known(["used", "idle"], "small", on=NEXT_TUESDAY)) == {"used"}
    assert storage.vectors.prune(unused_since=MUCH_LATER) == 1


def test_use_is_noted_once_a_week_only(storage: Storage) -> None:
    storage.vectors.save("small", {"a": BYTES}, on=MONDAY)
    storage.vectors.known(["a"], "small", on=TUESDAY)
    assert storage.vectors.prune(unused_since=TUESDAY) == 1
