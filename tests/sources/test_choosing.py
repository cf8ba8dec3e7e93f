from __future__ import annotations

import pytest

from newsletter.config.settings import ArxivSource, FeedSource, HuggingFaceSource
from newsletter.sources.choosing import Choice, NewSource, arxiv_categories, choose, feeds_of
from newsletter.sources.opml import FeedList, ListedFeed, Skipped

SOURCES = (
    HuggingFaceSource(kind="huggingface"),
    ArxivSource(kind="arxiv", categories=("cs.LG", "q-bio")),
    FeedSource(kind="feed", name="A blog", url="https://www.blog.example/feed/"),
    FeedSource(kind="feed", name="A file", path="/"),
)


def chosen(*feeds: tuple[str, str], allow: tuple[str, ...] = ()) -> Choice:
    return choose(FeedList(tuple(ListedFeed(*feed) for feed in feeds)), SOURCES, allow=allow)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://blog.example/feed", "A blog"),
        ("https://blog.example/feed/?utm_source=reader#top", "A blog"),
        ("https://rss.arxiv.org/rss/cs.LG", "arXiv cs.LG, q-bio"),
        ("http://export.arxiv.org/rss/q-bio.NC+cs.LG", "arXiv cs.LG, q-bio"),
        ("http://arxiv.org/rss/q-bio", "arXiv cs.LG, q-bio"),
    ],
)
def test_a_feed_that_is_read_is_already_there_under_its_name(url, name):
    assert chosen(("Whatever", url)) == Choice((), (ListedFeed(name, url),), ())


def test_new_feeds_get_names_of_their_own():
    added = chosen(
        ("A blog", "https://one.example/f"),
        ("A blog", "https://www.one.example/g"),
        ("A blog", "https://one.example/h"),
        ("", "https://www.two.example/f"),
        ("", "https://two.example/"),
    ).added
    assert [source.name for source in added] == [
        "A blog (one.example)",
        "A blog (one.example) 2",
        "A blog (one.example) 3",
        "two.example",
        "two.example 2",
    ]


def test_arxivs_feeds_become_arxiv_sources():
    (added,) = chosen(("cs.CL updates", "https://export.arxiv.org/rss/cs.CL")).added
    assert added.settings == {"kind": "arxiv", "name": "cs.CL updates", "categories": ["cs.CL"]}
    assert NewSource("A", "https://a.example/f").settings == {"kind": "feed", "name": "A", "url": "https://a.example/f"}


@pytest.mark.parametrize(
    "url", ["https://arxiv.org/abs/2405.12345", "https://mirror.example/rss/cs.LG", "https://arxiv.org/rss/"]
)
def test_other_addresses_are_of_no_category(url):
    assert arxiv_categories(url) == ()


def test_the_front_page_of_a_site_may_be_a_feed_once():
    choice = chosen(("A", "https://feeds.example/"), ("B", "http://www.feeds.example"))
    assert [source.name for source in choice.added] == ["A"]
    assert choice.skipped == (Skipped("B", "is listed more than once"),)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "is no http(s) address"),
        ("ftp://a.example/f", "is no http(s) address"),
        ("not an address", "is no http(s) address"),
        ("http://a:b:c/", "is no http(s) address"),
        ("http://[::1/", "is no http(s) address"),
        ("https:///feed", "is no valid address"),
        ("https://a.example:0/f", "is no valid address"),
        ('https://a.example/"f"', "is no valid address"),
        ("https://a.example/f\x85", "is no valid address"),
        ("http://[v1.a:b]/f", "is no valid address"),
    ],
)
def test_what_is_no_address_is_skipped(url, reason):
    assert chosen(("T", url)) == Choice((), (), (Skipped("T", reason),))


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://localhost:8000/f", "loopback"),
        ("http://feeds.localhost/f", "loopback"),
        ("http://127.0.0.1/f", "loopback"),
        ("http://[::1]/f", "loopback"),
        ("http://2130706433/f", "loopback"),
        ("http://0x7f.1/f", "loopback"),
        ("http://10.1.2.3/f", "private"),
        ("http://[fe80::1]/f", "link-local"),
        ("http://[::ffff:10.0.0.1]/f", "IPv4-mapped"),
        ("http://100.64.0.1/f", "carrier-grade NAT"),
    ],
)
def test_addresses_off_the_public_internet_are_skipped(url, kind):
    (skipped,) = chosen(("T", url)).skipped
    assert skipped.reason == f"is a {kind} address; list it in `network.allow` to read it all the same"


def test_what_the_operator_allows_is_added():
    choice = chosen(("A", "http://10.1.2.3/f"), ("B", "http://localhost/f"), allow=("10.0.0.0/8", "localhost"))
    assert [source.name for source in choice.added] == ["A", "B"]


def test_names_of_machines_are_left_to_the_door():
    assert [source.name for source in chosen(("A", "https://face.example/f"), ("B", "http://beef/f")).added] == [
        "A",
        "B",
    ]


def test_what_any_reader_can_read_goes_out_and_comes_back_as_already_there():
    feeds = feeds_of(SOURCES)
    assert feeds == [
        ListedFeed("arXiv cs.LG, q-bio", "https://rss.arxiv.org/rss/cs.LG+q-bio"),
        ListedFeed("A blog", "https://www.blog.example/feed/"),
    ]
    assert choose(FeedList(tuple(feeds)), SOURCES) == Choice((), tuple(feeds), ())
