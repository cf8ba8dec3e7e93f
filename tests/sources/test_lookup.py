"""Papers that somebody named, asked of services that are played."""

from __future__ import annotations

import json
import threading

import pytest
from patience import with_patience

from newsletter.errors import SourceError
from newsletter.model import Entry
from newsletter.sources.limiter import Limiter
from newsletter.sources.lookup.arxiv import ArxivIds, ArxivPapers, ArxivTitles
from newsletter.sources.lookup.asking import is_same, look_up
from newsletter.sources.lookup.crossref import CrossrefDois, CrossrefPapers, CrossrefTitles
from newsletter.sources.lookup.crossref import read_works as read_crossref
from newsletter.sources.lookup.openalex import OpenAlexDois
from newsletter.sources.lookup.openalex import read_works as read_openalex

PATIENT = 60.0


def atom(*papers: tuple[str, str, str]) -> str:
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/{name}v1</id><title>{title}</title><summary>Of {name}.</summary>"
        f"<author><name>{author}</name></author></entry>"
        for name, title, author in papers
    )
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:o="http://a9.com/-/spec/opensearch/1.1/">'
        f"<o:totalResults>{len(papers)}</o:totalResults>{entries}</feed>"
    )


def works(*found: tuple[str, str, str | None]) -> str:
    items = [
        {"DOI": doi, "title": [title], "author": [{"given": "A.", "family": "Byron"}], "abstract": abstract}
        for doi, title, abstract in found
    ]
    return json.dumps({"status": "ok", "message": {"items": items}})


@pytest.fixture
def arxiv(site, children, tmp_path):
    return ArxivPapers(f"{site.url}/query", limiter=Limiter("test", 0.0, folder=tmp_path), children=children)


@pytest.fixture
def crossref(site, children):
    return CrossrefPapers(f"{site.url}/works", contact="ada@example.org", children=children)


@pytest.fixture
def release():
    """Lets go, at the end of the test, of a server that answers nothing until then."""
    event = threading.Event()
    yield event
    event.set()


def test_ids_are_asked_about_in_one_request_and_the_answers_in_any_order_are_told_apart(site, http, arxiv):
    site.say("/query", atom(("2405.00002", "Two", "B"), ("2405.00001", "One", "A")))
    named = [Entry(title="", arxiv_id="2405.00001"), Entry(title="", arxiv_id="2405.00002"), Entry(title="", arxiv_id="2405.00003")]  # fmt: skip
    services = [ArxivIds(arxiv)]
    findings = look_up(named, services, http=http, seconds=PATIENT)
    assert {place: entry.title for place, entry in findings.found.items()} == {0: "One", 1: "Two"}
    assert findings.unknown(named, services) == [2]
    assert [asked.query["id_list"] for asked in site.asked] == [["2405.00001,2405.00002,2405.00003"]]


def test_one_impossible_id_costs_the_others_nothing(site, http, arxiv):
    def answer(query):
        if "9913.00001" in query["id_list"][0]:
            return 400, "<feed>incorrect id format for 9913.00001</feed>"
        return 200, atom(("2405.00001", "One", "A"))

    site.answer_queries("/query", answer)
    named = [Entry(title="", arxiv_id="9913.00001"), Entry(title="", arxiv_id="2405.00001")]
    findings = look_up(named, [ArxivIds(arxiv)], http=http, seconds=PATIENT)
    assert set(findings.found) == {1}
    assert findings.unknown(named, [ArxivIds(arxiv)]) == [0]


def test_dois_are_asked_about_politely_and_an_abstract_is_taken_from_who_has_it(site, http, crossref, children):
    site.say("/works", works(("10.5555/one", "One", None), ("10.5555/two", "Two", "<jats:p>Second.</jats:p>")))
    index = {"First": [0], "one.": [2, "x"], "is": [1], "odd": None}
    site.say("/openalex", json.dumps({"results": [{"doi": "https://doi.org/10.5555/one", "title": "One", "abstract_inverted_index": index}, None]}))  # fmt: skip
    services = [CrossrefDois(crossref), OpenAlexDois(key="k", url=f"{site.url}/openalex", children=children)]
    named = [Entry(title="", doi="10.5555/one"), Entry(title="", doi="10.5555/two")]
    findings = look_up(named, services, http=http, seconds=PATIENT)
    assert {entry.doi: entry.summary for entry in findings.found.values()} == {
        "10.5555/one": "First is one.",
        "10.5555/two": "Second.",
    }
    first, second = site.asked
    assert first.query["mailto"] == ["ada@example.org"]
    assert first.query["filter"] == ["doi:10.5555/one,doi:10.5555/two"]
    assert second.query["filter"] == ["doi:10.5555/one"]
    assert second.query["api_key"] == ["k"]


def test_titles_are_asked_of_both_and_taken_only_where_title_and_author_agree(site, http, arxiv, crossref):
    site.say("/query", atom(("2405.00001", "A Study of Small Cats.", "Ada Byron"), ("2405.00002", "Dogs", "X Y")))
    site.say("/works", works(("10.5555/dogs", "A study of small dogs", "Dogs are studied.")))
    named = [
        Entry(title="A study of small {cats}", authors=("Byron, A.",)),
        Entry(title="A study of small dogs", authors=("Ada Byron",)),
        Entry(title="A study of small dogs", authors=("Somebody Else",)),
        Entry(title="Dogs"),
    ]
    services = [ArxivTitles(arxiv), CrossrefTitles(crossref)]
    findings = look_up(named, services, http=http, seconds=PATIENT)
    assert {place: entry.arxiv_id or entry.doi for place, entry in findings.found.items()} == {
        0: "2405.00001",
        1: "10.5555/dogs",
    }
    assert findings.unknown(named, services) == [2, 3]
    assert site.asked[0].query["search_query"][0].startswith('ti:"a study of small cats" OR ti:"a study of small dogs"')


def test_who_does_not_answer_is_told_of_and_nothing_counts_as_unknown(site, http, arxiv, crossref):
    site.say("/query", status=503)
    site.say("/works", '{"status": "failed", "message": [{"message": "no such filter"}]}')
    named = [Entry(title="", arxiv_id="2405.00001"), Entry(title="", doi="10.5555/one")]
    services = [ArxivIds(arxiv), CrossrefDois(crossref)]
    findings = look_up(named, services, http=http, seconds=PATIENT)
    assert findings.unknown(named, services) == []
    assert "503" in findings.trouble["arXiv"]
    assert "no such filter" in findings.trouble["Crossref"]


def test_openalex_that_answers_with_an_error_is_trouble(site, http, children):
    site.say("/openalex", '{"error": "Invalid query", "message": "no such field"}')
    service = OpenAlexDois(url=f"{site.url}/openalex", children=children)
    findings = look_up([Entry(title="", doi="10.5555/one")], [service], http=http, seconds=PATIENT)
    assert "no such field" in findings.trouble["OpenAlex"]


class Played:
    """A service of this process's own."""

    size, most = 1, 10

    def __init__(self, name, ask):
        self.name, self._ask = name, ask

    def takes(self, named, found):
        return found is None

    def ask(self, named, /, *, http):
        return self._ask(named)


def test_when_the_time_is_up_what_was_found_until_then_is_kept(http, release):
    def hang(named):
        release.wait()
        return named

    services = [Played("quick", lambda named: [one for one in named if one.doi]), Played("slow", hang)]
    named = [Entry(title="", doi="10.5555/one"), Entry(title="A study of small cats")]

    def check(seconds: float) -> None:
        findings = look_up(named, services, http=http, seconds=seconds)
        assert set(findings.found) == {0}
        assert findings.unknown(named, services) == []

    with_patience(check)


def test_a_mistake_of_ours_costs_nobody_the_run(http, caplog):
    def fail(named):
        raise ZeroDivisionError("ours")

    findings = look_up([Entry(title="One")], [Played("Broken", fail)], http=http, seconds=PATIENT)
    assert findings.found == {}
    assert "ZeroDivisionError: ours" in caplog.text


@pytest.mark.parametrize(
    ("named", "answer", "same"),
    [
        (Entry(title="Cats", doi="10.5555/a"), Entry(title="Other", doi="10.5555/a"), True),
        (Entry(title="Cats", doi="10.5555/a"), Entry(title="Other", journal_doi="10.5555/a"), True),
        (Entry(title="Cats", arxiv_id="2405.00001"), Entry(title="Cats", arxiv_id="2405.00002"), False),
        (Entry(title="Cats"), Entry(title="Cats"), False),
        (Entry(title="Cats", authors=("A Byron",)), Entry(title="Cats", authors=("Ada Byron",)), True),
        (Entry(title="Why do cats sleep"), Entry(title="Why do cats sleep?"), True),
        (Entry(title=""), Entry(title=""), False),
    ],
)
def test_a_short_title_alone_names_no_paper(named, answer, same):
    assert is_same(named, answer) is same


def test_answers_of_services_are_read_as_far_as_they_make_sense():
    assert [one.title for one in read_crossref(b'{"status": "ok", "message": {"title": ["One"], "subtitle": ["more"]}}').entries] == ["One: more"]  # fmt: skip
    index = b'{"First": [0], "one.": [2, "x"], "is": [1], "odd": null}'
    answer = b'{"results": [{"title": "One", "abstract_inverted_index": %b}, {"title": null}, 5]}' % index
    assert [one.summary for one in read_openalex(answer).entries] == ["First is one."]
    for read in (read_crossref, read_openalex):
        with pytest.raises(SourceError, match="says: no"):
            read(b'{"status": "failed", "message": [{"message": "no"}], "error": "no"}')
