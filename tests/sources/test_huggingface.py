"""Daily Papers: nested and flat fields, paging, days without a list."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.config.settings import HuggingFaceSource
from newsletter.errors import SourceError
from newsletter.model import Signals, SourceMemory
from newsletter.sources.huggingface import HuggingFaceFetcher, read_daily_papers
from newsletter.sources.trouble import Refused


def paper(name: str = "2603.01234", **more: object) -> dict[str, object]:
    return {
        "id": name,
        "title": f"Paper {name}",
        "summary": "It says\nsomething.",
        "authors": [
            {"name": "Ada Byron"},
            {"name": "Left Out", "hidden": True},
            {"name": "Mary Shelley", "hidden": False},
        ],
        "publishedAt": "2026-03-09T00:00:00.000Z",
        "submittedOnDailyAt": "2026-03-11T05:30:00.000Z",
        "upvotes": 12,
        "discussionId": "d1",
        **more,
    }


def item(name: str = "2603.01234", *, outside: dict[str, object] | None = None, **inside: object) -> dict[str, object]:
    return {
        "paper": paper(name, **inside),
        "publishedAt": "2026-03-08T20:00:00.000Z",
        "title": "outer",
        "numComments": 3,
        "thumbnail": "https://cdn.example/t.png",
        **(outside or {}),
    }


def only(*items: object):
    (entry,) = read_daily_papers(json.dumps(list(items)).encode()).entries
    return entry


def test_an_item_of_the_list():
    entry = only(
        item(
            githubRepo="https://github.com/lab/code",
            githubStars=7,
            projectPage="https://lab.example",
            ai_keywords=["neurons", "plasticity"],
            organization={"name": "lab", "fullname": "The Lab"},
        )
    )
    assert (entry.title, entry.summary) == ("Paper 2603.01234", "It says something.")
    assert entry.link == "https://huggingface.co/papers/2603.01234"
    assert entry.arxiv_id == "2603.01234"
    assert entry.authors == ("Ada Byron", "Mary Shelley")
    assert entry.published == datetime(2026, 3, 9, tzinfo=UTC)
    assert entry.listed_at == datetime(2026, 3, 11, tzinfo=UTC)
    assert entry.signals == Signals(upvotes=12, comments=3, stars=7)
    assert (entry.organization, entry.keywords) == ("The Lab", ("neurons", "plasticity"))
    assert (entry.code_link, entry.project_link) == ("https://github.com/lab/code", "https://lab.example")
    assert entry.discussion_link == "https://huggingface.co/papers/2603.01234#community"
    assert entry.pdf_link == "https://arxiv.org/pdf/2603.01234"
    assert entry.thumbnail == "https://cdn.example/t.png"
    assert not entry.withdrawn


def test_fields_outside_the_paper_count_where_it_lacks_them():
    outside = {"organization": {"name": "lab"}, "ai_keywords": ["neurons"], "githubRepo": "https://github.com/lab/code"}
    entry = only(item(outside=outside, ai_keywords=None))
    assert (entry.organization, entry.keywords, entry.code_link) == ("lab", ("neurons",), "https://github.com/lab/code")


def test_a_flat_record_of_one_paper():
    reading = read_daily_papers(json.dumps(paper(withdrawnAt="2026-03-10T00:00:00Z")).encode())
    assert reading.entries[0].withdrawn
    assert reading.entries[0].signals == Signals(upvotes=12)


@pytest.mark.parametrize(
    "odd",
    [
        {"upvotes": None, "authors": None, "summary": None},
        {"upvotes": "many", "authors": ["Ada"], "organization": "lab", "ai_keywords": "x"},
        {"upvotes": True, "authors": [None, {"name": 7}], "githubRepo": "javascript:x", "submittedOnDailyAt": "soon"},
        {"upvotes": -4, "publishedAt": 7},
        {"upvotes": 10**30},
    ],
)
def test_odd_values_are_none(odd):
    entry = only(item(**odd))
    assert entry.title == "Paper 2603.01234"
    assert entry.signals.upvotes is None
    assert entry.code_link is None


def test_items_that_are_no_papers_are_passed_over():
    assert only({"paper": {}}, None, 7, item()).arxiv_id == "2603.01234"


def test_a_paper_without_an_arxiv_id_keeps_its_page():
    entry = only(item("some-report"))
    assert (entry.arxiv_id, entry.pdf_link) == (None, None)
    assert entry.link == "https://huggingface.co/papers/some-report"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b'{"error": "Invalid date"}', "says: Invalid date"),
        (b'[{"a": 1}]', "no list of daily papers"),
        (b"<html></html>", "a web page or XML where JSON was expected"),
    ],
)
def test_what_is_no_list_is_one_clear_line(body, said):
    with pytest.raises(SourceError, match=said):
        read_daily_papers(body)


# -- fetching ------------------------------------------------------------------------------------------------------


@pytest.fixture
def source(site):
    def make(**options):
        return HuggingFaceSource(**{"kind": "huggingface", "name": "hf", "url": site.url, **options})

    return make


def say(site, *items):
    site.say("/api/daily_papers", json.dumps(list(items)))


def test_each_day_is_read_to_its_end(site, ask, source):
    say(site, item("2603.00001"), item("2603.00002"))
    say(site, item("2603.00003"))
    say(site)
    say(site, item("2603.00004"))
    say(site)
    fetched = HuggingFaceFetcher().fetch(ask(source()))
    assert [entry.arxiv_id for entry in fetched.entries] == [f"2603.0000{n}" for n in (1, 2, 3, 4)]
    assert fetched.error is None
    asked = [(one.query["date"][0], one.query["p"][0], one.query["limit"][0]) for one in site.asked]
    assert asked == [
        ("2026-03-11", "0", "100"),
        ("2026-03-11", "1", "100"),
        ("2026-03-11", "2", "100"),
        ("2026-03-10", "0", "100"),
        ("2026-03-10", "1", "100"),
    ]


def test_a_mirror_that_knows_no_pages_is_not_asked_for_ever(site, ask, source):
    say(site, item("2603.00001"), item("2603.00002"))
    fetched = HuggingFaceFetcher().fetch(ask(source(days=1)))
    assert (len(fetched.entries), len(site.asked)) == (2, 2)


def test_an_empty_weekend_is_no_error(site, ask, source):
    say(site)
    fetched = HuggingFaceFetcher().fetch(ask(source(days=3)))
    assert (fetched.entries, fetched.error) == ((), None)
    assert len(site.asked) == 3


def test_a_list_that_has_not_begun_is_no_error(site, ask, source):
    site.say("/api/daily_papers", '{"error": "date in the future"}', status=400)
    say(site, item())
    say(site)
    fetched = HuggingFaceFetcher().fetch(ask(source()))
    assert (len(fetched.entries), fetched.error) == (1, None)


def test_days_that_were_missed_are_asked_for(site, ask, source, now):
    say(site)
    HuggingFaceFetcher().fetch(ask(source(), SourceMemory(succeeded_at=now - timedelta(days=5))))
    assert [one.query["date"][0] for one in site.asked] == [f"2026-03-{day:02}" for day in (11, 10, 9, 8, 7, 6)]


def test_a_long_absence_has_its_bound(site, ask, source, now):
    say(site)
    HuggingFaceFetcher().fetch(ask(source(), SourceMemory(succeeded_at=now - timedelta(days=500))))
    assert len(site.asked) == 14


def test_a_day_that_fails_does_not_cost_the_others(site, ask, source):
    say(site, item())
    say(site)
    site.say("/api/daily_papers", status=404)
    fetched = HuggingFaceFetcher().fetch(ask(source()))
    assert len(fetched.entries) == 1
    assert "answered 404" in fetched.error


def test_a_site_that_fails_is_an_error_with_its_status(site, ask, source):
    site.say("/api/daily_papers", status=429, headers={"Retry-After": "600"})
    with pytest.raises(Refused) as caught:
        HuggingFaceFetcher().fetch(ask(source()))
    assert caught.value.retry_after_seconds == 600


def test_recorded_answers_in_a_folder(tmp_path, ask):
    (tmp_path / "1.json").write_text(json.dumps([item("2603.00001")]))
    (tmp_path / "2.json").write_text(json.dumps([item("2603.00002")]))
    source = HuggingFaceSource(kind="huggingface", name="hf", path=tmp_path)
    fetched = HuggingFaceFetcher().fetch(ask(source))
    assert [entry.arxiv_id for entry in fetched.entries] == ["2603.00001", "2603.00002"]
