"""Citations, venues and articles: what three services say, what is made of it, and what becomes of their troubles."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from newsletter.errors import SourceError
from newsletter.model import Entry, EntryChanges, Signals
from newsletter.sources.enrichers import ENRICHERS, crossref, enrich_new, open_enrichers, openalex, semantic_scholar
from newsletter.sources.enrichers.crossref import Crossref
from newsletter.sources.enrichers.filling import filled, is_preprint
from newsletter.sources.enrichers.openalex import OpenAlex
from newsletter.sources.enrichers.semantic_scholar import SemanticScholar

NOW = datetime(2026, 3, 11, 9, tzinfo=UTC)
ARXIV = Entry(title="On worms", arxiv_id="2405.12345", first_seen_at=NOW)
BIORXIV = Entry(title="On mice", doi="10.1101/2026.01.02.123456", first_seen_at=NOW)
ARTICLE = Entry(title="On men", doi="10.5555/good.1", venue="J. Good", first_seen_at=NOW)
POST = Entry(title="A post", link="https://lab.example/post", first_seen_at=NOW)


# -- OpenAlex ------------------------------------------------------------------------------------------------------


def work(**more) -> dict:
    source = {"display_name": "Journal of Worms &amp; Mice", "type": "journal"}
    place = {"landing_page_url": "https://doi.org/10.5555/worms.1", "pdf_url": None, "source": source}
    return {"id": "https://openalex.org/W1", "doi": "https://doi.org/10.5555/WORMS.1", "title": "On worms",
            "cited_by_count": 7, "primary_location": place, **more}  # fmt: skip


def test_openalex_is_asked_once_about_many(site, http, children):
    at_arxiv = {"landing_page_url": "http://arxiv.org/abs/2405.12345", "source": None}
    found = [work(locations=[at_arxiv, None]), work(doi="https://doi.org/10.5555/good.1", cited_by_count=3)]
    service = OpenAlex(key="k3y", url=site.say("/works", json.dumps({"meta": {}, "results": found})), children=children)
    worms, men, post = service.enrich([ARXIV, ARTICLE, POST], http=http)
    assert (worms.signals.citations, worms.venue, worms.doi) == (7, "Journal of Worms & Mice", "10.5555/worms.1")
    assert (men.signals.citations, men.venue) == (3, "J. Good")
    assert post == POST
    (asked,) = site.asked
    assert asked.query["filter"] == ["doi:10.48550/arxiv.2405.12345|10.5555/good.1"]
    assert (asked.query["per-page"], asked.query["api_key"]) == (["2"], ["k3y"])


def test_openalex_is_asked_in_batches_without_what_it_cannot_tell_apart(site, http, children):
    entries = [Entry(title=f"{n}", doi=f"10.5555/{n}") for n in range(150)] + [Entry(title="odd", doi="10.5555/a,b|c")]
    service = OpenAlex(url=site.say("/works", '{"results": []}'), children=children)
    assert service.enrich(entries, http=http) == entries
    assert [len(asked.query["filter"][0].split("|")) for asked in site.asked] == [100, 50]
    assert "api_key" not in site.asked[0].query


@pytest.mark.parametrize("kind", ["repository", "metadata"])
def test_a_repository_is_no_venue(kind):
    place = {"source": {"display_name": "Zenodo", "type": kind}}
    (entry,) = openalex.read_works(json.dumps(work(primary_location=place)).encode()).entries
    assert entry.venue is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!doctype html><title>404</title>", "web page"),
        (b'{"error": "Invalid query", "message": "no such filter"}', "says: no such filter"),
        (b'{"a": 1}', "nothing of OpenAlex"),
        (b"[]", "nothing of OpenAlex"),
    ],
)
def test_what_is_no_work_is_one_clear_line(body, said):
    with pytest.raises(SourceError, match=said):
        openalex.read_works(body)


def test_a_work_that_says_nothing():
    (entry,) = openalex.read_works(b'{"results": [{"doi": null, "title": null, "primary_location": null}, 7]}').entries
    assert entry == Entry(title="")


@pytest.mark.parametrize("wrong", [None, True, -1, 10**30, 1.5, float("nan"), "7x", "", [], [[]], {}, {"a": []}])
def test_values_of_another_kind_cost_only_themselves(wrong):
    place = {"landing_page_url": wrong, "source": {"display_name": wrong, "type": wrong}}
    works = [work(doi=wrong, cited_by_count=wrong, primary_location=place, locations=wrong, title=wrong), work()]
    odd, good = openalex.read_works(json.dumps({"results": works}).encode()).entries
    assert (odd.doi, odd.signals.citations, odd.arxiv_id) == (None, None, None)
    assert (good.doi, good.signals.citations, good.venue) == ("10.5555/worms.1", 7, "Journal of Worms & Mice")
    papers = [paper(externalIds=wrong, citationCount=wrong, journal=wrong, publicationVenue=wrong), paper()]
    odd, good = semantic_scholar.read_papers(json.dumps(papers).encode()).entries
    assert (odd.doi, odd.signals.citations, good.signals.citations) == (None, None, 9)
    articles = {"status": "ok", "message": {"items": [article(DOI=wrong, title=wrong, relation=wrong), article()]}}
    odd, good = crossref.read_works(json.dumps(articles).encode()).entries
    assert (odd.doi, odd.journal_doi, good.doi) == (
        None,
        None,
        crossref.read_works(json.dumps({"status": "ok", "message": article()}).encode()).entries[0].doi,
    )


def test_a_number_may_be_written_as_a_text():
    (entry,) = openalex.read_works(json.dumps(work(cited_by_count="12")).encode()).entries
    assert entry.signals.citations == 12


# -- Semantic Scholar ----------------------------------------------------------------------------------------------


def paper(**more) -> dict:
    names = {"ArXiv": "2405.12345", "DOI": "10.5555/WORMS.1", "CorpusId": 1}
    return {"paperId": "a", "externalIds": names, "title": "On worms", "venue": "arXiv.org", "citationCount": 9,
            "publicationVenue": None, "journal": {"name": "J. Worms", "pages": "1"}, **more}  # fmt: skip


def test_semantic_scholar_is_asked_by_a_post_and_answers_in_order(site, http, children):
    mice = paper(externalIds={"DOI": "10.5555/mice.1"}, citationCount=0, venue="Conference on Mice", journal=None)
    answer = json.dumps([paper(), mice, None])
    service = SemanticScholar(key="k3y", url=site.say("/batch", answer), children=children)
    worms, mice_found, men = service.enrich([ARXIV, BIORXIV, ARTICLE], http=http)
    assert (worms.signals.citations, worms.venue, worms.doi) == (9, "J. Worms", "10.5555/worms.1")
    assert (mice_found.doi, mice_found.journal_doi) == (BIORXIV.doi, "10.5555/mice.1")
    assert (mice_found.signals.citations, mice_found.venue) == (0, "Conference on Mice")
    assert men == ARTICLE
    (asked,) = site.asked
    assert json.loads(asked.body) == {
        "ids": ["ARXIV:2405.12345", "DOI:10.1101/2026.01.02.123456", "DOI:10.5555/good.1"]
    }
    assert (asked.headers["x-api-key"], asked.headers["content-type"]) == ("k3y", "application/json")


def test_an_answer_about_other_papers_is_none(site, http, children, caplog):
    service = SemanticScholar(url=site.say("/batch", "[null]"), children=children)
    assert service.enrich([ARXIV, BIORXIV], http=http) == [ARXIV, BIORXIV]
    assert "answered about 1 papers where 2 were asked about" in caplog.text
    assert "x-api-key" not in site.asked[0].headers


@pytest.mark.parametrize(
    ("document", "titles"),
    [
        (paper(), ["On worms"]),
        ({"total": 0, "offset": 0}, []),
        ({"data": [paper(), {"citedPaper": {"title": "Another"}}, None]}, ["On worms", "Another", ""]),
        ([None, 7, {"externalIds": None}], ["", "", ""]),
    ],
)
def test_papers_in_all_the_forms_they_come_in(document, titles):
    entries = semantic_scholar.read_papers(json.dumps(document).encode()).entries
    assert [entry.title for entry in entries] == titles


def test_the_error_of_semantic_scholar():
    with pytest.raises(SourceError, match="says: Paper with id 0 not found"):
        semantic_scholar.read_papers(b'{"error": "Paper with id 0 not found"}')


# -- Crossref ------------------------------------------------------------------------------------------------------


def article(**more) -> dict:
    return {"DOI": "10.5555/GOOD.1", "title": ["On men"], "container-title": ["The Journal"],
            "is-referenced-by-count": 5, **more}  # fmt: skip


def test_crossref_knows_which_article_a_preprint_became(site, http, children):
    became = {"is-preprint-of": [{"id-type": "doi", "id": "10.5555/MICE.1", "asserted-by": "subject"}]}
    preprint = article(DOI=BIORXIV.doi, relation=became, **{"container-title": [], "is-referenced-by-count": 2})
    body = json.dumps({"status": "ok", "message-type": "work-list", "message": {"items": [preprint, article()]}})
    service = Crossref(contact="ada@example.org", url=site.say("/works", body), children=children)
    worms, mice, men = service.enrich([ARXIV, BIORXIV, ARTICLE], http=http)
    assert worms == ARXIV
    assert (mice.journal_doi, mice.signals.citations, mice.venue) == ("10.5555/mice.1", 2, None)
    assert (men.venue, men.signals.citations) == ("J. Good", 5)
    (asked,) = site.asked
    assert asked.query["filter"] == ["doi:10.1101/2026.01.02.123456,doi:10.5555/good.1"]
    assert asked.query["mailto"] == ["ada@example.org"]


def test_crossref_in_all_its_forms():
    one = json.dumps({"status": "ok", "message-type": "work", "message": article()}).encode()
    (entry,) = crossref.read_works(one).entries
    assert (entry.title, entry.doi, entry.venue) == ("On men", "10.5555/good.1", "The Journal")
    assert crossref.read_works(b"Resource not found.").entries == ()
    refused = b'{"status":"failed","message-type":"validation-failure","message":[{"type":"x","message":"bad rows"}]}'
    with pytest.raises(SourceError, match="says: bad rows"):
        crossref.read_works(refused)
    with pytest.raises(SourceError, match="says: an error"):
        crossref.read_works(b"{}")


# -- troubles ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 429, 500])
@pytest.mark.parametrize("service", [OpenAlex, SemanticScholar, Crossref])
def test_a_service_that_is_away_adds_nothing_and_one_line(site, http, children, caplog, service, status):  # noqa: PLR0917
    options = {"contact": "ada@example.org"} if service is Crossref else {"key": "s3cret"}
    away = service(url=site.say("/", status=status), children=children, **options)
    entries = [replace(ARTICLE, id=f"{n}", doi=f"10.5555/{n}") for n in range(600)]
    with caplog.at_level(logging.WARNING):
        assert away.enrich(entries, http=http) == entries
    (line,) = caplog.messages
    assert f"adds nothing more in this run: {site.url}/" in line
    assert f"answered {status}" in line
    assert "s3cret" not in line
    assert len(site.asked) <= 2, "the other batches are not even tried"


def test_what_was_found_before_the_trouble_is_kept(site, http, children, caplog):
    entries = [replace(ARTICLE, id=f"{n}", doi=f"10.5555/{n}") for n in range(60)]
    site.say("/works", json.dumps({"status": "ok", "message": {"items": [article(DOI="10.5555/7")]}}))
    service = Crossref(contact="x", url=site.say("/works", "<html>"), children=children)
    found = service.enrich(entries, http=http)
    assert [index for index, entry in enumerate(found) if entry.signals.citations == 5] == [7]
    assert len(caplog.messages) == 1


def test_a_question_is_not_sent_elsewhere(site, http, children, caplog):
    site.say("/batch", status=307, headers={"Location": f"{site.url}/other"})
    SemanticScholar(url=f"{site.url}/batch", children=children).enrich([ARXIV], http=http)
    assert [asked.path for asked in site.asked] == ["/batch"]
    assert "answered 307" in caplog.text


# -- what is made of it --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "work", "says"),
    [
        (ARTICLE, Entry(title="", venue="Other", doi="10.5555/else"), {"venue": "J. Good", "doi": "10.5555/good.1"}),
        (ARXIV, Entry(title="", doi="10.48550/arxiv.2405.12345"), {"doi": None, "journal_doi": None}),
        (ARXIV, Entry(title="", doi="10.5555/a"), {"doi": "10.5555/a", "journal_doi": None}),
        (BIORXIV, Entry(title="", doi="10.5555/a"), {"doi": BIORXIV.doi, "journal_doi": "10.5555/a"}),
        (BIORXIV, Entry(title="", doi=BIORXIV.doi), {"journal_doi": None}),
        (replace(BIORXIV, journal_doi="10.5555/b"), Entry(title="", doi="10.5555/a"), {"journal_doi": "10.5555/b"}),
        (
            replace(ARXIV, signals=Signals(citations=3)),
            Entry(title="", signals=Signals(citations=2)),
            {"signals": Signals(citations=3)},
        ),
        (ARXIV, Entry(title=""), {"signals": Signals()}),
    ],
)
def test_only_gaps_are_filled(entry, work, says):
    better = filled(entry, work)
    assert {name: getattr(better, name) for name in says} == says


def test_preprints_are_told_by_who_gave_the_doi():
    assert is_preprint("10.64898/2026.01.01.1")
    assert not is_preprint("10.5555/good.1")


class Twice:
    """Doubles titles, to be seen."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def enrich(self, entries, *, http):
        self.asked += [entry.title for entry in entries]
        return [replace(entry, title=entry.title * 2, journal_doi="10.5555/late") for entry in entries]


def test_only_news_is_asked_about(http):
    old, backlog = replace(ARTICLE, id="old"), replace(ARTICLE, id="backlog", first_seen_at=None)
    changes = EntryChanges(
        entries=(old, ARXIV, backlog), keys=(("arxiv:2405.12345", ARXIV.id),), new=frozenset({ARXIV.id, "backlog"})
    )
    service = Twice()
    better = enrich_new(changes, [service, service], http=http)
    assert service.asked == ["On worms", "On wormsOn worms"]
    assert [entry.title for entry in better.entries] == ["On men", "On worms" * 4, "On men"]
    assert better.keys[0] == ("arxiv:2405.12345", ARXIV.id)
    assert ("doi:10.5555/late", ARXIV.id) in better.keys


def test_a_flood_is_bounded_and_nothing_asked_is_nothing_changed(http):
    many = tuple(replace(ARXIV, id=f"{n}") for n in range(1_200))
    changes, service = EntryChanges(entries=many, new=frozenset(entry.id for entry in many)), Twice()
    enrich_new(changes, [service], http=http)
    assert len(service.asked) == 1_000
    assert enrich_new(changes, [], http=http).entries == many
    assert enrich_new(EntryChanges(), [service], http=http) == EntryChanges()


def test_services_are_opened_by_name_once_each():
    opened = open_enrichers(["crossref", "openalex", "crossref"], keys={"openalex": "k"}, contact="x")
    assert [type(one) for one in opened] == [Crossref, OpenAlex]
    everyone = open_enrichers(list(ENRICHERS), keys={}, contact="x")
    assert [type(one) for one in everyone] == [OpenAlex, SemanticScholar, Crossref]
