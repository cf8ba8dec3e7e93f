"""XML with a wrong character or two."""

from __future__ import annotations

import pytest

from newsletter.errors import SourceError
from newsletter.sources.arxiv_xml import read_arxiv
from newsletter.sources.mending import read_xml

FEED = (
    '<rss xmlns:arxiv="http://arxiv.org/schemas/atom" version="2.0"><channel><title>t</title>'
    "<item><title>{title}</title><guid>oai:arXiv.org:2603.01234v1</guid></item>"
    "<item><title>Another</title><guid>oai:arXiv.org:2603.01235v1</guid></item></channel></rss>"
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("AT&T", "AT&T"),
        ("caf&eacute;&nbsp;au lait", "café au lait"),
        ("p < 0.05 &lt; 1", "p < 0.05 < 1"),
        ("a\x08b&#7;c&#xd800;d", "abcd"),
        ("&nosuchname; &amp;", "&nosuchname; &"),
    ],
)
def test_a_wrong_character_in_one_title_costs_nobody_the_others(written, read):
    one, two = read_arxiv(FEED.format(title=written).encode()).entries
    assert (one.title.replace("\ufffd", ""), two.title) == (read, "Another")


def test_a_byte_in_another_charset_costs_only_itself():
    one, two = read_arxiv(FEED.format(title="caf#").encode().replace(b"#", b"\xe9")).entries
    assert (one.title, two.title) == ("caf\ufffd", "Another")


@pytest.mark.parametrize("body", [b"<a>", b"<a><b></a>", b"", b"a", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;&d;</a>"])
def test_what_breaks_off_or_declares_entities_is_not_guessed_at(body):
    with pytest.raises(SourceError, match="is no XML, or breaks off"):
        read_xml(body)
