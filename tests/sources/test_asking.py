"""What is remembered of one address: lasting moves, and what may be asked again."""

from __future__ import annotations

import pytest

from newsletter.config.settings import FeedSource
from newsletter.errors import SourceError
from newsletter.model import SourceMemory
from newsletter.sources.asking import ask as ask_at


@pytest.fixture
def seen(ask, http):
    """The notes after one more request, with those of the last one."""
    source = FeedSource(kind="feed", name="a", url="http://127.0.0.1/")

    def once_more(url: str, notes=None, **limits):
        request = ask(source, SourceMemory(data={"http": notes or {}}), http=http.within(**limits))
        return ask_at(request, url)[1]

    return once_more


def test_sightings_of_a_move_count_in_a_row(site, seen):
    new = site.say("/new", "x")
    for status in (301, 308, 200, 301, 308, 301, 404):
        url = site.say("/old", status=status, headers={"Location": "/new"} if status != 200 else {})
    notes, counted = {}, []
    for _ in range(6):
        notes = seen(url, notes)
        counted.append(notes.get("sightings", 0))
    assert counted == [1, 2, 0, 1, 2, 3]
    assert (notes["moved_to"], site.asked[-2].path) == (new, "/old")
    seen(url, notes)
    assert site.asked[-1].path == "/new"
    assert site.asked[-2].path == "/new"  # behind the last move from /old


def test_a_move_elsewhere_is_counted_anew(site, seen):
    site.say("/b", "b")
    site.say("/c", "c")
    url = site.say("/a", status=301, headers={"Location": "/b"})
    site.say("/a", status=301, headers={"Location": "/b"})
    site.say("/a", status=301, headers={"Location": "/c"})
    notes = seen(url, seen(url, seen(url)))
    assert (notes["moved_to"], notes["sightings"]) == (f"{site.url}/c", 1)


@pytest.mark.parametrize("status", [404, 410, 403])
def test_a_learnt_address_that_fails_leads_back_to_the_one_given(site, seen, status):
    url = site.say("/old", "x")
    new = site.say("/new", status=status)
    notes = seen(url, {"url": url, "moved_to": new, "sightings": 3})
    assert [asked.path for asked in site.asked] == ["/new", "/old"]
    assert "moved_to" not in notes


def test_a_learnt_address_that_is_away_for_now_is_left_alone(site, seen):
    url = site.say("/old", "x")
    new = site.say("/new", status=429, headers={"Retry-After": "600"})
    with pytest.raises(SourceError, match="answered 429"):
        seen(url, {"url": url, "moved_to": new, "sightings": 3})
    assert [asked.path for asked in site.asked] == ["/new"]


def test_a_304_that_nobody_asked_for_is_no_quiet_day(site, seen):
    with pytest.raises(SourceError, match="answered 304 Not Modified to one who has nothing"):
        seen(site.say("/feed", status=304))


def test_a_304_without_validators_keeps_those_before(site, seen):
    url = site.say("/feed", "x", headers={"ETag": 'W/"a"', "Last-Modified": "Tue, 10 Mar 2026 01:02:03 GMT"})
    site.say("/feed", status=304)
    notes = seen(url, seen(url))
    assert (notes["etag"], notes["last_modified"]) == ('W/"a"', "Tue, 10 Mar 2026 01:02:03 GMT")
