"""All sources at once: nothing that one does reaches another, and each is remembered."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.config.settings import FeedSource, HuggingFaceSource, PageSource, PluginSource
from newsletter.errors import SourceError
from newsletter.model import Fetched, SourceMemory, SourceState
from newsletter.sources import KINDS, fetch_all
from newsletter.sources.fetching import find_kind
from newsletter.sources.health import memory_after
from newsletter.sources.http import Http, Limits

RSS = b'<rss version="2.0"><channel><title>t</title><item><title>%s</title></item></channel></rss>'
PATIENT = Limits(seconds=300, connect_seconds=300, read_seconds=300, attempts=1)


def feed(name: str, url: str, **more) -> FeedSource:
    return FeedSource(**{"kind": "feed", "name": name, "url": url, **more})


@pytest.fixture
def fetch(http, now):
    def all_of(*sources, memories=None, **options) -> list[Fetched]:
        return fetch_all(sources, memories or {}, **{"http": http, "now": now, **options})

    return all_of


@pytest.fixture
def plugins(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)


def remembered(*fetched: Fetched) -> dict[str, SourceMemory]:
    return {one.source: one.memory for one in fetched}


def test_the_result_is_in_the_order_of_the_sources(site, fetch, now):
    sources = [feed(name, site.say(f"/{name}", RSS % name.encode())) for name in ("c", "a", "b")]
    fetched = fetch(*sources)
    assert [one.source for one in fetched] == ["c", "a", "b"]
    assert [entry.title for one in fetched for entry in one.entries] == ["c", "a", "b"]
    assert [one.entries[0].sources for one in fetched] == [("c",), ("a",), ("b",)]
    assert fetched[0].memory.succeeded_at == fetched[0].memory.checked_at == now


def test_no_sources_no_result(fetch):
    assert fetch() == []


def test_one_bad_source_is_a_value(site, fetch, tmp_path):
    (tmp_path / "page.txt").write_text("a shopping list")
    bad = feed("bad", site.say("/bad", "<html></html>"))
    fetched = fetch(bad, feed("gone", f"{site.url}/none"), PageSource(kind="page", name="page", path=tmp_path / "page.txt"),
                    feed("good", site.say("/good", RSS % b"good")))  # fmt: skip
    assert [len(one.entries) for one in fetched] == [0, 0, 0, 1]
    assert fetched[0].error == f"{site.url}/bad: is a web page, not a feed"
    assert "answered 404" in fetched[1].error
    assert "no saved Daily Papers page" in fetched[2].error
    assert [one.memory.state for one in fetched[:3]] == [SourceState.FAILED] * 3
    assert (fetched[0].memory.failures, fetched[0].memory.error) == (1, fetched[0].error)
    assert fetched[0].memory.succeeded_at is None


def test_a_slow_source_delays_no_other(site, now):
    """The quick one is done before the slow one may go on."""
    quick_is_done = threading.Event()
    order: list[str] = []

    def slow(handler) -> None:
        quick_is_done.wait(300)
        handler.send_error(404)

    def note(fetched: Fetched) -> None:
        order.append(fetched.source)
        if fetched.source == "quick":
            quick_is_done.set()

    sources = [feed("slow", site.play("/slow", slow)), feed("quick", site.say("/quick", RSS % b"t"))]
    with Http(contact="x", allow=["127.0.0.1"], limits=PATIENT) as http:
        fetch_all(sources, {}, http=http, now=now, on_done=note)
    assert order == ["quick", "slow"]


def test_many_sources_at_once(site, now):
    """Every answer waits until all have been asked for."""
    together = threading.Barrier(30, timeout=300)

    def answer(handler) -> None:
        together.wait()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(RSS % b"t")))
        handler.end_headers()
        handler.wfile.write(RSS % b"t")

    sources = [feed(f"s{index}", site.play(f"/{index}", answer)) for index in range(30)]
    with Http(contact="x", allow=["127.0.0.1"], limits=PATIENT) as http:
        assert [one.error for one in fetch_all(sources, {}, http=http, now=now)] == [None] * 30


# -- memory --------------------------------------------------------------------------------------------------------


def test_what_a_kind_notes_comes_back_to_it(site, fetch):
    source = feed("a", site.say("/a", RSS % b"t", headers={"ETag": '"7"'}))
    first = fetch(source)
    fetch(source, memories=remembered(*first))
    assert site.asked[1].headers["if-none-match"] == '"7"'


def test_notes_of_other_settings_are_forgotten(site, fetch, now):
    url = site.say("/a", RSS % b"t", headers={"ETag": '"7"'})
    (first,) = fetch(feed("a", url))
    away = SourceMemory(
        disabled=True,
        failures=9,
        retry_at=datetime.now(UTC) + timedelta(hours=1),
        data=first.memory.data,
        succeeded_at=now,
    )
    (same,) = fetch(feed("a", url, backlog="include"), memories={"a": away})
    (other,) = fetch(feed("a", f"{url}?v=2"), memories={"a": away})
    assert (same.skipped, other.skipped) == (True, False)
    assert "if-none-match" not in site.asked[-1].headers


def test_410_is_for_good(site, fetch):
    source = feed("a", site.say("/a", status=410))
    first = fetch(source)
    second = fetch(source, memories=remembered(*first))
    assert first[0].memory.disabled
    assert (second[0].skipped, len(site.asked)) == (True, 1)
    assert "remove the source" in second[0].error
    assert fetch(source, memories=remembered(*first), force=True)[0].skipped is False


def test_an_address_that_is_not_found_for_two_weeks_is_dead(site, fetch, now):
    source = feed("a", site.say("/a", status=404))
    site.say("/a", status=404)
    site.say("/a", status=503)
    site.say("/a", status=404)
    memories: dict[str, SourceMemory] = {}
    told = []
    for day in (0, 7, 13, 14):  # what passes in between makes it no younger
        (fetched,) = fetch(source, memories=memories, now=now + timedelta(days=day), force=True)
        memories = remembered(fetched)
        told.append("taken for dead" in fetched.memory.error)
    assert told == [False, False, False, True]
    assert "not found since 2026-03-11" in fetched.memory.error
    wait = fetched.memory.retry_at - datetime.now(UTC)
    assert timedelta(days=6) < wait <= timedelta(days=7)
    assert not fetched.memory.disabled
    site.say("/a", RSS % b"back")
    fetch(source, memories=memories, now=now, force=True)
    (back,) = fetch(source, memories=memories, now=now, force=True)
    assert (len(back.entries), "missing_since" in back.memory.data) == (1, False)


def test_a_wish_to_be_left_alone_counts_beside_what_could_be_read(site, fetch, now):
    """The second page says 429: what the first one had is kept, and the pause as well."""
    papers = [{"paper": {"id": f"2603.{number:05}", "title": f"On {number}"}} for number in range(3)]
    site.say("/api/daily_papers", json.dumps(papers))
    site.say("/api/daily_papers", status=429, headers={"Retry-After": "3600"})
    source = HuggingFaceSource(kind="huggingface", name="hf", url=site.url)
    (fetched,) = fetch(source)
    assert (len(fetched.entries), len(site.asked)) == (3, 2)
    assert timedelta(minutes=59) < fetched.memory.retry_at - datetime.now(UTC) <= timedelta(hours=1)
    (again,) = fetch(source, memories=remembered(fetched))
    assert (again.skipped, len(site.asked)) == (True, 2)


def test_retry_after_is_kept_to_by_the_clock_of_the_machine(site, fetch, now):
    source = feed("a", site.say("/a", status=429, headers={"Retry-After": "3600"}))
    first = fetch(source)
    wait = first[0].memory.retry_at - datetime.now(UTC)
    assert timedelta(minutes=59) < wait <= timedelta(hours=1)
    second = fetch(source, memories=remembered(*first), now=now + timedelta(days=1000))
    assert (second[0].skipped, second[0].memory) == (True, first[0].memory)
    assert second[0].error.startswith(f"{first[0].error}; asked again after 20")


def test_failures_in_a_row_are_asked_ever_more_rarely(site, fetch):
    source = feed("a", site.say("/a", status=404))
    waits = []
    memories: dict[str, SourceMemory] = {}
    for _ in range(12):
        fetched = fetch(source, memories=memories, force=True)
        memories = remembered(*fetched)
        at = fetched[0].memory.retry_at
        waits.append(0 if at is None else round((at - datetime.now(UTC)).total_seconds() / 60))
    assert waits == [0, 5, 10, 20, 40, 80, 160, 320, 360, 360, 360, 360]
    site.say("/a", RSS % b"t")
    fetch(source, memories=memories, force=True)
    (recovered,) = fetch(source, memories=memories, force=True)
    assert (recovered.memory.failures, recovered.memory.retry_at, recovered.memory.error) == (0, None, None)


def test_a_file_is_read_again_at_once(tmp_path, fetch):
    path = tmp_path / "feed.xml"
    path.mkdir()
    source = FeedSource(kind="feed", name="a", path=path)
    memories: dict[str, SourceMemory] = {}
    for _ in range(4):
        memories = remembered(*fetch(source, memories=memories))
    (path / "a.xml").write_bytes(RSS % b"there")
    (fetched,) = fetch(source, memories=memories)
    assert (memories["a"].failures, len(fetched.entries)) == (4, 1)


def test_half_an_answer_is_no_success(site, fetch):
    cut = (RSS % b"one").replace(b"</channel></rss>", b"<item><title>tw")
    (fetched,) = fetch(feed("a", site.say("/a", cut)))
    assert len(fetched.entries) == 1
    assert "breaks off" in fetched.error
    assert (fetched.memory.succeeded_at, fetched.memory.state) == (None, SourceState.FAILED)


def test_a_disabled_source_is_left_alone(site, fetch):
    (fetched,) = fetch(feed("a", site.say("/a", RSS % b"t"), disabled=True), force=True)
    assert (fetched.skipped, site.asked) == (True, [])


# -- kinds ---------------------------------------------------------------------------------------------------------


def test_every_kind_has_a_fetcher():
    assert set(KINDS) == {"feed", "huggingface", "arxiv", "biorxiv", "medrxiv", "page"}
    assert find_kind("feed") is KINDS["feed"]


@pytest.mark.parametrize("path", ["plugin.Friendly", "plugin:Friendly", "plugin.friendly"])
def test_a_plugin_is_a_dotted_path(plugins, fetch, path):
    source = PluginSource(kind=path.replace(":", "."), name="mine", options={"title": "From a plugin"})
    (fetched,) = fetch(source.model_copy(update={"kind": path}))
    assert [(entry.title, entry.sources) for entry in fetched.entries] == [("From a plugin", ("mine",))]


@pytest.mark.parametrize("path", ["no.such.module", "plugin.Nobody", "nothing", "a..b"])
def test_a_plugin_that_is_not_there_is_one_clear_line(plugins, path):
    with pytest.raises(SourceError, match="neither one of feed, huggingface"):
        find_kind(path)


def test_a_plugin_that_remembers_nothing_keeps_its_health(plugins, fetch):
    source = PluginSource(kind="plugin.Forgetful", name="mine")
    (first,) = fetch(source)
    (second,) = fetch(source, memories={"mine": memory_after(first, new=1, now=datetime(2026, 3, 11, tzinfo=UTC))})
    assert second.memory.data["health"]["looked_on"] == ["2026-03-11"]


def test_a_plugin_that_breaks_is_one_clear_line(plugins, fetch, caplog):
    (fetched,) = fetch(PluginSource(kind="plugin.Broken", name="mine"))
    assert fetched.error == "failed unexpectedly (RuntimeError: two lines)"
    assert fetched.memory.failures == 1


def test_plugins_that_leave_or_say_nothing_stop_nobody(site, plugins, fetch):
    plugins = (PluginSource(kind=f"plugin.{name}", name=name) for name in ("Leaving", "Silent"))
    leaving, silent, staying = fetch(*plugins, feed("a", site.say("/a", RSS % b"t")))
    assert leaving.error == "failed unexpectedly (SystemExit: 3)"
    assert silent.error.startswith("failed unexpectedly (AttributeError: 'NoneType'")
    assert len(staying.entries) == 1


def test_breaking_off_waits_for_no_source(site, now, http):
    """What the caller raises while sources are still being asked comes out at once."""
    stop = threading.Event()
    sources = [feed("slow", site.play("/slow", lambda _: stop.wait(30))), feed("quick", site.say("/quick", RSS % b"t"))]

    def break_off(_: Fetched) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_all(sources, {}, http=http, now=now, on_done=break_off)
    assert not stop.is_set()
    stop.set()


def test_sources_of_all_shapes_together(site, fetch):
    site.say("/api/daily_papers", "[]")
    fetched = fetch(
        HuggingFaceSource(kind="huggingface", name="hf", url=site.url), feed("a", site.say("/a", RSS % b"t"))
    )
    assert [(one.kind, len(one.entries), one.error) for one in fetched] == [("huggingface", 0, None), ("feed", 1, None)]
