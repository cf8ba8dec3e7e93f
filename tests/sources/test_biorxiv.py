"""The details API: paging by count, numbers as strings, versions, and names as people write them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from newsletter.config.settings import BiorxivSource
from newsletter.errors import SourceError
from newsletter.sources.biorxiv import BiorxivFetcher, read_details, readable_names


def item(**more: object) -> dict[str, object]:
    return {
        "doi": "10.1101/2026.03.09.700001",
        "title": "How <i>worms</i> learn",
        "authors": "Byron, A. K.; van der Berg, M.; The Worm Consortium",
        "author_corresponding_institution": "The Lab",
        "date": "2026-03-11",
        "version": "1",
        "type": "new results",
        "category": "neuroscience",
        "abstract": "They <em>do</em>.",
        "published": "NA",
        "server": "bioRxiv",
        **more,
    }


def page(*items: object, **message: object) -> bytes:
    said = {"status": "ok", "cursor": 0, "count": len(items), "total": str(len(items)), **message}
    return json.dumps({"messages": [said], "collection": items}).encode()


def only(**more: object):
    (entry,) = read_details(page(item(**more))).entries
    return entry


def test_a_preprint():
    entry = only()
    assert (entry.doi, entry.link) == ("10.1101/2026.03.09.700001", "https://doi.org/10.1101/2026.03.09.700001")
    assert (entry.title, entry.summary) == ("How worms learn", "They do.")
    assert entry.authors == ("A. K. Byron", "M. van der Berg", "The Worm Consortium")
    assert (entry.organization, entry.categories) == ("The Lab", ("neuroscience",))
    assert entry.published == entry.updated == datetime(2026, 3, 11, tzinfo=UTC)
    assert entry.pdf_link == "https://www.biorxiv.org/content/10.1101/2026.03.09.700001v1.full.pdf"
    assert (entry.announce_type, entry.comment, entry.withdrawn) == ("new", None, False)


def test_a_later_version_was_not_written_today():
    entry = only(version="3", date="2026-3-9", doi="10.1101/2025.11.02.600001")
    assert entry.published == datetime(2025, 11, 2, tzinfo=UTC)
    assert entry.updated == datetime(2026, 3, 9, tzinfo=UTC)
    assert entry.announce_type == "replace"


def test_a_later_version_whose_doi_holds_no_day():
    assert only(version=2, doi="10.1101/029900").published == datetime(2026, 3, 11, tzinfo=UTC)


def test_a_version_in_the_doi_is_none_of_it():
    assert only(doi="10.64898/2026.03.09.700001v2").doi == "10.64898/2026.03.09.700001"


def test_medrxiv_has_a_house_of_its_own():
    assert only(server="medRxiv").pdf_link.startswith("https://www.medrxiv.org/content/10.1101/")


def test_a_published_preprint_names_its_article():
    assert only(published="10.7554/eLife.1").comment == "published as doi:10.7554/elife.1"


@pytest.mark.parametrize("more", [{"type": "withdrawn"}, {"title": "WITHDRAWN: How worms learn"}])
def test_a_withdrawn_preprint(more):
    assert only(**more).withdrawn


@pytest.mark.parametrize("odd", [{"doi": None}, {"doi": "none"}, {"title": ""}])
def test_records_without_a_name_are_passed_over(odd):
    assert read_details(page(item(**odd), item(), None)).entries[0].title == "How worms learn"


@pytest.mark.parametrize(
    "odd", [{"version": None, "date": "soon"}, {"authors": None, "abstract": None}, {"category": "NA", "funder": []}]
)
def test_odd_values_are_none(odd):
    assert only(**odd).doi == "10.1101/2026.03.09.700001"


def test_only_the_category_asked_for_is_kept():
    body = page(item(), item(category="Cell Biology"), item(category="cell_biology"))
    assert len(read_details(body, category="cell biology").entries) == 2
    assert len(read_details(body).entries) == 3


def test_names():
    assert list(readable_names("Byron, A.;; Shelley, M., Jr.; WHO")) == ["A. Byron", "M. Shelley Jr.", "WHO"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b'{"messages": [{"status": "Error: bad interval"}]}', "says: Error: bad interval"),
        (b"{}", "is no answer of the details API"),
        (b"[]", "is no answer of the details API"),
        (b"<html>", "where JSON was expected"),
    ],
)
def test_what_is_no_answer_is_one_clear_line(body, said):
    with pytest.raises(SourceError, match=said):
        read_details(body)


# -- fetching ------------------------------------------------------------------------------------------------------

DAYS = "/details/biorxiv/2026-03-09/2026-03-11"


@pytest.fixture
def fetcher(site) -> BiorxivFetcher:
    return BiorxivFetcher(api=f"{site.url}/details")


def source(**options) -> BiorxivSource:
    return BiorxivSource(**{"kind": "biorxiv", "name": "bio", "server": "biorxiv", **options})


def doi(number: int) -> dict[str, object]:
    return item(doi=f"10.1101/2026.03.09.70000{number}")


def test_pages_follow_one_another_by_their_count(site, ask, fetcher):
    site.say(f"{DAYS}/0/json", page(doi(1), doi(2), total="5"))
    site.say(f"{DAYS}/2/json", page(doi(3), doi(4), total="5", cursor="2", count="2"))
    site.say(f"{DAYS}/4/json", page(doi(5), total=5))
    fetched = fetcher.fetch(ask(source()))
    assert [entry.doi[-1] for entry in fetched.entries] == ["1", "2", "3", "4", "5"]
    assert len(site.asked) == 3


def test_a_total_that_cannot_be_reached_ends_with_an_empty_page(site, ask, fetcher):
    site.say(f"{DAYS}/0/json", page(doi(1), total="60"))
    site.say(f"{DAYS}/1/json", b'{"messages": [{"status": "no posts found"}], "collection": []}')
    fetched = fetcher.fetch(ask(source()))
    assert (len(fetched.entries), fetched.error) == (1, None)


def test_the_category_is_asked_for(site, ask, fetcher):
    site.say(f"{DAYS}/0/json", page(item(), item(category="ecology")))
    fetched = fetcher.fetch(ask(source(category="neuroscience")))
    assert len(fetched.entries) == 1
    assert site.asked[0].query["category"] == ["neuroscience"]


def test_a_page_that_fails_does_not_cost_those_before(site, ask, fetcher):
    site.say(f"{DAYS}/0/json", page(doi(1), total="60"))
    fetched = fetcher.fetch(ask(source()))
    assert len(fetched.entries) == 1
    assert "answered 404" in fetched.error


def test_a_first_page_that_fails_is_an_error(ask, fetcher):
    with pytest.raises(SourceError, match="answered 404"):
        fetcher.fetch(ask(source()))


def test_a_recorded_answer(tmp_path, ask, fetcher):
    (tmp_path / "a.json").write_bytes(page(doi(1), doi(2), count=100, total="60568"))
    assert len(fetcher.fetch(ask(source(path=tmp_path / "a.json"))).entries) == 2
