"""The nightly list: when it is asked for, what it adds, and what becomes of it when it is away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from patience import with_patience
from website import drip

from newsletter.config.settings import ArxivSource
from newsletter.errors import SourceError
from newsletter.model import Entry, Fetched
from newsletter.sources.arxiv import ArxivFetcher
from newsletter.sources.arxiv_nightly import NightlyList, last_night, listed_as
from newsletter.sources.limiter import Limiter

FIRST = datetime(2026, 3, 11, 9, tzinfo=UTC)  # a Wednesday
DAY = timedelta(days=1)


def feed(*names: str) -> bytes:
    items = (
        f"<item><title>On {name}</title><link>https://arxiv.org/abs/{name}</link><category>cs.NE</category>"
        f'<guid isPermaLink="false">oai:arXiv.org:{name}v1</guid><arxiv:announce_type>new</arxiv:announce_type></item>'
        for name in names
    )
    return (
        '<rss xmlns:arxiv="http://arxiv.org/schemas/atom" version="2.0"><channel><title>cs.NE</title>'
        f"{''.join(items)}</channel></rss>"
    ).encode()


def record(name: str, *, versions: int = 1, categories: str = "cs.NE") -> str:
    dates = "".join(
        f"<version version='v{number}'><date>Tue, {number + 9} Mar 2026 18:00:00 GMT</date></version>"
        for number in range(1, versions + 1)
    )
    return (
        f"<record><header><identifier>oai:arXiv.org:{name}</identifier><datestamp>2026-03-12</datestamp></header>"
        f"<metadata><arXivRaw><id>{name}</id>{dates}<title>On {name}</title><authors>A. B</authors>"
        f"<categories>{categories}</categories><abstract>We.</abstract></arXivRaw></metadata></record>"
    )


def oai(*inside: str, day: str = "2026-03-12", token: str = "") -> bytes:
    return (
        f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>{day}T03:10:00Z</responseDate>'
        f"<ListRecords>{''.join(inside)}<resumptionToken>{token}</resumptionToken></ListRecords></OAI-PMH>"
    ).encode()


@pytest.fixture
def source(site):
    def make(**options) -> ArxivSource:
        own = {"name": "arxiv", "url": f"{site.url}/rss", "oai_url": f"{site.url}/oai", "full_records": False}
        return ArxivSource(**{"kind": "arxiv", "categories": ("cs.NE",), **own, **options})

    return make


@pytest.fixture
def fetch(ask, source, tmp_path, pauses):
    """Fetches at some instant with what the fetch before remembered."""
    limiter = Limiter("test", 3.0, folder=tmp_path, clock=lambda: 1000.0, sleep=pauses)

    def fetch_at(now: datetime, before: Fetched | None = None, *, seconds: float = 60, **options) -> Fetched:
        fetcher = ArxivFetcher(limiter=limiter, nightly=NightlyList(limiter, seconds=seconds))
        return fetcher.fetch(ask(source(**options), before and before.memory, now=now))

    return fetch_at


def asked_for(site) -> list[dict[str, str]]:
    return [{key: values[0] for key, values in one.query.items()} for one in site.asked if one.path == "/oai"]


# -- when it is asked for ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "night"),
    [
        ("2026-03-11T09:00Z", "2026-03-10"),  # Wednesday morning: Tuesday's evening
        ("2026-03-12T02:00Z", "2026-03-10"),  # 22:00 in New York: too early for Wednesday's
        ("2026-03-12T04:00Z", "2026-03-11"),
        ("2026-03-14T12:00Z", "2026-03-12"),  # Saturday: Thursday's was the last
        ("2026-03-16T04:00Z", "2026-03-15"),  # Sunday's is out
    ],
)
def test_the_last_evening_by_the_clock_of_new_york(now, night):
    assert last_night(datetime.fromisoformat(now)).isoformat() == night


def test_the_first_fetch_only_notes_where_to_begin(site, fetch):
    site.say("/rss/cs.NE", feed("2603.01000"))
    first = fetch(FIRST)
    assert asked_for(site) == []
    assert first.memory.data["nightly"] == {
        "newest": "2603.01000",
        "lists": {"cs.NE": {"since": "2026-03-11", "night": "2026-03-10"}},
    }


def test_it_is_asked_for_once_a_night(site, fetch):
    site.say("/rss/cs.NE", feed("2603.01000"))
    site.say("/oai", oai(record("2603.02000")))
    fetched = fetch(FIRST)
    for hours in (1, 24, 25, 30):
        fetched = fetch(FIRST + timedelta(hours=hours), fetched)
    assert asked_for(site) == [
        {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "set": "cs:cs:NE", "from": "2026-03-11"}
    ]
    assert fetched.memory.data["nightly"]["lists"]["cs.NE"]["night"] == "2026-03-11"


def test_each_category_has_its_list_and_one_limiter_spaces_all_requests(site, fetch, pauses):
    site.say("/rss/cs.NE+hep-th", feed())
    site.say("/oai", oai())
    fetch(FIRST + DAY, fetch(FIRST, categories=("cs.NE", "hep-th")), categories=("cs.NE", "hep-th"))
    assert [one["set"] for one in asked_for(site)] == ["cs:cs:NE", "physics:hep-th"]
    assert pauses.taken == [0.0, 3.0, 3.0, 3.0]


def test_it_may_be_declined(site, fetch):
    site.say("/rss/cs.NE", feed())
    fetched = fetch(FIRST + 9 * DAY, fetch(FIRST, reconcile=False), reconcile=False)
    assert (asked_for(site), "nightly" in fetched.memory.data) == ([], False)


# -- what it adds --------------------------------------------------------------------------------------------------


def test_what_was_never_announced_comes_with_the_list(site, fetch):
    site.say("/rss/cs.NE", feed("2603.01000"))
    site.say("/rss/cs.NE", feed("2603.02000"))
    site.say("/oai", oai(record("2603.02000"), record("2603.01500"), record("2402.00001", versions=2)))
    fetched = fetch(FIRST + DAY, fetch(FIRST))
    assert [(entry.arxiv_id, entry.announce_type) for entry in fetched.entries] == [
        ("2603.02000", "new"),
        ("2603.01500", "new"),
        ("2402.00001", "replace"),
    ]
    assert fetched.error is None


def test_days_on_which_nobody_asked_are_made_good(site, fetch):
    site.say("/rss/cs.NE", feed("2602.01000"))
    site.say("/rss/cs.NE", feed("2603.09000"))
    site.say("/oai", oai(record("2602.05000"), token="more"))
    site.say("/oai", oai(record("2603.00500", versions=2), record("2603.09000"), day="2026-03-12"))
    start = FIRST - 20 * DAY
    fetched = fetch(FIRST, fetch(start))
    assert [one.get("from") or one["resumptionToken"] for one in asked_for(site)] == ["2026-02-19", "more"]
    assert [(entry.arxiv_id, entry.announce_type) for entry in fetched.entries] == [
        ("2603.09000", "new"),
        ("2602.05000", "new"),
        ("2603.00500", "new"),  # replaced before we ever heard of it
    ]
    assert fetched.memory.data["nightly"]["lists"]["cs.NE"]["since"] == "2026-03-10"


def test_no_more_than_a_month_is_made_good(site, fetch):
    site.say("/rss/cs.NE", feed())
    site.say("/oai", oai())
    fetch(FIRST, fetch(FIRST - 300 * DAY))
    assert asked_for(site)[0]["from"] == "2026-02-09"


def test_an_unchanged_feed_may_still_have_late_papers(site, fetch):
    site.say("/rss/cs.NE", feed("2603.01000"), headers={"ETag": '"7"'})
    site.say("/rss/cs.NE", status=304)
    site.say("/oai", oai(record("2603.01500")))
    site.say("/oai", oai())
    second = fetch(FIRST + DAY, fetch(FIRST))
    third = fetch(FIRST + 2 * DAY, second)
    assert [(one.unchanged, len(one.entries)) for one in (second, third)] == [(False, 1), (True, 0)]


LISTED = Entry(title="A", arxiv_id="2603.01500", arxiv_version=1, categories=("cs.NE", "cs.LG"))


@pytest.mark.parametrize(
    ("said", "categories", "kind"),
    [
        ({}, ["cs.NE"], "new"),
        ({}, ["cs"], "new"),
        ({}, ["cs.LG"], "cross"),
        ({"arxiv_version": 3}, ["cs.NE"], "replace"),  # announced before what we saw last
        ({"arxiv_version": 3}, ["cs.LG"], "replace-cross"),
        ({"arxiv_version": 3, "arxiv_id": "2603.02001"}, ["cs.NE"], "new"),
        ({"arxiv_id": "2602.09999"}, ["cs.NE"], "replace"),  # of last month: only its record has changed
        ({"arxiv_id": "hep-th/9901001"}, ["cs.NE"], "replace"),
        ({"arxiv_version": None}, ["cs.NE"], "new"),
        ({"arxiv_version": None, "published": FIRST - DAY, "updated": FIRST}, ["cs.NE"], "replace"),
    ],
)
def test_ids_tell_why_a_paper_is_listed(said, categories, kind):
    entry = listed_as(replace(LISTED, **said), categories, since="2026-03-10", newest_before="2603.02000")
    assert entry.announce_type == kind


def test_without_any_id_seen_before_only_first_versions_are_new():
    entry = listed_as(replace(LISTED, arxiv_version=2), ["cs.NE"], since="2026-03-10", newest_before="")
    assert entry.announce_type == "replace"


# -- when it is away -----------------------------------------------------------------------------------------------


def test_announcements_count_while_the_list_is_away(site, fetch):
    site.say("/rss/cs.NE", feed("2603.01000"))
    site.say("/rss/cs.NE", feed("2603.02000"))
    site.say("/oai", status=503, headers={"Retry-After": "7200"})
    fetched = fetch(FIRST + DAY, fetch(FIRST, categories=("cs.NE",)))
    assert ([entry.arxiv_id for entry in fetched.entries], fetched.error) == (["2603.02000"], None)
    notes = fetched.memory.data["nightly"]
    assert timedelta(hours=1.9) < datetime.fromisoformat(notes["retry_at"]) - datetime.now(UTC) <= timedelta(hours=2)
    assert (notes["failures"], "answered 503" in notes["problem"]) == (1, True)
    fetch(FIRST + DAY, fetched)
    assert len(asked_for(site)) == 1, "Retry-After is kept to"


def rested(fetched: Fetched) -> Fetched:
    """The same, as if its pause were over."""
    nightly = {**fetched.memory.data["nightly"], "retry_at": "2020-01-01T00:00:00+00:00"}
    return replace(fetched, memory=replace(fetched.memory, data={**fetched.memory.data, "nightly": nightly}))


def test_it_is_asked_again_later_and_nothing_is_lost(site, fetch):
    site.say("/rss/cs.NE", feed("2603.01000"))
    site.say("/oai", b"<html>down for repairs</html>")
    site.say("/oai", oai(record("2603.01500")))
    failed = fetch(FIRST + DAY, fetch(FIRST))
    assert failed.memory.data["nightly"]["lists"]["cs.NE"]["night"] == "2026-03-10"
    fetched = fetch(FIRST + DAY, rested(failed))
    assert [entry.arxiv_id for entry in fetched.entries] == ["2603.01000", "2603.01500"]
    assert "problem" not in fetched.memory.data["nightly"]


def test_pages_before_the_trouble_are_kept(site, fetch):
    site.say("/rss/cs.NE", feed())
    site.say("/oai", oai(record("2603.01500"), token="more"))
    site.say("/oai", "<OAI-PMH><error code='badResumptionToken'>expired</error></OAI-PMH>")
    fetched = fetch(FIRST + DAY, fetch(FIRST))
    assert [entry.arxiv_id for entry in fetched.entries] == ["2603.01500"]
    assert fetched.memory.data["nightly"]["lists"]["cs.NE"]["since"] == "2026-03-11"
    assert "badResumptionToken: expired" in fetched.memory.data["nightly"]["problem"]


def test_a_list_that_it_does_not_have_stands_in_no_other_lists_way(site, fetch):
    both = {"categories": ("cs.XX", "cs.NE")}
    site.say("/rss/cs.XX+cs.NE", feed())
    site.say("/oai", "<OAI-PMH><error code='badArgument'>Set does not exist</error></OAI-PMH>")
    site.say("/oai", oai(record("2603.01500")))
    fetched = fetch(FIRST + DAY, fetch(FIRST, **both), **both)
    assert len(fetched.entries) == 1
    nights = {name: one["night"] for name, one in fetched.memory.data["nightly"]["lists"].items()}
    assert nights == {"cs.XX": "2026-03-10", "cs.NE": "2026-03-11"}


def test_a_service_that_is_away_is_asked_for_one_list_only(site, fetch):
    both = {"categories": ("cs.LG", "cs.NE")}
    site.say("/rss/cs.LG+cs.NE", feed())
    site.say("/oai", status=404)
    fetched = fetch(FIRST + DAY, fetch(FIRST, **both), **both)
    assert (len(asked_for(site)), fetched.error) == (1, None)


def test_a_list_without_an_end_is_left(site, fetch):
    site.say("/rss/cs.NE", feed())
    site.say("/oai", oai(record("2603.01500"), token="again"))
    fetched = fetch(FIRST + DAY, fetch(FIRST))
    assert len(asked_for(site)) == 2
    assert "does not come to an end" in fetched.memory.data["nightly"]["problem"]


def test_a_person_hears_of_it_when_it_is_away_for_long(site, fetch):
    site.say("/rss/cs.NE", feed())
    site.say("/oai", status=404)
    fetched = fetch(FIRST)
    remarks = []
    for days in range(1, 8):
        fetched = fetch(
            FIRST + days * DAY, rested(fetched) if fetched.memory.data["nightly"].get("problem") else fetched
        )
        remarks.append(fetched.remark)
    assert remarks[:2] == [None, None]
    assert "late papers may be missing; the nightly list was last read on 2026-03-10" in remarks[-1]
    assert fetched.error is None


def test_a_slow_list_is_given_up_and_the_announcements_stand(site, fetch):
    site.say("/rss/cs.NE", feed("2603.01000"))
    site.play("/oai", drip)
    first = fetch(FIRST)

    def check(seconds: float) -> None:
        site.asked.clear()
        fetched = fetch(FIRST + DAY, first, seconds=seconds)
        assert (len(fetched.entries), fetched.error, len(asked_for(site))) == (1, None, 1)
        assert f"took longer than {seconds:g} s" in fetched.memory.data["nightly"]["problem"]

    with_patience(check)


# -- when the announcements are away -------------------------------------------------------------------------------


def test_the_list_stands_in_for_a_feed_that_is_broken(site, fetch):
    site.say("/rss/cs.NE", feed("2603.01000"))
    site.say("/rss/cs.NE", "<html>new design!</html>")
    site.say("/oai", oai(record("2603.01500")))
    fetched = fetch(FIRST + DAY, fetch(FIRST))
    assert [entry.arxiv_id for entry in fetched.entries] == ["2603.01500"]
    assert "neither an announcement feed" in fetched.error
    with pytest.raises(SourceError, match="neither an announcement feed"):
        fetch(FIRST + DAY, fetched)


@pytest.mark.parametrize("status", [429, 503])
def test_an_arxiv_that_wants_fewer_requests_gets_no_further_one(site, fetch, status):
    site.say("/rss/cs.NE", feed("2603.01000"))
    site.say("/rss/cs.NE", status=status)
    first = fetch(FIRST)
    with pytest.raises(SourceError, match=f"answered {status}"):
        fetch(FIRST + DAY, first)
    assert asked_for(site) == []
