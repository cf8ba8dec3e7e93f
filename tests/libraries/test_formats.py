"""What is read of libraries in each format, and what is said of the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import SourceError
from newsletter.model import Entry
from newsletter.sources.libraries.reading import MISTAKES, read_library


def papers(text: str | bytes) -> list[Entry]:
    return list(read_library(text.encode() if isinstance(text, str) else text).entries)


def mistakes(text: str) -> list[str]:
    return str(read_library(text.encode()).facts[MISTAKES]).splitlines()


WHOLE = Entry(
    title="Slow networks of spikes",
    summary="We go slowly & surely.",
    authors=("Jón Müller", "Ada B. Lovelace"),
    doi="10.5555/abc",
    venue="Journal of Slowness",
    link="https://journal.example/slow",
    published=datetime(2024, 3, 5, tzinfo=UTC),
)
FORMATS = {
    "bibtex": r"""
@string{slow = "Journal of "}
@comment{jabref-meta: databaseType:bibtex;}
@article{key, title = {Slow networks of spikes}, author = {M{\"u}ller, J{\'o}n and Lovelace, Ada B. and others},
  abstract = "We go slowly \& surely.", doi = {https://doi.org/10.5555/ABC}, journal = slow # {Slowness},
  url = {https://journal.example/slow}, year = 2024, month = mar # "~5"}
""",
    "biblatex": """
@Article(key, Title = {Slow networks of {spikes}}, Author = {Jón Müller and Ada B. Lovelace}, date = {2024-03-05},
  abstract = {We go slowly &amp; surely.}, DOI = {10.5555/abc}, journaltitle = {Journal of Slowness},
  url = {https://journal.example/slow})
""",
    "ris": """Record #1 of 1
TY  - JOUR
AU  - Müller, Jón
AU  - Lovelace, Ada B.
TI  - Slow networks
 of spikes
AB  - We go slowly &amp; surely.
DO  - 10.5555/ABC
JO  - Journal of Slowness
UR  - https://journal.example/slow; https://mirror.example/slow
PY  - 2024/03/05/
ZZ  - unheard of
ER  -
""",
    "pubmed": """PMID- 12345
OWN - NLM
TI  - Slow networks
      of spikes
FAU - Müller, Jón
AU  - Müller J
FAU - Lovelace, Ada B.
AU  - Lovelace AB
LID - 10.5555/abc [doi]
AB  - We go slowly & surely.
JT  - Journal of Slowness
DP  - 2024 Mar 5
""",
    "endnote": """%0 Journal Article
%T Slow networks of spikes
%A Müller, Jón
%A Lovelace, Ada B.
%J Journal of Slowness
%D 2024 Mar 5
%R 10.5555/abc
%U https://journal.example/slow
%X We go slowly & surely.
""",
    "endnote xml": """<?xml version="1.0" encoding="UTF-8"?><xml><records><record>
<contributors><authors><author><style face="normal">Müller, Jón</style></author><author>Lovelace, Ada B.</author></authors></contributors>
<titles><title><style>Slow networks</style><style> of spikes</style></title><secondary-title>Journal of Slowness</secondary-title></titles>
<dates><year>2024</year><pub-dates><date>2024-03-05</date></pub-dates></dates>
<abstract>We go slowly &amp; surely.</abstract><electronic-resource-num>10.5555/abc</electronic-resource-num>
<urls><related-urls><url>https://journal.example/slow</url></related-urls></urls></record></records></xml>""",
    "csl": json.dumps([{
        "id": "slow", "type": "article-journal", "title": "Slow networks of <i>spikes</i>", "DOI": "10.5555/ABC",
        "author": [{"family": "Müller", "given": "Jón"}, {"family": "Lovelace", "given": "Ada B."}],
        "abstract": "<jats:title>Abstract</jats:title><jats:p>We go slowly &amp; surely.</jats:p>",
        "container-title": "Journal of Slowness", "URL": "https://journal.example/slow",
        "issued": {"date-parts": [["2024", 3, 5]]},
    }]),
    "crossref": json.dumps({"status": "ok", "message": {
        "title": ["Slow networks of spikes"], "DOI": "10.5555/abc", "container-title": ["Journal of Slowness"],
        "author": [{"family": "Müller", "given": "Jón"}, {"family": "Lovelace", "given": "Ada B."}],
        "abstract": "We go slowly &amp; surely.", "URL": "https://journal.example/slow",
        "issued": {"date-parts": [[2024, 3, 5]]},
    }}),
    "zotero": json.dumps({"config": {}, "items": [{"itemType": "note", "note": "my note"}, {
        "itemType": "journalArticle", "title": "Slow networks of spikes", "abstractNote": "We go slowly & surely.",
        "creators": [{"creatorType": "author", "firstName": "Jón", "lastName": "Müller"},
                     {"creatorType": "editor", "name": "Nobody"},
                     {"creatorType": "author", "name": "Ada B. Lovelace"}],
        "DOI": "10.5555/abc", "url": "https://journal.example/slow", "publicationTitle": "Journal of Slowness",
        "date": "2024-03-05",
    }]}),
    "orcid works": json.dumps({"bulk": [{"work": {
        "put-code": 1, "title": {"title": {"value": "Slow networks of spikes"}, "subtitle": None},
        "short-description": "We go slowly & surely.", "journal-title": {"value": "Journal of Slowness"},
        "url": {"value": "https://journal.example/slow"},
        "external-ids": {"external-id": [{"external-id-type": "eid", "external-id-value": "2-s2.0-1"},
                                         {"external-id-type": "doi", "external-id-value": "10.5555/ABC"}]},
        "contributors": {"contributor": [{"credit-name": {"value": "Jón Müller"}}, {"credit-name": {"value": "Ada B. Lovelace"}}, {"credit-name": None}]},
        "publication-date": {"year": {"value": "2024"}, "month": {"value": "03"}, "day": {"value": "05"}},
    }}]}),
    "orcid xml": """<bulk:bulk xmlns:bulk="http://www.orcid.org/ns/bulk" xmlns:work="http://www.orcid.org/ns/work" xmlns:common="http://www.orcid.org/ns/common">
<work:work><work:title><common:title>Slow networks of spikes</common:title></work:title>
<work:journal-title>Journal of Slowness</work:journal-title><work:short-description>We go slowly &amp; surely.</work:short-description>
<common:publication-date><common:year>2024</common:year><common:month>03</common:month><common:day>05</common:day></common:publication-date>
<common:external-ids><common:external-id><common:external-id-type>doi</common:external-id-type><common:external-id-value>10.5555/abc</common:external-id-value></common:external-id></common:external-ids>
<common:url>https://journal.example/slow</common:url>
<work:contributors><work:contributor><work:credit-name>Jón Müller</work:credit-name></work:contributor><work:contributor><work:credit-name>Ada B. Lovelace</work:credit-name></work:contributor></work:contributors>
</work:work></bulk:bulk>""",
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_a_paper_is_the_same_in_every_format(name):
    [found] = papers(FORMATS[name])
    assert replace(found, link=WHOLE.link) == WHOLE
    assert found.link == (None if name == "pubmed" else WHOLE.link)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "disguise",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: b"\n\n" + text.replace('<?xml version="1.0" encoding="UTF-8"?>', "").encode("cp1252"),
    ],
    ids=["byte order mark", "utf-16", "crlf", "cr", "cp1252"],
)
def test_no_charset_and_no_line_end_changes_what_is_read(name, disguise):
    [found] = papers(disguise(FORMATS[name]))
    assert (found.title, found.authors[0], found.doi) == (WHOLE.title, "Jón Müller", "10.5555/abc")


@pytest.mark.parametrize(
    ("library", "arxiv_id"),
    [
        ("@article{a, title={T}, journal={arXiv preprint arXiv:2405.12345}}", "2405.12345"),
        ("@misc{a, title={T}, eprint={2405.12345v2}, archivePrefix={arXiv}}", "2405.12345"),
        ("@misc{a, title={T}, eprint={hep-th/9901001}, eprinttype={arxiv}}", "hep-th/9901001"),
        ("@misc{a, title={T}, doi={10.48550/arXiv.2405.12345}}", "2405.12345"),
        ("@misc{a, title={T}, url={http://arxiv.org/pdf/2405.12345v1}}", "2405.12345"),
        ("@misc{a, title={T}, eprint={2405.12345}, archivePrefix={pubmed}}", None),
        ("TY  - RPRT\nTI  - T\nAN  - arXiv:2405.12345\nER  - \n", "2405.12345"),
        ('[{"title": "T", "number": "arXiv:2405.12345"}]', "2405.12345"),
        ('[{"title": "T", "note": "arXiv:2405.12345 [cs]\\ntex.ids= x"}]', "2405.12345"),
    ],
)
def test_an_arxiv_id_is_found_wherever_reference_managers_put_it(library, arxiv_id):
    [found] = papers(library)
    assert found.arxiv_id == arxiv_id
    assert found.doi is None
    assert found.venue is None


def test_entries_around_a_broken_one_are_kept_and_its_line_is_said():
    library = """
@article{a, title = {First of all}}

@article{a, title = {Of the same key}}
@article{b, title = {Never closed
@article{c, title = {Twice}, title = {Another}, year = 2020}
@article{d, title = {Not closed either}
@book{nothing,}
@misc{last, title = {Last of all}}
"""
    assert [found.title for found in papers(library)] == ["First of all", "Of the same key", "Twice", "Last of all"]
    told = mistakes(library)
    assert [line.partition(":")[0] for line in told] == ["5", "7", "8"]
    assert "closing" in told[0]
    assert "neither a title nor a DOI" in told[2]


def test_records_of_ris_without_an_end_a_start_or_sense_are_told_apart():
    library = "TI  - No type\nER\n\nTY  - ???\nTI  -No space\nDO  - 10.5555/one\nTY  - JOUR\nAU  - Nobody\nTY  - JOUR\nT1  - Never ended"
    assert [found.title for found in papers(library)] == ["No type", "No space", "Never ended"]
    assert mistakes(library) == ["7: has neither a title nor a DOI nor an arXiv id"]


def test_json_with_nulls_and_wrong_types_gives_what_makes_sense():
    library = json.dumps(
        [
            None, 1, "x", [], {"title": None, "author": None},
            {"title": {"a": 1}, "DOI": "10.5555/q", "author": [None, "Ada Byron", {"family": 3}], "issued": {"date-parts": [[None]]}},
            {"title": "Text", "author": {"a": 1}, "issued": {"raw": "in 2020"}, "URL": ["ftp://x"]},
        ]
    )  # fmt: skip
    bare, text = papers(library)
    assert (bare.title, bare.doi, bare.authors) == ("", "10.5555/q", ("Ada Byron", "3"))
    assert (text.title, text.link, text.published) == ("Text", None, datetime(2020, 1, 1, tzinfo=UTC))
    assert len(mistakes(library)) == 5


def test_of_each_group_of_an_orcid_record_one_work_is_read():
    summary = {
        "title": {"title": {"value": "A work"}},
        "external-ids": {"external-id": [None, {"external-id-type": "arxiv", "external-id-value": "2405.12345"}]},
    }
    record = {"orcid-identifier": {}, "activities-summary": {"works": {"group": [{"work-summary": [summary, summary]}, {"work-summary": None}, None]}, "fundings": {"group": []}}}  # fmt: skip
    [found] = papers(json.dumps(record))
    assert (found.title, found.arxiv_id) == ("A work", "2405.12345")


def test_a_list_by_hand_takes_ids_and_links_and_says_what_is_neither():
    listed = "# mine\n2405.12345v2  a remark\n- arXiv: hep-th/9901001\n10.5555/AB.c\nhttps://doi.org/10.5555/z,\nsome words\n\nhttps://example.org/x\n"
    assert [found.arxiv_id or found.doi for found in papers(listed)] == [
        "2405.12345",
        "hep-th/9901001",
        "10.5555/ab.c",
        "10.5555/z",
    ]
    assert [line.partition(":")[0] for line in mistakes(listed)] == ["6", "8"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n", "is empty"),
        (b"PK\x03\x04\x00\x00", "is no text"),
        (b"only words here", "no library that is known; expected BibTeX, RIS"),
        (b"<!DOCTYPE html><html></html>", "is a web page"),
        (b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>', "is RDF; export"),
        (b"<opml/>", "is XML that is not known"),
        (b"<a><b", "breaks off"),
        (b'[{"title": "A', "breaks off at line 1"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"response-code": 404, "developer-message": "no", "user-message": "Not found."}', "says: Not found"),
    ],
)
def test_what_is_no_library_is_one_clear_line(body, said):
    with pytest.raises(SourceError, match=said) as error:
        read_library(body)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("library", ["[]", '{"group": [], "path": "/works"}', "@comment{nothing}"])
def test_an_empty_library_is_no_mistake(library):
    assert papers(library) == []


@given(st.sampled_from(sorted(FORMATS)), st.integers(0, 600), st.integers(0, 40), st.binary(max_size=12))
@settings(max_examples=150, deadline=None)
def test_no_bytes_bring_about_anything_but_papers_or_one_line(name, start, length, put):
    raw = FORMATS[name].encode()
    said = ""
    found: list[Entry] = []
    try:
        found = papers(raw[:start] + put + raw[start + length :])
    except SourceError as error:
        said = str(error)
    assert "\n" not in said
    assert all(entry.title or entry.doi or entry.arxiv_id for entry in found)
