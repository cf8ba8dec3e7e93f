"""Readers in child processes: nothing that a stranger sends takes us down, and every failure is one line."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest

from newsletter.errors import SourceError
from newsletter.model import Entry
from newsletter.sources import worker
from newsletter.sources.isolated import Children
from newsletter.sources.reading import Reading, pack, unpack

FEED = "newsletter.sources.feed:read_feed"
NOW = "2026-03-11T09:00:00+00:00"


def feed(items: bytes, before: bytes = b'<?xml version="1.0"?>') -> bytes:
    return before + b'<rss version="2.0"><channel><title>t</title>' + items + b"</channel></rss>"


def item(title: bytes = b"A title", more: bytes = b"") -> bytes:
    return b"<item><title>" + title + b"</title>" + more + b"</item>"


def laughs(levels: int = 6) -> bytes:
    names = [bytes([97 + level]) for level in range(levels + 1)]
    entities = b"".join(b'<!ENTITY %s "%s">' % (name, b"&%s;" % before * 10) for before, name in pairwise(names))
    return feed(item(b"&%s;" % names[-1]), b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">' + entities + b"]>")


HOSTILE = {
    "billion laughs": laughs(),
    "billion laughs in UTF-16": laughs(3).decode().encode("utf-16"),
    "one long entity many times": feed(item(b"&a;" * 5000), b'<!DOCTYPE x [<!ENTITY a "' + b"A" * 50_000 + b'">]>'),
    "a file as an entity": feed(item(b"x&a;y"), b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'),
    "an outer parameter entity": feed(item(), b'<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x"> %a;]>'),
    "an encoding of odd bytes": feed(item(b"caf\xc3\xa9"), b'<?xml version="1.0" encoding="\xff\xfe"?>'),
    "an encoding with NUL": feed(item(), b'<?xml version="1.0" encoding="a\x00b"?>'),
    "an encoding that is none": feed(item(b"caf\xc3\xa9"), b'<?xml version="1.0" encoding="klingon"?>'),
    "Latin-1 that says UTF-8": feed(item(b"caf\xe9"), b'<?xml version="1.0" encoding="utf-8"?>'),
    "UTF-16 that says UTF-8": feed(item(), b'<?xml version="1.0" encoding="utf-8"?>').decode().encode("utf-16"),
    "many lines before the root": b"\n" * 100_000 + feed(item()),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_feeds_are_read_and_harm_nothing(children, body):
    (entry,) = children.read(FEED, body, where="x", now=NOW).entries
    with open("/etc/hostname") as file:  # noqa: PTH123
        assert file.read().strip() not in entry.title
    assert len(entry.title) <= 1000


@pytest.mark.parametrize("kind", ["text/xml; charset=undefined", "text/xml; charset=a\0b", "text/xml; charset=klingon"])
def test_a_charset_in_the_headers_that_is_none_is_passed_over(children, kind):
    reading = children.read(FEED, feed(item(b"caf\xc3\xa9")), where="x", now=NOW, content_type=kind)
    assert reading.entries[0].title == "café"


def test_a_reader_without_end_ends_when_its_time_is_over():
    pool = Children(1, cpu_seconds=1)
    with pytest.raises(SourceError, match=r"^feed\.example: needs more than 1 s of computing to be read$"):
        pool.read("sources.endless:count_for_ever", b"x", where="feed.example")
    assert pool.read(FEED, feed(item()), where="x", now=NOW).entries[0].title == "A title"
    pool.close()


def test_input_that_fills_the_memory_ends_too(children):
    body = b'{"version":"https://jsonfeed.org/version/1","items":[' + b"{}," * 8_000_000 + b"{}]}"
    with pytest.raises(SourceError, match="needs more than 512 MB of memory to be read"):
        children.read(FEED, body, where="x", now=NOW)
    assert children.read(FEED, feed(item()), where="x", now=NOW).entries[0].title == "A title"


def test_a_child_that_does_not_answer_is_ended():
    pool = Children(1, wall_seconds=0.2)
    with pytest.raises(SourceError, match=r"x: takes more than 0\.2 s to be read"):
        pool.read("subprocess:call", b"exec cat >/dev/null", where="x", shell=True)
    pool.close()


def test_a_reader_that_goes_wrong_is_a_line_and_costs_no_more_than_its_child(children):
    with pytest.raises(SourceError, match=r"x: cannot be read \(AttributeError: .*no_such_reader"):
        children.read("newsletter.sources.feed:no_such_reader", b"", where="x")
    with pytest.raises(SourceError, match="x: cannot be read: its reader ended with status -6"):
        children.read("subprocess:call", b"kill -ABRT $PPID", where="x", shell=True)
    assert children.read(FEED, feed(item()), where="x", now=NOW).entries[0].title == "A title"


def test_a_child_is_used_again(children):
    children.read(FEED, feed(item()), where="x", now=NOW)
    before = [child.pid for child in children._idle]
    children.read(FEED, feed(item()), where="x", now=NOW)
    assert [child.pid for child in children._idle] == before


def test_a_child_that_died_while_it_was_idle_is_replaced():
    pool = Children(1)
    pool.read(FEED, feed(item()), where="x", now=NOW)
    pool._idle[0].kill()
    pool._idle[0].wait()
    assert pool.read(FEED, feed(item()), where="x", now=NOW).entries[0].title == "A title"
    pool.close()


def test_a_child_sees_no_secrets(children, monkeypatch):
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", "canary")
    pool = Children(1)
    pool.read(FEED, feed(item()), where="x", now=NOW)
    (child,) = pool._idle
    with open(f"/proc/{child.pid}/environ", "rb") as file:  # noqa: PTH123
        assert b"canary" not in file.read()
    pool.close()
    assert child.returncode == 0


# -- the worker, in this process -----------------------------------------------------------------------------------


def spoken(*jobs: tuple[str, bytes, dict[str, object]]) -> list[bytes]:
    said = io.BytesIO()
    for reader, body, context in jobs:
        header = f'{{"reader": "{reader}", "size": {len(body)}, "context": {context or "{}"}}}'.replace("'", '"')
        worker.send(said, header.encode())
        said.write(body)
    said.seek(0)
    replies = io.BytesIO()
    worker.serve(said, replies, before_each=lambda: None)
    replies.seek(0)
    return list(iter(lambda: worker.receive(replies), None))


def test_the_worker_answers_one_job_after_the_other():
    good, refused = spoken((FEED, feed(item()), {"now": NOW}), (FEED, b"", {"now": NOW}))
    assert good.startswith(worker.Mark.READING)
    assert unpack(good[1:]).entries[0].title == "A title"
    assert refused == worker.Mark.REFUSED + b"is empty"


def test_the_worker_ends_after_a_failure():
    replies = spoken(("newsletter.sources.feed:nothing", b"", {}), (FEED, feed(item()), {"now": NOW}))
    assert len(replies) == 1
    assert replies[0].startswith(worker.Mark.FAILED + b"cannot be read (AttributeError")


def test_nothing_is_longer_than_it_ever_is():
    entry = Entry(
        title="t" * 9000,
        summary="s" * 90_000,
        authors=("a" * 9000, *("b",) * 9000),
        link="https://lab.example/" + "l" * 9000,
        comment="c" * 9000,
        arxiv_id="2405.12345",
    )
    (short,) = unpack(pack(Reading(entries=(entry,)))).entries
    assert (len(short.title), len(short.summary), len(short.comment)) == (1000, 20_000, 2000)
    assert (len(short.authors), len(short.authors[0])) == (5000, 2000)
    assert (short.link, short.arxiv_id) == (None, "2405.12345")


def test_a_message_that_breaks_off_is_none():
    assert worker.receive(io.BytesIO(b"\0\0\0\x09short")) is None
    assert worker.receive(io.BytesIO(b"\0\0")) is None


def test_a_reading_survives_the_way(now):
    entry = Entry(title="T", authors=("A", "B"), published=now, withdrawn=True, arxiv_version=2)
    reading = Reading(entries=(entry, Entry(title="naïve ₂")), problem="why", facts={"total": 3})
    assert unpack(pack(reading)) == reading
