"""A few dozen feeds gone wrong; thousands more are a matter of ``make corpora``."""

from __future__ import annotations

import pytest

from newsletter.errors import SourceError
from newsletter.sources.isolated import Children
from newsletter.sources.trouble import Unreadable
from newsletter.testing.mutants import MUTATIONS, mutants

FEED, NOW = "newsletter.sources.feed:read_feed", "2026-03-11T09:00:00+00:00"
RSS = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>A lab</title>'
    "<item><title>Löss &amp; worms</title><link>https://lab.example/1</link><pubDate>Wed, 11 Mar 2026 08:00:00 GMT</pubDate>"
    "<description><![CDATA[<p>They <b>sleep</b>.</p>]]></description></item><item><title>More</title></item></channel></rss>"
).encode()
ATOM = (
    b'<feed xmlns="http://www.w3.org/2005/Atom"><title>A blog</title><entry><id>tag:1</id><title type="html">On mice</title>'
    b'<link href="https://blog.example/1"/><updated>2026-03-10T08:00:00Z</updated><content>They run.</content></entry></feed>'
)
JSON = b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "On men", "content_text": "They sit."}]}'
ARXIV = (
    b'<rss xmlns:arxiv="http://arxiv.org/schemas/atom" version="2.0"><channel><title>cs.NE</title><item><title>On spikes</title>'
    b"<guid>oai:arXiv.org:2603.01234v1</guid><arxiv:announce_type>new</arxiv:announce_type></item></channel></rss>"
)
FEEDS = [RSS, ATOM, JSON, ARXIV]


@pytest.mark.parametrize("seed", range(4))
def test_feeds_gone_wrong_harm_nothing_and_nobody(seed):
    children, readable, lines = Children(1), 0, []
    for number, mutant in enumerate(mutants(FEEDS, 3 * len(MUTATIONS), seed=seed)):
        try:
            readable += bool(
                children.read(FEED, mutant.body, where="x", now=NOW, content_type=mutant.content_type).entries
            )
        except Unreadable as error:
            pytest.fail(f"{number} {mutant.kind}: {error}")
        except SourceError as error:
            lines.append(str(error))
        assert len(children.idle) == 1
    assert readable >= 5
    assert all(line.startswith("x: ") and "\n" not in line for line in lines)
    first, *_ = children.read(FEED, RSS, where="y", now=NOW).entries
    assert (first.title, first.summary) == ("Löss & worms", "They sleep.")
    children.close()


def test_the_same_seed_makes_the_same_mutants():
    assert list(mutants(FEEDS, 20, seed=7)) == list(mutants(FEEDS, 20, seed=7))
    assert list(mutants(FEEDS, 20, seed=7)) != list(mutants(FEEDS, 20, seed=8))
    assert [mutant.kind for mutant in mutants([b""], len(MUTATIONS), seed=1)] == [one.__name__ for one in MUTATIONS]


def test_what_a_reader_could_not_bear_is_told_apart(children):
    with pytest.raises(Unreadable, match="x: cannot be read"):
        children.read("newsletter.sources.feed:no_such_reader", b"", where="x")
