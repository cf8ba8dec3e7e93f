"""What goes wrong between us and a feed: each a row, through the whole product, beside a source that delivers."""

from __future__ import annotations

import gzip
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

import pytest
from failures.conftest import CULPRIT, RSS, STEADY, Product
from website import Site, drip

NOW = "2026-11-16T08:00:00Z"
"""A Monday."""
FEED = RSS.format("<item><title>Out of reach</title><guid>1</guid></item>")
FAILED = "Could not be read this time: "


Play = Callable[[Site, str], str]
"""Makes the site answer at a path; gives the address to ask."""


def say(*arguments: object, **answer: object) -> Play:
    return lambda site, path: site.say(path, *arguments, **answer)


def play(answer: Callable[[BaseHTTPRequestHandler], None]) -> Play:
    return lambda site, path: site.play(path, answer)


def moved(location: str, status: int = 302) -> Play:
    """A redirect; ``{port}`` and ``{path}`` stand for where it comes from."""

    def answer(site: Site, path: str) -> str:
        there = location.format(port=site.url.rpartition(":")[2], path=path)
        return site.say(path, status=status, headers={"Location": there})

    return answer


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def cut(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(FEED.encode())
    handler.close_connection = True


def in_an_hour() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)


def zipped(body: bytes) -> dict[str, object]:
    return {"body": body, "headers": {"Content-Encoding": "gzip"}}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A failure, and what is to be said of it."""

    of: str
    play: Play
    said: str
    """In the culprit's error."""
    asked: int = 1
    """How many requests reach the site."""
    waits: tuple[int, int] = (0, 0)
    """Minutes for which it is then left alone, at least and at most."""
    limits: Mapping[str, float] = field(default_factory=dict)


REFUSALS = [
    Row(of="404", play=say(status=404), said="answered 404 Not Found; check the address"),
    Row(of="403", play=say(status=403), said="answered 403 Forbidden; it does not let us in"),
    Row(of="410", play=say(status=410), said="answered 410 Gone; it is gone for good: remove the source"),
    Row(of="429", play=say(status=429), said="answered 429 Too Many Requests; it wants fewer requests", asked=3),
    Row(
        of="429, seconds",
        play=say(status=429, headers={"Retry-After": "3600"}),
        said="asks us to come back in 3600 s",
        waits=(58, 60),
    ),
    Row(
        of="429, a date",
        play=lambda site, path: site.say(path, status=429, headers={"Retry-After": in_an_hour()}),
        said="asks us to come back in 3",
        waits=(58, 60),
    ),
    Row(
        of="429, a year",
        play=say(status=429, headers={"Retry-After": "31536000"}),
        said="asks us to come back in 86400 s",
        waits=(1438, 1440),
    ),
    Row(of="500", play=say(status=500), said="answered 500 Internal Server Error", asked=3),
    Row(of="503", play=say(status=503), said="answered 503 Service Unavailable", asked=3),
    Row(
        of="503, seconds",
        play=say(status=503, headers={"Retry-After": "900"}),
        said="asks us to come back in 900 s",
        waits=(13, 15),
    ),
]
BODIES = [
    Row(of="a truncated body", play=play(cut), said="the answer broke off", asked=3),
    Row(of="no answer", play=play(hang_up), said="the connection broke", asked=3),
    Row(of="corrupt gzip", play=say(**zipped(b"\x1f\x8bno gzip")), said="cannot be unpacked"),
    Row(of="truncated gzip", play=say(**zipped(gzip.compress(FEED.encode())[:-9])), said="breaks off in the middle"),
    Row(of="a gzip bomb", play=say(**zipped(gzip.compress(b"\0" * 9_000_000))), said="as only a bomb does"),
    Row(of="too much", play=say(b"x" * 9000), said="sends more than 0.005 MB", limits={"wire_bytes": 5000}),
    Row(of="a drip", play=play(drip), said="took longer than 10 s", limits={"seconds": 10}),
    Row(
        of="silence",
        play=play(lambda _: threading.Event().wait(30)),
        said="stopped answering",
        limits={"read_seconds": 0.3},
    ),
    Row(of="no bytes", play=say(b""), said="is empty"),
    Row(of="a web page", play=say("<!doctype html><html><p>Hello</html>"), said="is a web page, not a feed"),
    Row(of="prose", play=say("The feed is out for lunch."), said=""),
]
DETOURS = [
    Row(of="a redirect loop", play=moved("{path}"), said="redirected more than 5 times", asked=6),
    Row(of="a redirect inside", play=moved("http://127.0.0.9:{port}/"), said="127.0.0.9, a loopback address"),
    Row(of="a redirect to metadata", play=moved("http://169.254.169.254/"), said="a link-local address"),
    Row(of="a redirect to a file", play=moved("file:///etc/hostname", 301), said="is no http(s) address"),
    Row(of="a redirect to ftp", play=moved("ftp://papers.example/feed"), said="is no http(s) address"),
    Row(of="no TLS", play=lambda site, path: site.url.replace("http:", "https:") + path, said="in private", asked=0),
]


@pytest.mark.parametrize("rows", [REFUSALS, BODIES, DETOURS], ids=["refusals", "bodies", "detours"])
def test_feeds_that_cannot_be_read(product: Product, site: Site, rows: Sequence[Row]):
    """All in one run: each is told as what it is, and none stands in the way of what can be read."""
    paths = {row.of: f"/{number}" for number, row in enumerate(rows)}
    product.limits.update({row.of: row.limits for row in rows})
    product.reads(*({"kind": "feed", "name": row.of, "url": row.play(site, paths[row.of])} for row in rows))
    day = product.run(NOW)
    assert (day.code, day.report["sent"]) == (0, 1)
    assert "A letter that arrived" in day.text
    assert FAILED + ", ".join(row.of for row in rows) + "." in day.text
    told = {name: (line["state"], line["new"]) for name, line in day.sources.items() if name != STEADY}
    assert told == dict.fromkeys(paths, ("failed", 0))
    counts = Counter(asked.path for asked in site.asked)
    assert {row.of: counts[paths[row.of]] for row in rows} == {row.of: row.asked for row in rows}
    for row in rows:
        status = day.statuses[row.of]
        assert row.said in status["error"]
        assert (status["state"], status["failures"], status["error"]) == ("failed", 1, day.sources[row.of]["error"])
        least, most = row.waits
        assert least <= minutes_until(status["retry_at"]) <= most, row.of


def minutes_until(instant: str | None) -> float:
    return 0.0 if instant is None else (datetime.fromisoformat(instant) - datetime.now(UTC)).total_seconds() / 60


def test_a_feed_that_cannot_be_read_alone_is_13(product: Product, site: Site):
    product.deployment.write(sources=[{"kind": "feed", "name": CULPRIT, "url": site.say("/feed", status=500)}])
    day = product.run(NOW)
    assert (day.code, day.report["exit_code"], day.report["sent"], day.text) == (13, 13, 0, "")
    assert f"no source could be read and nothing is stored to send ({CULPRIT}: " in day.report["error"]


def test_nothing_new_by_304_is_quiet(product: Product, site: Site):
    product.reads({"kind": "feed", "url": site.say("/feed", FEED, headers={"ETag": 'W/"1"'}), "backlog": "include"})
    site.say("/feed", status=304)
    first, second = product.run(NOW), product.run("2026-11-19T08:00:00Z")
    assert (first.culprit["state"], first.culprit["new"]) == ("fresh", 1)
    assert "Out of reach" in first.text
    assert (second.code, second.culprit["state"], second.culprit["error"]) == (0, "quiet", None)
    assert site.asked[1].headers["if-none-match"] == 'W/"1"'
    assert f"Nothing new from {CULPRIT}." in second.text
    assert "Out of reach" not in second.text


@pytest.mark.parametrize(
    "answer", [{"status": 410}, {"status": 429, "headers": {"Retry-After": "3600"}}], ids=["gone", "busy"]
)
def test_what_wants_to_be_left_alone_is_not_asked_by_the_next_run(product: Product, site: Site, answer):
    product.reads({"kind": "feed", "url": site.say("/feed", **answer)})
    product.run(NOW)
    day = product.run("2026-11-17T08:00:00Z")
    assert len(site.asked) == 1
    assert (day.code, day.culprit["state"], day.status["failures"]) == (0, "failed", 1)
    assert f"answered {answer['status']}" in day.culprit["error"]
    assert f"{FAILED}{CULPRIT}." in day.text


def test_trouble_that_passes_within_the_run_is_none(product: Product, site: Site):
    product.reads({"kind": "feed", "url": site.say("/feed", status=503), "backlog": "include"})
    site.say("/feed", FEED)
    day = product.run(NOW)
    assert (day.culprit["state"], day.culprit["error"], day.status["failures"]) == ("fresh", None, 0)
    assert f"{CULPRIT} (1)" in day.text
    assert f"{STEADY} (1)" in day.text


def test_what_failed_yesterday_is_read_today_and_nothing_is_lost(product: Product, site: Site):
    product.reads({"kind": "feed", "url": site.play("/feed", cut), "backlog": "include"})
    for answer in (cut, cut):
        site.play("/feed", answer)
    site.say("/feed", FEED)
    first, second = product.run(NOW), product.run("2026-11-17T08:00:00Z")
    assert (first.culprit["state"], second.culprit["state"]) == ("failed", "fresh")
    assert ("Out of reach" in first.text, "Out of reach" in second.text) == (False, True)
    assert second.status["failures"] == 0


def test_half_a_feed_is_kept_and_told(product: Product, site: Site):
    whole = RSS.format("".join(f"<item><title>Half {n}</title><guid>{n}</guid></item>" for n in range(3)))
    product.reads({"kind": "feed", "url": site.say("/feed", whole[: whole.index("Half 2")]), "backlog": "include"})
    day = product.run(NOW)
    assert (day.code, day.culprit["new"]) == (0, 2)
    assert "breaks off after 2 whole entries" in day.culprit["error"]
    assert "Half 1" in day.text
