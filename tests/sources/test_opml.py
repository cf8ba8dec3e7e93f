from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from newsletter.errors import UsageError
from newsletter.sources.opml import MAX_BYTES, MAX_OUTLINES, FeedList, ListedFeed, read_opml, write_opml


def read(body: str, *, charset: str = "utf-8", head: str = '<?xml version="1.0"?>') -> FeedList:
    return read_opml(f'{head}<opml version="2.0"><body>{body}</body></opml>'.encode(charset), "subs.opml")


def feeds(body: str, **options: str) -> list[tuple[str, str]]:
    return [(feed.title, feed.url) for feed in read(body, **options).feeds]


def reasons(body: str) -> list[tuple[str, str]]:
    return [(one.title, one.reason) for one in read(body).skipped]


def test_folders_are_only_the_way_to_what_is_in_them():
    listed = read(
        '<outline text="Labs"><outline text="Deep"><outline text="One" type="rss" xmlUrl="https://one.example/rss"/>'
        '</outline><outline text="Two" xmlUrl="https://two.example/atom"></outline></outline>'
    )
    assert listed == FeedList(
        (ListedFeed("One", "https://one.example/rss"), ListedFeed("Two", "https://two.example/atom"))
    )


@pytest.mark.parametrize(
    ("outline", "expected"),
    [
        ('text="T" title="U" xmlUrl="https://a.example/f"', ("T", "https://a.example/f")),
        ('text=" " title="U" xmlUrl="https://a.example/f"', ("U", "https://a.example/f")),
        ("title='U' XMLURL='https://a.example/f'", ("U", "https://a.example/f")),
        ('xmlurl = "https://a.example/f"', ("", "https://a.example/f")),
        ('text="T" type="rss" url="https://a.example/f"', ("T", "https://a.example/f")),
        ('text="a &amp; b" xmlUrl="https://a.example/?a=1&amp;b=2"', ("a & b", "https://a.example/?a=1&b=2")),
        ('text="a & b" xmlUrl="https://a.example/?a=1&b=2"', ("a & b", "https://a.example/?a=1&b=2")),
        ('text="na&iuml;ve &amp;amp; &#233;" xmlUrl="https://a.example/f"', ("naïve & é", "https://a.example/f")),
        ('text="&lt;i&gt;In vivo&lt;/i&gt;" xmlUrl="https://a.example/f"', ("In vivo", "https://a.example/f")),
        ('text="1 < 2 > 0" xmlUrl="https://a.example/f"', ("1 < 2 > 0", "https://a.example/f")),
        ('text="so "called" news" xmlUrl="https://a.example/f"', ("so", "https://a.example/f")),
        ('text="T" xmlUrl="https://a.example/a b\n/c"', ("T", "https://a.example/a%20b/c")),
        ('text="T" xmlUrl="feed://a.example/f"', ("T", "http://a.example/f")),
        ('text="T" xmlUrl="feed:https://a.example/f"', ("T", "https://a.example/f")),
        ('text="T\x01\x85" xmlUrl="https://a.example/f" x:y="z"', ("T", "https://a.example/f")),
        ('text="T" text="U" xmlUrl=https://a.example/f', ("T", "https://a.example/f")),
    ],
)
def test_an_outline_as_readers_write_it(outline, expected):
    assert feeds(f"<outline {outline} />") == [expected]


def test_prefixes_and_small_and_capital_letters_of_tags():
    assert feeds('<o:OUTLINE text="T" xmlUrl="https://a.example/f"/><outlines xmlUrl="https://b.example"/>') == [
        ("T", "https://a.example/f")
    ]


def test_what_is_no_feed_is_told_with_its_reason():
    assert reasons(
        '<outline text="List" type="include" url="https://a.example/more.opml"/>'
        '<outline text="Link" type="LINK" url="https://a.example/more.OPML"/>'
        '<outline text="Note"/><outline text="Page" type="link" url="https://a.example/"/>'
        '<outline text="Scraped" type="HTML+XPath" xmlUrl="https://a.example/"/>'
        '<outline text="Off" isComment="true" xmlUrl="https://a.example/f"/><outline text="Folder"></outline>'
    ) == [
        ("List", "is another list of feeds; download and import that one by itself"),
        ("Link", "is another list of feeds; download and import that one by itself"),
        ("Note", "has no feed address (`xmlUrl`)"),
        ("Page", "has no feed address (`xmlUrl`)"),
        ("Scraped", "is no feed: its type is HTML+XPath"),
        ("Off", "is commented out"),
    ]


def test_a_tag_gone_wrong_costs_that_tag_alone():
    listed = read(
        '<outline text="one" xmlUrl="https://one.example/f"><br></i>'
        '<outline text="no end xmlUrl="https://lost.example/f/>'
        '<outline text="three" xmlUrl="https://three.example/f"/>'
    )
    assert [feed.title for feed in listed.feeds] == ["one", "three"]


def test_comments_and_sections_of_text_hold_no_feeds():
    hidden = '<outline text="T" xmlUrl="https://a.example/f"/>'
    assert feeds(f"<!-- {hidden} --><![CDATA[{hidden}]]><?x {hidden}?>") == []


@pytest.mark.parametrize("begin", ["<!--", "<![CDATA[", "<?"])
def test_a_comment_without_end_hides_nothing(begin):
    assert feeds(f'<outline text="T" xmlUrl="https://a.example/f"/>{begin}<outline xmlUrl="https://b.example/"/>') == [
        ("T", "https://a.example/f"),
        ("", "https://b.example/"),
    ]


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_the_charset_is_seen_from_the_first_bytes(charset):
    assert feeds('<outline text="é 日" xmlUrl="https://a.example/f"/>', charset=charset) == [
        ("é 日", "https://a.example/f")
    ]


@pytest.mark.parametrize(
    ("declared", "written", "title"),
    [
        ("windows-1251", "windows-1251", "Наука"),
        ("iso-2022-jp", "iso-2022-jp", "科学"),
        ("UTF-8", "cp1252", "“é”"),
        ("ISO-8859-1", "cp1252", "“é”"),
        ("ISO-8859-1", "utf-8", "“é”"),
        ("us-ascii", "utf-8", "科学"),
        ("hex", "cp1252", "é"),
        ("no-such-charset", "cp1252", "é"),
        ("shift_jis", "utf-8", "é"),
    ],
)
def test_a_charset_right_or_wrong(declared, written, title):
    head = f'<?xml version="1.0" encoding="{declared}"?>'
    assert feeds(f'<outline text="{title}" xmlUrl="https://a.example/f"/>', charset=written, head=head) == [
        (title, "https://a.example/f")
    ]


def test_bytes_of_no_charset_at_all_still_give_the_addresses():
    body = b'<opml><outline text="\x81\xff\xfe" xmlUrl="https://a.example/f"/></opml>'
    assert [feed.url for feed in read_opml(body, "x").feeds] == ["https://a.example/f"]


def test_a_file_cut_short_gives_what_is_there():
    listed = read_opml(
        b'<opml><body><outline text="a" xmlUrl="https://a.example/f"/><outline text="b" xmlUrl="https://b.exa', "x"
    )
    assert ([feed.title for feed in listed.feeds], listed.is_whole) == (["a"], False)


@pytest.mark.parametrize(
    "content", [b"<opml version='1.1'><head/></opml>", b"<OPML><BODY></BODY></OPML>", b"<opml/>\n</opml>"]
)
def test_a_list_of_nothing_is_a_list(content):
    assert read_opml(content, "x") == FeedList(())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b" \n", "x: is empty; expected OPML, as feed readers export it"),
        (b"PK\3\4...", "x: is a zip archive; unpack the OPML file in it first"),
        (b"{}", "x: is no OPML; expected a reader's list of feeds"),
        (bytes(range(256)) * 4, "x: is no OPML; expected a reader's list of feeds"),
        (b"<rss><channel/></rss>", "x: is a feed and no list of feeds; add its address to `sources`"),
        (b"<a:feed/>", "x: is a feed and no list of feeds; add its address to `sources`"),
        (
            b"<!DOCTYPE html><html></html>",
            "x: is a web page and no OPML; look for the reader's own export of its feeds",
        ),
        (
            b'<!DOCTYPE opml [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><opml><outline text="&c;"/></opml>',
            "x: declares entities of its own, which are not read; expected plain OPML",
        ),
        (
            b"<opml>" + b"<outline>" * (MAX_OUTLINES + 1),
            f"x: holds more than {MAX_OUTLINES:,} outlines; expected far fewer",
        ),
        (b" " * MAX_BYTES + b"x", "x: is larger than 10 MB, which is the most that is read"),
    ],
)
def test_what_is_no_opml_is_told_in_one_line(content, message):
    with pytest.raises(UsageError) as caught:
        read_opml(content, "x")
    assert str(caught.value) == message


def test_nesting_of_any_depth_is_read():
    body = '<outline text="deeper">' * 9_000 + '<outline text="T" xmlUrl="https://a.example/f"/>'
    assert feeds(body) == [("T", "https://a.example/f")]


@pytest.mark.parametrize("part", ['a="b" ', "'\"", "&abcdefgh", "a='b\" ", "< ", "<!--", "&#x41;", '<x a="'])
def test_a_tag_without_end_is_read_in_passing(part):
    listed = read_opml(('<opml><outline text="' + part * (1_000_000 // len(part))).encode(), "x")
    assert listed.feeds == ()


def test_what_is_written_is_opml_that_reads_back():
    listed = (ListedFeed('A & "B" <c>', "https://a.example/f?a=1&b='2'"), ListedFeed("日本", "https://b.example/é"))
    written = write_opml("Mine & yours", listed)
    root = ET.fromstring(written)
    assert (root.tag, root.get("version"), root.findtext("head/title")) == ("opml", "2.0", "Mine & yours")
    assert [outline.get("type") for outline in root.iterfind("body/outline")] == ["rss", "rss"]
    assert all(outline.get("text") == outline.get("title") for outline in root.iterfind("body/outline"))
    assert read_opml(written, "x") == FeedList(listed)
