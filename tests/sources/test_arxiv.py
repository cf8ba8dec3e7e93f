"""Announcement feeds in both formats, full records, errors that arrive as entries, and manners."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.config.settings import ArxivSource
from newsletter.errors import SourceError
from newsletter.model import SourceMemory
from newsletter.sources.arxiv import ArxivFetcher
from newsletter.sources.arxiv_xml import read_arxiv
from newsletter.sources.limiter import Limiter


def rss(*items: str, title: str = "cs.NE updates on arXiv.org") -> bytes:
    return (
        '<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">'
        f"<channel><title>{title}</title><description>why not</description>{''.join(items)}</channel></rss>"
    ).encode()


def announced(name: str = "2603.01234v1", kind: str = "new", more: str = "") -> str:
    return (
        f"<item><title>On {name}</title><link>https://arxiv.org/abs/{name.partition('v')[0]}</link>"
        f"<description>arXiv:{name} Announce Type: {kind} \nAbstract: We show p&lt;0.05.</description>"
        f'<guid isPermaLink="false">oai:arXiv.org:{name}</guid><category>cs.NE</category><category>q-bio.NC</category>'
        f"<pubDate>Wed, 11 Mar 2026 00:00:00 -0400</pubDate><arxiv:announce_type>{kind}</arxiv:announce_type>"
        f"<dc:creator>Andr\\'e Weil, Ada Byron</dc:creator>{more}</item>"
    )


def api(*entries: str, total: int | None = None) -> bytes:
    return (
        '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"><id>x</id>'
        f"<opensearch:totalResults>{len(entries) if total is None else total}</opensearch:totalResults>"
        f"{''.join(entries)}</feed>"
    ).encode()


def record(name: str = "2603.01234v2", more: str = "") -> str:
    return (
        f"<entry><id>http://arxiv.org/abs/{name}</id><title>On\n  {name}</title><summary>  We show p&lt;0.05 fully. "
        "</summary><published>2026-03-09T18:00:00Z</published><updated>2026-03-10T18:00:00Z</updated>"
        "<author><name>André Weil</name><arxiv:affiliation>The Lab</arxiv:affiliation></author>"
        "<author><name>Ada Byron</name></author>"
        '<category term="q-bio.NC"/><category term="cs.NE"/><arxiv:primary_category term="cs.NE"/>'
        f'<link title="pdf" href="https://arxiv.org/pdf/{name}" rel="related"/>'
        "<arxiv:comment>9 pages, accepted at a good place</arxiv:comment>"
        f"<arxiv:journal_ref>J. Good 1 (2026)</arxiv:journal_ref><arxiv:doi>10.5555/GOOD.1</arxiv:doi>{more}</entry>"
    )


ERROR = (
    "<entry><id>https://arxiv.org/api/errors#incorrect_id</id><title>Error</title>"
    "<summary>incorrect id format for abc</summary></entry>"
)


# -- reading -------------------------------------------------------------------------------------------------------


def test_an_announcement():
    (entry,) = read_arxiv(rss(announced())).entries
    assert (entry.arxiv_id, entry.arxiv_version, entry.announce_type) == ("2603.01234", 1, "new")
    assert (entry.title, entry.summary) == ("On 2603.01234v1", "We show p<0.05.")
    assert entry.authors == ("André Weil", "Ada Byron")
    assert entry.categories == ("cs.NE", "q-bio.NC")
    assert entry.listed_at == entry.published == datetime(2026, 3, 11, tzinfo=UTC)
    assert (entry.link, entry.pdf_link) == ("https://arxiv.org/abs/2603.01234", "https://arxiv.org/pdf/2603.01234")


@pytest.mark.parametrize("kind", ["cross", "replace", "replace-cross"])
def test_what_is_announced_again_was_not_written_today(kind):
    (entry,) = read_arxiv(rss(announced("2401.00001v4", kind))).entries
    assert (entry.announce_type, entry.published) == (kind, None)
    assert entry.listed_at == datetime(2026, 3, 11, tzinfo=UTC)


def test_an_announcement_with_a_journal():
    more = "<arxiv:DOI>10.5555/GOOD.1</arxiv:DOI><arxiv:journal_reference>J. Good 1</arxiv:journal_reference>"
    (entry,) = read_arxiv(rss(announced(more=more))).entries
    assert (entry.doi, entry.venue) == ("10.5555/good.1", "J. Good 1")


def test_an_announcement_in_atom():
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><entry><id>oai:arXiv.org:math/0601001v3</id><title>Old</title>'
        "<updated>2026-03-11T04:00:00+00:00</updated><published>2026-03-11T00:00:00-04:00</published>"
        "<summary>arXiv:math/0601001v3 Announce Type: replace \nAbstract: It is old.</summary>"
        '<category term="math.AP"/><arxiv:announce_type>replace</arxiv:announce_type>'
        "<dc:creator>Ada Byron</dc:creator></entry></feed>"
    )
    (entry,) = read_arxiv(body.encode()).entries
    assert (entry.arxiv_id, entry.arxiv_version, entry.categories) == ("math/0601001", 3, ("math.AP",))
    assert (entry.summary, entry.authors, entry.updated) == ("It is old.", ("Ada Byron",), None)


def test_a_full_record():
    (entry,) = read_arxiv(api(record())).entries
    assert (entry.arxiv_id, entry.arxiv_version) == ("2603.01234", 2)
    assert (entry.title, entry.summary) == ("On 2603.01234v2", "We show p<0.05 fully.")
    assert (entry.authors, entry.organization) == (("André Weil", "Ada Byron"), "The Lab")
    assert entry.categories == ("cs.NE", "q-bio.NC")
    assert entry.published == datetime(2026, 3, 9, 18, tzinfo=UTC)
    assert entry.updated == datetime(2026, 3, 10, 18, tzinfo=UTC)
    assert (entry.comment, entry.venue) == ("9 pages, accepted at a good place", "J. Good 1 (2026)")
    assert (entry.doi, entry.pdf_link) == ("10.5555/good.1", "https://arxiv.org/pdf/2603.01234v2")
    assert not entry.withdrawn


@pytest.mark.parametrize("comment", ["This paper has been withdrawn by the authors", "Withdrawn due to an error"])
def test_a_withdrawn_paper(comment):
    body = api(record()).replace(b"9 pages, accepted at a good place", comment.encode())
    assert read_arxiv(body).entries[0].withdrawn


def test_a_paper_about_withdrawal_is_not_withdrawn():
    body = api(record()).replace(b"We show p&lt;0.05 fully.", b"When the drug is withdrawn, patients recover.")
    assert not read_arxiv(body).entries[0].withdrawn


def test_an_empty_weekend_and_an_unknown_id_are_no_errors():
    assert read_arxiv(rss()).entries == ()
    assert read_arxiv(api()).facts == {"total": 0}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b" ", "is empty"),
        (api(ERROR), "says: incorrect id format for abc"),
        (rss(title="Feed error for query: cs.NONE"), "says: why not"),
        (rss("<item><title>A recipe</title><link>https://food.example</link></item>"), "none of its items is an arXiv"),
        (b"<html><body></body></html>", "neither an announcement feed nor an answer"),
        (api(record())[:-30], "breaks off"),
        (b"hello", "is no XML"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(body, said):
    with pytest.raises(SourceError, match=said):
        read_arxiv(body)


def test_items_and_entries_without_an_id_are_passed_over():
    assert len(read_arxiv(rss("<item><title>x</title></item>", announced())).entries) == 1
    assert len(read_arxiv(api("<entry><title>x</title></entry>", record())).entries) == 1


# -- fetching ------------------------------------------------------------------------------------------------------


@pytest.fixture
def fetcher(site, tmp_path, pauses) -> ArxivFetcher:
    limiter = Limiter("test", 3.0, folder=tmp_path, clock=lambda: 1000.0, sleep=pauses)
    return ArxivFetcher(limiter=limiter)


@pytest.fixture
def source(site):
    def make(**options) -> ArxivSource:
        own = {"name": "arxiv", "url": f"{site.url}/rss", "api_url": f"{site.url}/api", "oai_url": f"{site.url}/oai"}
        return ArxivSource(**{"kind": "arxiv", "categories": ("cs.NE", "q-bio.NC"), **own, **options})

    return make


FEED = "/rss/cs.NE+q-bio.NC"


def test_announcements_are_completed_by_full_records(site, ask, source, fetcher):
    site.say(FEED, rss(announced(), announced("2603.09999v1", "cross")))
    site.say("/api", api(record()))
    fetched = fetcher.fetch(ask(source()))
    first, second = fetched.entries
    assert (first.summary, first.announce_type, first.comment) == (
        "We show p<0.05 fully.",
        "new",
        "9 pages, accepted at a good place",
    )
    assert first.listed_at == datetime(2026, 3, 11, tzinfo=UTC)
    assert (second.arxiv_id, second.comment) == ("2603.09999", None)
    assert site.asked[1].query["id_list"] == ["2603.01234,2603.09999"]
    assert fetched.error is None


def test_requests_are_three_seconds_apart(site, ask, source, fetcher, pauses):
    site.say(FEED, rss(*(announced(f"2603.{n:05}v1") for n in range(150))))
    site.say("/api", api(record()))
    fetcher.fetch(ask(source()))
    assert [asked.path for asked in site.asked] == [FEED, "/api", "/api"]
    assert pauses.taken == [0.0, 3.0, 3.0]


def test_full_records_may_be_declined(site, ask, source, fetcher):
    site.say(FEED, rss(announced()))
    fetched = fetcher.fetch(ask(source(full_records=False)))
    assert [entry.summary for entry in fetched.entries] == ["We show p<0.05."]
    assert len(site.asked) == 1


def test_an_unchanged_feed_asks_for_no_records(site, ask, source, fetcher):
    site.say(FEED, rss(announced()), headers={"ETag": '"7"'})
    site.say(FEED, status=304)
    site.say("/api", api(record()))
    first = fetcher.fetch(ask(source()))
    second = fetcher.fetch(ask(source(), first.memory))
    assert second.unchanged
    assert [asked.path for asked in site.asked] == [FEED, "/api", FEED]


def test_papers_are_completed_once(site, ask, source, fetcher):
    site.say(FEED, rss(announced()))
    site.say(FEED, rss(announced(), announced("2603.00002v1")))
    site.say("/api", api(record()))
    first = fetcher.fetch(ask(source()))
    second = fetcher.fetch(ask(source(), first.memory))
    assert len(second.entries) == 2
    assert site.asked[3].query["id_list"] == ["2603.00002"]


def test_an_empty_page_against_its_own_total_is_asked_for_again(site, ask, source, fetcher):
    site.say(FEED, rss(announced()))
    site.say("/api", api(total=1))
    site.say("/api", api(record()))
    fetched = fetcher.fetch(ask(source()))
    assert (fetched.entries[0].comment is not None, fetched.error) == (True, None)


def test_without_full_records_the_announcements_stand(site, ask, source, fetcher):
    site.say(FEED, rss(announced()), headers={"ETag": '"7"'})
    site.say("/api", api(total=1))
    fetched = fetcher.fetch(ask(source()))
    assert [entry.summary for entry in fetched.entries] == ["We show p<0.05."]
    assert "3 times with an empty page" in fetched.error
    assert len([asked for asked in site.asked if asked.path == "/api"]) == 3
    assert fetched.memory.data["http"]["etag"] is None


def test_an_overloaded_api_is_left_alone_as_long_as_it_wishes(site, ask, source, fetcher):
    """The announcements stand, and neither it nor the nightly list is asked further."""
    site.say(FEED, rss(announced()))
    site.say("/api", status=503, headers={"Retry-After": "7200"})
    fetched = fetcher.fetch(ask(source()))
    assert ([asked.path for asked in site.asked], len(fetched.entries)) == ([FEED, "/api"], 1)
    assert timedelta(minutes=119) < fetched.memory.retry_at - datetime.now(UTC) <= timedelta(hours=2)
    assert "nightly" not in fetched.memory.data


def test_the_error_of_the_api_is_told_in_its_own_words(site, ask, source, fetcher):
    site.say(FEED, rss(announced()))
    site.say("/api", api(ERROR), status=400)
    assert "says: incorrect id format for abc" in fetcher.fetch(ask(source())).error


@pytest.mark.parametrize(("body", "said"), [(b"", "answered 400"), (api(), "answered 400"), (b"down", "is no XML")])
def test_an_error_without_words_is_told_by_its_status(site, ask, source, fetcher, body, said):  # noqa: PLR0917
    site.say(FEED, rss(announced()))
    site.say("/api", body, status=400)
    assert said in fetcher.fetch(ask(source())).error


def test_recorded_answers_of_both_kinds(tmp_path, ask, source, fetcher):
    (tmp_path / "1.xml").write_bytes(rss(announced("2603.00001v1")))
    (tmp_path / "2.xml").write_bytes(api(record("2603.00002v1")))
    fetched = fetcher.fetch(ask(source(path=tmp_path)))
    assert [entry.arxiv_id for entry in fetched.entries] == ["2603.00001", "2603.00002"]


def test_several_categories_are_watched_each_by_itself(site, ask, source, fetcher):
    site.say(FEED, rss(announced()))
    site.say("/rss/cs.NE", rss(announced()))
    several, one = source(full_records=False), source(full_records=False, categories=("cs.NE",))
    assert fetcher.fetch(ask(several)).memory.data["parts"] == ["cs.NE", "q-bio.NC"]
    assert fetcher.fetch(ask(one)).memory.data["parts"] == []


# -- the limiter ---------------------------------------------------------------------------------------------------


def test_the_pause_is_shared_through_a_file(tmp_path, pauses):
    at = [100.0]
    limiters = [Limiter("x", 3.0, folder=tmp_path, clock=lambda: at[0], sleep=pauses) for _ in range(2)]
    for limiter, moment in zip([*limiters, limiters[0]], [100.0, 101.0, 90.0], strict=True):
        at[0] = moment
        with limiter:
            pass
    assert pauses.taken == [0.0, 2.0, 3.0]


def test_a_limiter_that_cannot_lock_lets_go(tmp_path):
    limiter = Limiter("x", 3.0, folder=tmp_path / "missing")
    for _ in range(2):
        with pytest.raises(OSError, match="missing"), limiter:
            pass


def test_memory_of_another_kind_is_no_stumbling_block(site, ask, source, fetcher):
    site.say(FEED, rss())
    assert fetcher.fetch(ask(source(), SourceMemory(data={"else": 1}))).memory.data["else"] == 1
