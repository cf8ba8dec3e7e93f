"""RSS, Atom, RDF and JSON Feed, from the network and from files."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from newsletter.config.settings import FeedSource
from newsletter.errors import SourceError
from newsletter.model import SourceMemory
from newsletter.sources.feed import FeedFetcher, read_feed
from newsletter.sources.reading import pack, unpack

NOW = "2026-03-11T09:00:00+00:00"


def rss(*items: str, link: str = "https://lab.example/") -> bytes:
    spaces = (
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/" '
        'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    )
    inner = "".join(f"<item>{item}</item>" for item in items)
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0" {spaces}><channel><title>t</title>'
        f"<link>{link}</link>{inner}</channel></rss>"
    ).encode()


def only(body: bytes, **more):
    (entry,) = read_feed(body, now=NOW, **more).entries
    return entry


def refusal(body: bytes, **more) -> str:
    with pytest.raises(SourceError) as caught:
        read_feed(body, now=NOW, **more)
    return str(caught.value)


# -- what an entry says --------------------------------------------------------------------------------------------


def test_rss():
    entry = only(
        rss(
            "<title>Growing neurons</title><link>https://lab.example/a?x=1&amp;y=2</link><guid>g1</guid>"
            "<description>&lt;p&gt;They &lt;b&gt;grow&lt;/b&gt;.&lt;/p&gt;&lt;p&gt;Slowly.&lt;/p&gt;</description>"
            "<dc:creator>Ada Byron</dc:creator><dc:creator>Mary Shelley</dc:creator><category>q-bio</category>"
            "<category>q-bio</category><pubDate>Tue, 10 Mar 2026 08:00:00 +0200</pubDate>"
            "<comments>https://lab.example/a#talk</comments><slash:comments>4</slash:comments>"
            '<media:thumbnail url="https://lab.example/a.png"/>'
        )
    )
    assert (entry.title, entry.link) == ("Growing neurons", "https://lab.example/a?x=1&y=2")
    assert entry.summary == "They grow. Slowly."
    assert entry.authors == ("Ada Byron", "Mary Shelley")
    assert entry.categories == ("q-bio",)
    assert entry.published == datetime(2026, 3, 10, 6, tzinfo=UTC)
    assert (entry.discussion_link, entry.signals.comments) == ("https://lab.example/a#talk", 4)
    assert entry.thumbnail == "https://lab.example/a.png"


def test_atom():
    entry = only(
        b'<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><id>tag:lab.example,2026:7</id>'
        b'<title type="html">&lt;em&gt;Fast&lt;/em&gt; &amp;lt; slow</title><link href="https://lab.example/7"/>'
        b"<published>2026-03-01T10:00:00Z</published><updated>2026-03-02T10:00:00+01:00</updated>"
        b'<author><name>Ada Byron</name></author><summary>Why.</summary><category term="physics"/></entry></feed>'
    )
    assert (entry.title, entry.summary, entry.authors) == ("Fast < slow", "Why.", ("Ada Byron",))
    assert entry.published == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert entry.updated == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert entry.categories == ("physics",)


def test_what_an_atom_feed_says_once_holds_for_its_entries():
    feed = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><author><name>The lab</name></author>'
        "<entry><title>One</title><updated>2026-03-02T10:00:00Z</updated></entry>"
        "<entry><title>Two</title><author><name>Ada Byron</name></author>"
        '<category term=" "/><category term="a"/><category term="a"/></entry></feed>'
    )
    one, two = read_feed(feed.encode(), now=NOW).entries
    assert (one.authors, two.authors, two.categories) == (("The lab",), ("Ada Byron",), ("a",))
    assert one.published == one.updated == datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_rdf():
    entry = only(
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        b' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://j.example/"><title>t</title></channel>'
        b'<item rdf:about="https://j.example/1"><title>One</title><link>https://j.example/1</link>'
        b"<dc:creator>Ada Byron</dc:creator><dc:date>2026-03-02</dc:date>"
        b"<dc:identifier>doi:10.1101/2026.03.01.700001</dc:identifier></item></rdf:RDF>"
    )
    assert (entry.title, entry.link, entry.authors) == ("One", "https://j.example/1", ("Ada Byron",))
    assert entry.doi == "10.1101/2026.03.01.700001"
    assert entry.published == datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("AT&amp;amp;T &amp; p &lt; 0.05 &amp; x&lt;y", "AT&T & p < 0.05 & x<y"),
        ("&lt;i&gt;In vivo&lt;/i&gt; imaging", "In vivo imaging"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("<![CDATA[H<sub>2</sub>O\n   on ice]]>", "H2O on ice"),
        ("$\\ell_2$ norms", "$\\ell_2$ norms"),
    ],
)
def test_titles_are_text(written, read):
    assert only(rss(f"<title>{written}</title>")).title == read


def test_summaries_lose_scripts_and_keep_comparisons():
    entry = only(
        rss(
            "<title>t</title><description><![CDATA[<p>p<0.05 and x<y hold</p><script>steal()</script><style>a{}</style>"
            "<math><mi>x</mi><annotation>\\x</annotation></math>]]></description>"
        )
    )
    assert entry.summary == "p<0.05 and x<y hold x"


def test_the_content_speaks_where_the_summary_is_short():
    entry = only(
        rss(f"<title>t</title><description>Short.</description><content:encoded>{'Long. ' * 50}</content:encoded>")
    )
    assert entry.summary.startswith("Long. Long.")


def test_an_item_without_a_title_takes_its_first_words():
    assert only(rss("<description>Only a note. And more of it.</description>")).title.startswith("Only a note.")


def test_an_item_without_any_words_is_kept_for_its_link():
    assert (only(rss("<link>https://lab.example/1</link>")).title, only(rss("<link>/1</link>")).link) == (
        "",
        "https://lab.example/1",
    )
    assert read_feed(rss("<description>&lt;p&gt;</description>", "<guid>7</guid>"), now=NOW).entries == ()


@pytest.mark.parametrize(
    ("item", "link"),
    [
        ("<link>/a/b</link>", "https://lab.example/a/b"),
        ("<link>javascript:alert(1)</link>", None),
        ("<link>javascript:alert(1)</link><guid>https://lab.example/g</guid>", "https://lab.example/g"),
        ("<link>data:text/html,x</link>", None),
        ('<guid isPermaLink="false">not-a-link</guid>', None),
        ("<link>http://[broken/</link>", None),
        ("<link>https://lab.example/a b</link>", None),
    ],
)
def test_links_lead_to_the_web_or_nowhere(item, link):
    assert only(rss(f"<title>t</title>{item}"), address="https://lab.example/feed.xml").link == link


def test_links_are_taken_relative_to_the_feed_where_it_names_no_site():
    entry = only(rss("<title>t</title><link>a</link>", link=""), address="https://lab.example/feeds/x.xml")
    assert entry.link == "https://lab.example/feeds/a"


@pytest.mark.parametrize(
    "date",
    [
        "2024-13-45",
        "Mon, 99 Foo 99999 00:00:00 GMT",
        "0000-00-00T00:00:00Z",
        "Fri, 13 Mar 2026 09:00:00 GMT",
        "1975-01-01",
        "soon",
    ],
)
def test_dates_that_cannot_be_are_none(date):
    assert only(rss(f"<title>t</title><pubDate>{date}</pubDate>")).published is None


def test_a_date_of_a_few_hours_ahead_is_a_clock_and_no_lie():
    entry = only(rss("<title>t</title><pubDate>Wed, 11 Mar 2026 20:00:00 GMT</pubDate>"))
    assert entry.published == datetime(2026, 3, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("creator", "names"),
    [
        ("Ada Byron, Mary Shelley and Jane Marcet", ("Ada Byron", "Mary Shelley", "Jane Marcet")),
        ("Byron, Ada", ("Byron, Ada",)),
        ("Byron, A. L., van der Berg, J.-P., Li, W.", ("A. L. Byron", "J.-P. van der Berg", "W. Li")),
        ("&lt;a href='https://lab.example/ada'&gt;Ada Byron&lt;/a&gt;", ("Ada Byron",)),
        ("Ada Byron (mailto:ada@lab.example)", ("Ada Byron",)),
        ("Ada Byron, Ada Byron", ("Ada Byron",)),
        ("The Cell Consortium", ("The Cell Consortium",)),
        ("  ", ()),
    ],
)
def test_authors_in_one_element(creator, names):
    assert only(rss(f"<title>t</title><dc:creator>{creator}</dc:creator>")).authors == names


@pytest.mark.parametrize(
    ("item", "ids"),
    [
        ("<link>https://arxiv.org/abs/2603.01234v2</link>", ("2603.01234", 2, None)),
        ("<guid>oai:arXiv.org:2603.01234v1</guid>", ("2603.01234", 1, None)),
        ("<link>https://doi.org/10.5555/ABC.1</link>", (None, None, "10.5555/abc.1")),
        ("<prism:doi>10.5555/xyz</prism:doi>", (None, None, "10.5555/xyz")),
        ("<guid>2603.01234</guid>", (None, None, None)),
        ("<guid>hep-th/9901001</guid>", (None, None, None)),
        ("<dc:identifier>https://blog.example/?about=10.5555/xyz</dc:identifier>", (None, None, None)),
        (
            "<link>https://www.biorxiv.org/content/10.1101/2026.03.01.700001v2?rss=1</link>",
            (None, None, "10.1101/2026.03.01.700001"),
        ),
    ],
)
def test_papers_are_known_by_their_ids(item, ids):
    entry = only(rss(f"<title>t</title>{item}"))
    assert (entry.arxiv_id, entry.arxiv_version, entry.doi) == ids


def test_what_a_feed_calls_its_items_is_kept():
    assert only(rss('<title>t</title><guid isPermaLink="false">g-1</guid>')).guid == "g-1"
    assert only(rss("<title>t</title>")).guid is None
    ids = [entry.guid for entry in read_feed(json_feed({"id": 7, "title": "t"}, {"title": "t"}), now=NOW).entries]
    assert ids == ["7", None]


def test_an_announcement_feed_of_arxiv_is_read_as_one():
    body = (
        b'<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">'
        b"<channel><title>t</title><item><title>T</title><guid>oai:arXiv.org:2603.01234v1</guid>"
        b"<description>arXiv:2603.01234v1 Announce Type: new \nAbstract: We x&lt;y.</description>"
        b"<dc:creator>Ada Byron, Mary Shelley</dc:creator></item></channel></rss>"
    )
    entry = only(body)
    assert (entry.summary, entry.authors) == ("We x<y.", ("Ada Byron", "Mary Shelley"))


# -- JSON Feed -----------------------------------------------------------------------------------------------------


def json_feed(*items: object, **more: object) -> bytes:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items, **more}).encode()


def test_json_feed():
    entry = only(
        json_feed(
            {
                "id": "7",
                "url": "https://lab.example/7",
                "title": "Seven &amp; eight",
                "content_html": "<p>Text</p>",
                "date_published": "2026-03-10T08:00:00+02:00",
                "date_modified": "2026-03-10T09:00:00Z",
                "authors": [{"name": "Ada Byron"}, {"url": "https://nobody.example"}, None],
                "tags": ["a", 7, "b"],
                "image": "https://lab.example/7.png",
            }
        )
    )
    assert (entry.title, entry.link, entry.summary) == ("Seven & eight", "https://lab.example/7", "Text")
    assert entry.published == datetime(2026, 3, 10, 6, tzinfo=UTC)
    assert (entry.authors, entry.categories, entry.thumbnail) == (
        ("Ada Byron",),
        ("a", "b"),
        "https://lab.example/7.png",
    )


def test_json_feed_of_the_first_version_with_the_house_as_author():
    body = json_feed(
        {"id": "https://lab.example/1", "content_text": "A note", "url": None},
        {"id": 3},
        "no item",
        version="http://jsonfeed.org/version/1",
        author={"name": "The lab"},
    )
    entry = only(body)
    assert (entry.title, entry.link, entry.authors) == ("A note", "https://lab.example/1", ("The lab",))


@pytest.mark.parametrize(
    ("item", "link"),
    [
        ({"url": "/a"}, "https://lab.example/a"),
        ({"url": "b", "external_url": "https://other.example/"}, "https://lab.example/blog/b"),
        ({"url": "javascript:alert(1)", "external_url": "//other.example/c"}, "https://other.example/c"),
        ({"url": "http://[broken", "id": "d"}, None),
        ({"url": 7, "id": "https://lab.example/7"}, "https://lab.example/7"),
    ],
)
def test_links_of_a_json_feed_are_taken_relative_to_it(item, link):
    body = json_feed({"title": "t", **item}, home_page_url="/blog/")
    assert only(body, address="https://lab.example/feed.json").link == link


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"authors": {"name": "Ada Byron"}}, ("Ada Byron",)),
        ({"authors": ["Ada Byron", "Ada Byron", 7, {"name": None}]}, ("Ada Byron",)),
        ({"authors": [], "author": "Ada Byron"}, ("Ada Byron",)),
        ({"authors": 7}, ("The lab",)),
    ],
)
def test_authors_of_a_json_feed_in_any_form(said, names):
    body = json_feed({"url": "https://lab.example/7", **said}, authors=[{"name": "The lab"}])
    assert only(body).authors == names


def test_json_feed_in_utf_16():
    assert only(json_feed({"title": "é"}).decode().encode("utf-16")).title == "é"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"rss": {"channel": {}}}', "is RSS in JSON"),
        (b'{"items": []}', "no version of jsonfeed.org"),
        (b'{"version": "https://jsonfeed.org/version/1.1"}', "no version of jsonfeed.org or no items"),
        (b"[1, 2]", "is JSON, but no JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": [{"title": "cut', "breaks off at line 1"),
        (b'{"version": 1,, "items": []}', "is broken JSON: Expecting property name"),
        (b'{"title": "\xff"}', "charset other than UTF-8 (byte 11)"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"items": ' + b"9" * 5000 + b"}", "a number that has no end"),
    ],
)
def test_json_that_is_no_feed_is_one_clear_line(body, said):
    assert said in refusal(body)


# -- what is no feed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b" \n\t ", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"<!DOCTYPE html><html><body>hello</body></html>", "is a web page, not a feed"),
        (
            b'<html><head><link type="application/rss+xml" href="javascript:alert(1)"></head></html>',
            "is a web page, not a feed",
        ),
        (b'<?xml version="1.0"?><!-- x --><html xmlns="http://www.w3.org/1999/xhtml">', "is a web page, not a feed"),
        (b"<foo><bar/></foo>", "is neither RSS, Atom, RDF nor JSON Feed"),
        (bytes(range(256)), "is neither RSS, Atom, RDF nor JSON Feed"),
    ],
)
def test_what_is_no_feed_is_one_clear_line(body, said):
    assert refusal(body) == said


def test_a_web_page_tells_where_its_feed_is():
    page = b"<html><head><link rel=alternate type='application/rss+xml' href='/feed.xml'></head></html>"
    assert refusal(page, address="https://lab.example/blog/").endswith("its feed is https://lab.example/feed.xml")


def test_a_feed_that_breaks_off_gives_what_is_whole():
    body = rss("<title>one</title>", "<title>two</title>", "<title>three</title>")
    reading = read_feed(body[: body.index(b"three") + 3], now=NOW)
    assert [entry.title for entry in reading.entries] == ["one", "two"]
    assert reading.problem == "breaks off after 2 whole entries"


def test_a_feed_that_is_only_untidy_is_whole():
    reading = read_feed(rss("<title>a &nbsp; b & c</title>"), now=NOW)
    assert (len(reading.entries), reading.problem) == (1, None)


def test_a_character_that_is_none_costs_only_itself():
    assert only(rss("<title>a&#x110000;b&#233;&#99999999;</title>")).title == "abé"


@pytest.mark.parametrize("nothing", ["&#xd800;", "&#xDFFF;", "&#0;", "&#99999999999999;", "&#99999999999999", "\x08"])
def test_half_a_character_costs_only_itself(nothing):
    body = rss(f"<title>a{nothing}b</title><author>Ada {nothing}</author><guid>{nothing}</guid>")
    (entry,) = unpack(pack(read_feed(body, now=NOW))).entries
    assert entry.title.replace("\ufffd", "") == "ab"


def test_elements_of_a_feeds_own_cost_only_themselves():
    one, two = read_feed(
        rss("<title>one</title><authors></authors><author>Ada Byron</author>", "<title>two</title>"), now=NOW
    ).entries
    assert (one.title, one.authors, two.title) == ("one", ("Ada Byron",), "two")


def test_a_chapter_of_a_podcast_without_a_time_costs_only_itself():
    chapters = '<psc:chapters xmlns:psc="http://podlove.org/simple-chapters" version="1.1"><psc:chapter title="c"/></psc:chapters>'
    assert only(rss(f"<title>one</title>{chapters}")).title == "one"


def test_blank_lines_without_end_cost_no_time():
    body = rss("<title>a" + "\n" * 1_000 + "b</title>").replace(b"?>", b"?>" + b"\n" * 1_000_000, 1)
    assert only(body).title == "a b"


@pytest.mark.parametrize("never_closed", ["<!--", "<a ", '<a href="', "<x<", "<![CDATA["])
def test_markup_that_is_never_closed_costs_no_time(never_closed):
    inside = never_closed.replace("<", "&lt;") * 50_000
    assert only(rss(f"<title>a</title><description>Before. {inside}</description>")).summary.startswith("Before.")


def test_a_feed_under_a_pile_of_comments_is_one():
    comments = b"<!-- note -->\n" * 200
    assert only(comments + rss("<title>a</title>").partition(b"?>")[2]).title == "a"
    assert refusal(comments + b"<html></html>") == "is a web page, not a feed"


def test_what_other_readers_read_is_told():
    assert "kind: huggingface" in refusal(b'[{"paper": {"id": "2603.01234"}}]')
    assert "kind: biorxiv" in refusal(b'{"messages": [], "collection": []}')
    assert "OpenReview" in refusal(b'{"notes": []}')
    assert "newsletter feeds import" in refusal(b'<?xml version="1.0"?><opml version="2.0"><body/></opml>')


def test_a_feed_without_items_is_quiet():
    assert read_feed(rss(), now=NOW).entries == ()


# -- fetching ------------------------------------------------------------------------------------------------------


def source(**options) -> FeedSource:
    return FeedSource(**{"kind": "feed", "name": "lab", "backlog": "skip", **options})


def test_a_feed_is_fetched_and_not_again_while_it_stays_the_same(site, ask):
    url = site.say("/feed", rss("<title>t</title>"), headers={"ETag": '"7"', "Last-Modified": "yesterday"})
    site.say("/feed", status=304)
    first = FeedFetcher().fetch(ask(source(url=url)))
    second = FeedFetcher().fetch(ask(source(url=url), first.memory))
    assert ([entry.title for entry in first.entries], first.unchanged) == (["t"], False)
    assert (second.entries, second.unchanged) == ((), True)
    assert site.asked[1].headers["if-none-match"] == '"7"'
    assert site.asked[1].headers["if-modified-since"] == "yesterday"
    assert second.memory.data["http"]["etag"] == '"7"'


def test_validators_belong_to_their_address(site, ask):
    first = FeedFetcher().fetch(ask(source(url=site.say("/a", rss(), headers={"ETag": '"7"'}))))
    FeedFetcher().fetch(ask(source(url=site.say("/b", rss())), first.memory))
    assert "if-none-match" not in site.asked[1].headers


def test_half_a_feed_is_asked_for_again(site, ask):
    whole = rss("<title>one</title>", "<title>two</title>")
    url = site.say("/feed", whole[: whole.index(b"two")], headers={"ETag": '"7"'})
    first = FeedFetcher().fetch(ask(source(url=url)))
    FeedFetcher().fetch(ask(source(url=url), first.memory))
    assert [entry.title for entry in first.entries] == ["one"]
    assert first.error == f"{url}: breaks off after 1 whole entries"
    assert "if-none-match" not in site.asked[1].headers


def test_a_lasting_move_is_learnt_after_three_sightings(site, ask):
    url = site.say("/old", status=301, headers={"Location": "/new"})
    site.say("/new", rss("<title>t</title>"), headers={"ETag": '"7"'})
    memory = None
    for _ in range(5):
        memory = FeedFetcher().fetch(ask(source(url=url), memory)).memory
    assert [asked.path for asked in site.asked] == ["/old", "/new"] * 3 + ["/new"] * 2


def test_a_move_that_does_not_hold_is_forgotten(site, ask):
    url = site.say("/old", rss("<title>back</title>"))
    moved = {"http": {"url": url, "moved_to": f"{site.url}/gone", "sightings": 3}}
    fetched = FeedFetcher().fetch(ask(source(url=url), SourceMemory(data=moved)))
    assert [entry.title for entry in fetched.entries] == ["back"]
    assert "moved_to" not in fetched.memory.data["http"]


def test_a_feed_in_a_file(tmp_path, ask):
    (tmp_path / "feed.xml").write_bytes(rss("<title>t</title><link>/a</link>"))
    fetched = FeedFetcher().fetch(ask(source(path=tmp_path / "feed.xml")))
    assert [(entry.title, entry.link) for entry in fetched.entries] == [("t", "https://lab.example/a")]


def test_a_folder_of_feeds_of_which_one_is_bad(tmp_path, ask):
    (tmp_path / "1.xml").write_bytes(rss("<title>one</title>"))
    (tmp_path / "2.xml").write_text("<html></html>")
    (tmp_path / "3.xml").write_bytes(rss("<title>three</title>", "<title>four</title>")[:-40])
    (tmp_path / ".hidden").write_text("no feed")
    fetched = FeedFetcher().fetch(ask(source(path=tmp_path)))
    assert [entry.title for entry in fetched.entries] == ["one", "three"]
    assert fetched.error == (
        f"{tmp_path}/2.xml: is a web page, not a feed; {tmp_path}/3.xml: breaks off after 1 whole entries"
    )


def test_files_by_a_pattern(tmp_path, ask):
    for name in ("b.xml", "a.xml", "c.txt"):
        (tmp_path / name).write_bytes(rss(f"<title>{name}</title>"))
    fetched = FeedFetcher().fetch(ask(source(path=tmp_path / "*.xml")))
    assert [entry.title for entry in fetched.entries] == ["a.xml", "b.xml"]


def test_a_file_that_is_not_there(tmp_path, ask):
    with pytest.raises(SourceError, match="there is no such file"):
        FeedFetcher().fetch(ask(source(path=tmp_path / "none.xml")))


def test_a_file_of_forty_megabytes_is_one_clear_line(tmp_path, ask):
    path = tmp_path / "feed.xml"
    with path.open("wb") as file:
        file.truncate(40_000_000)
    assert FeedFetcher().fetch(ask(source(path=path))).error == f"{path}: is larger than 30 MB"


def test_a_file_that_may_not_be_read_is_one_clear_line(tmp_path, ask):
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "loop.xml").symlink_to(tmp_path / "feeds" / "loop.xml")
    with pytest.raises(SourceError, match="there is no such file"):
        FeedFetcher().fetch(ask(source(path=tmp_path / "feeds" / "loop.xml")))
