"""Costly things made once, whoever asks and however many."""

from __future__ import annotations

import threading

import pytest

from newsletter.errors import NotReady
from newsletter.pipeline.once import MOST_WAITING, Once


def test_each_thing_is_made_once_and_the_oldest_is_forgotten() -> None:
    once: Once[str] = Once(2)
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name

    for name in ("a", "b", "a", "c", "a", "b"):
        assert once.get(name, lambda name=name: make(name)) == name
    assert made == ["a", "b", "c", "b"]


def test_who_asks_meanwhile_waits_and_too_many_are_told_to_come_back() -> None:
    once: Once[int] = Once(2)
    begun, go_on = threading.Event(), threading.Event()
    found: list[int | None] = []

    def make() -> int:
        begun.set()
        go_on.wait()
        return len(found)

    def ask() -> None:
        try:
            found.append(once.get("it", make))
        except NotReady:
            found.append(None)
            told.release()

    told = threading.Semaphore(0)
    threads = [threading.Thread(target=ask) for _ in range(1 + MOST_WAITING + 3)]
    threads[0].start()
    begun.wait()
    for thread in threads[1:]:
        thread.start()
    for _ in range(3):
        told.acquire()
    go_on.set()
    for thread in threads:
        thread.join()
    assert sorted(found, key=str) == [3] * (1 + MOST_WAITING) + [None] * 3


def test_what_failed_is_tried_again() -> None:
    once: Once[int] = Once(1)

    def fail() -> int:
        raise KeyError

    for _ in range(2 + MOST_WAITING):
        with pytest.raises(KeyError):
            once.get("it", fail)
    assert once.get("it", lambda: 1) == 1
