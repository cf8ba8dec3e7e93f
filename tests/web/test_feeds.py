"""The personal feed: an entry a paper in the order of the digests, cheap to ask for, and nobody else's."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from web.conftest import KEY, MORNING, Links, Site
from web.everywhere import URL

from newsletter.model import Entry
from newsletter.rendering.atom import Feed, FeedEntry, arrange, write_atom
from newsletter.sources.feed import read_feed
from newsletter.text import clean
from newsletter.tokens import Purpose, Signer
from newsletter.web.app import make_app
from newsletter.web.door import Door
from newsletter.web.feeds import feed_link

ATOM = "{http://www.w3.org/2005/Atom}"
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture
def address(site: Site, links: Links) -> str:
    """Of Ada's feed."""
    return feed_link(Door.to(site.settings, site.storage), site.storage.subscribers.by_email(links.reader))


def shown_to(site: Site, links: Links) -> list[str]:
    """The titles on the cards of Ada's digests, the latest first, each digest in its order."""
    reader = site.storage.subscribers.by_email(links.reader)
    found = []
    for delivery in site.storage.deliveries.digests(reader.id, limit=10):
        entries = {entry.id: entry for entry in site.storage.editions.load(delivery.edition).entries}
        found += [entries[name].title for name in delivery.shown]
    return found


def test_our_own_reader_of_feeds_finds_the_papers_in_their_order(site: Site, links: Links, address: str) -> None:
    site.deployment.write_page("spikes", [("Spiking networks of the next day", "Spikes, and networks of them.")])
    site.deployment("run", "--everyone", "--now", (MORNING + timedelta(days=1)).isoformat())
    answer = site.client.get(address)
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    later = datetime.now(UTC) + timedelta(days=9)
    reading = read_feed(
        answer.content, now=later.isoformat(), address=address, content_type=answer.headers["content-type"]
    )
    wanted = shown_to(site, links)
    assert wanted[0] == "Spiking networks of the next day"
    assert [entry.title for entry in reading.entries] == wanted
    by_time = sorted(reading.entries, key=lambda entry: entry.updated, reverse=True)
    assert [entry.title for entry in by_time] == wanted


def test_it_has_what_atom_asks_for(site: Site, address: str) -> None:
    feed = ET.fromstring(site.client.get(address).content)
    assert feed.tag == f"{ATOM}feed"
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links == {"self": address, "alternate": f"{URL}/"}
    entries = feed.findall(f"{ATOM}entry")
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids) > 0
    assert all(one.startswith("tag:papers.example.org,2026:paper/") for one in ids)
    assert feed.findtext(f"{ATOM}id").startswith("tag:papers.example.org,2026:reader/")
    for holder in (feed, *entries):
        assert holder.findtext(f"{ATOM}title")
        assert datetime.fromisoformat(holder.findtext(f"{ATOM}updated"))
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "Morning Papers"
    content = entries[0].find(f"{ATOM}content")
    assert content.get("type") == "html"
    assert "<b>Why this one:</b>" in content.text


def test_names_of_papers_stay_where_the_site_moves_below_its_host(site: Site, links: Links, address: str) -> None:
    moved = site.settings.model_copy(update={"base_url": f"{URL}/news"})
    again = TestClient(make_app(moved, site.storage), base_url=URL).get(address)
    ids = [
        [one.text for one in ET.fromstring(body).iter(f"{ATOM}id")]
        for body in (site.client.get(address).content, again.content)
    ]
    assert ids[0] == ids[1]
    assert ET.fromstring(again.content).find(f"{ATOM}link").get("href").startswith(f"{URL}/news/f/")


def test_who_has_it_is_not_sent_it_again(site: Site, address: str) -> None:
    answer = site.client.get(address)
    mark, day = answer.headers["etag"], answer.headers["last-modified"]
    assert answer.headers["cache-control"] == "private, max-age=900"
    earlier = format_datetime(parsedate_to_datetime(day) - timedelta(seconds=1), usegmt=True)
    asked = {
        304: [{"if-none-match": mark}, {"if-none-match": f'"x", W/{mark}'}, {"if-none-match": "*"}, {"if-modified-since": day},
              {"if-none-match": mark, "if-modified-since": earlier}],
        200: [{"if-none-match": '"x"'}, {"if-modified-since": earlier}, {"if-none-match": '"x"', "if-modified-since": day},
              {"if-modified-since": "yesterday"}, {"if-modified-since": "Mon, 99 Nov 2026 99:99:99 GMT"}, {}],
    }  # fmt: skip
    for status, conditions in asked.items():
        for headers in conditions:
            again = site.client.get(address, headers=headers)
            assert again.status_code == status, headers
            assert (again.headers["etag"], again.headers["last-modified"]) == (mark, day)
            assert (again.content == b"") == (status == 304)
    site.deployment.write_page("spikes", [("Spiking networks of the next day", "Spikes, and networks of them.")])
    site.deployment("run", "--everyone", "--now", (MORNING + timedelta(days=1)).isoformat())
    assert site.client.get(address, headers={"if-none-match": mark}).status_code == 200


def test_it_works_without_end_and_for_nobody_who_is_erased(site: Site, links: Links, address: str) -> None:
    reader = site.storage.subscribers.by_email(links.reader)
    site.client.post(links.leave)
    assert site.client.get(address).status_code == 200
    site.storage.subscribers.erase(reader.id, now=MORNING)
    assert site.client.get(address).status_code == 404


def test_a_feed_before_the_first_digest_is_empty_and_valid(site: Site, links: Links, address: str) -> None:
    later = datetime.now(UTC) + timedelta(days=400)
    site.storage.deliveries.prune(later, messages_older_than=timedelta(days=30), rows_older_than=timedelta(days=365))
    answer = site.client.get(address)
    feed = ET.fromstring(answer.content)
    assert not feed.findall(f"{ATOM}entry")
    assert feed.findtext(f"{ATOM}updated")


def test_its_token_opens_nothing_else(site: Site, links: Links, address: str) -> None:
    token = address.rpartition("/")[2]
    assert Signer([KEY]).read(Purpose.FEED, token) == [site.storage.subscribers.by_email(links.reader).id]
    for place in ("a", "p", "u", "v", "digests"):
        assert site.client.get(f"/{place}/{token}").status_code == 404


PIECES = [*"<>&\"']]>é∞א😀 ab\n\t\r", "\x00", "\x0b", "\ufffe", "\x85", "<![CDATA[", "&#0;"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@given(TEXTS, TEXTS)
def test_no_text_makes_it_ill_formed(title: str, content: str) -> None:
    entry = Entry(title=clean(title), link="https://example.org/1", authors=(title,), categories=(title,))
    feed = Feed(title=title, subtitle=content, language="en", name="tag:x,2026:y", address=URL, home=URL, updated=NOW)
    moments = list(arrange([entry, entry], at=NOW))
    written = write_atom(feed, [FeedEntry(one, content, one.link, at) for one, at in moments], authority="example.org")
    root = ET.fromstring(written)
    assert len(root.findall(f"{ATOM}entry")) == 1
    assert len(read_feed(written, now=NOW.isoformat()).entries) == 1
