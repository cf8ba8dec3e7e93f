"""The names of papers in all the ways in which they are written."""

from __future__ import annotations

import pytest

from newsletter.sources.identifiers import (
    arxiv_id,
    bounded_guid,
    canonical_address,
    doi,
    doi_in_item,
    doi_of_address,
    openreview_id,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2405.12345", ("2405.12345", None)),
        ("2405.12345v3", ("2405.12345", 3)),
        ("arXiv:2405.1234v1", ("2405.1234", 1)),
        ("arxiv: 2405.12345", ("2405.12345", None)),
        ("oai:arXiv.org:hep-th/9901001v2", ("hep-th/9901001", 2)),
        ("math.AG/0601001", ("math/0601001", None)),
        ("10.48550/arXiv.2405.12345", ("2405.12345", None)),
        ("https://doi.org/10.48550/ARXIV.2405.12345", ("2405.12345", None)),
        ("http://arxiv.org/abs/2405.12345v2", ("2405.12345", 2)),
        ("https://export.arxiv.org/pdf/2405.12345v2.pdf", ("2405.12345", 2)),
        ("https://arxiv.org/html/2405.12345", ("2405.12345", None)),
        ("https://www.alphaxiv.org/abs/2405.12345", ("2405.12345", None)),
        ("https://huggingface.co/papers/2405.12345", ("2405.12345", None)),
        ("https://arxiv.org/abs/astro-ph/0601001?context=hep", ("astro-ph/0601001", None)),
    ],
)
def test_arxiv_ids(text, found):
    assert arxiv_id(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2405",
        "see 2405.12345",
        "https://blog.example/2405.12345",
        "https://arxiv.org/list/cs.LG/new",
        "http://[",
        "https://huggingface.co/papers",
        "10.1101/2405.12345",
        "https://notarxiv.org/abs/2405.12345",
        "news/1234567",
        "hep-th/9913001",
        "2026.10001",
        "0703.1234",
        "https://blog.example/post?about=10.48550/arXiv.2405.12345",
        "https://doi.org/?about=10.48550/arXiv.2405.12345",
    ],
)
def test_what_is_no_arxiv_id(text):
    assert arxiv_id(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.5555/ABC", "10.5555/abc"),
        ("doi:10.5555/abc.", "10.5555/abc"),
        ("https://dx.doi.org/10.5555/abc?x=1#y", "10.5555/abc"),
        ("https://doi.org/10.5555%2Fabc", "10.5555/abc"),
        ("10.1101/2026.01.02.123456v3", "10.1101/2026.01.02.123456"),
        ("10.64898/2026.01.02.123456v1.full.pdf", "10.64898/2026.01.02.123456"),
        ("10.5555/abcv3", "10.5555/abcv3"),
        ("10.5555/abc/v3", "10.5555/abc/v3"),
        ("10.21203/rs.3.rs-123456/v2", "10.21203/rs.3.rs-123456"),
        ("10.20944/preprints202405.0123.v2", "10.20944/preprints202405.0123"),
        ("10.26434/chemrxiv-2024-abc-v2", "10.26434/chemrxiv-2024-abc"),
        ("10.26434/chemrxiv.123.v1", "10.26434/chemrxiv.123"),
        ("10.31234/osf.io/abc12_v3", "10.31234/osf.io/abc12"),
        ("10.12688/f1000research.123.1", "10.12688/f1000research.123"),
        ("10.22541/au.171.5/v1", "10.22541/au.171.5"),
        ("10.7554/eLife.12345.2", "10.7554/elife.12345"),
        ("10.5281/zenodo.123.1", "10.5281/zenodo.123.1"),
        (
            "10.1002/(SICI)1097-0258(19980815/30)17:15/16<1600::AID-SIM900>3.0.CO;2-2",
            "10.1002/(sici)1097-0258(19980815/30)17:15/16<1600::aid-sim900>3.0.co;2-2",
        ),
        ("https://doi.org/10.1175/1520%281998%29055%3C1600:ABC%3E2.0.CO;2", "10.1175/1520(1998)055<1600:abc>2.0.co;2"),
        ("10.5555/abc<br>2", "10.5555/abc"),
        ("no doi", None),
    ],
)
def test_dois(text, found):
    assert doi(text) == found


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://doi.org/10.5555/abc", "10.5555/abc"),
        ("https://www.medrxiv.org/content/10.1101/2026.01.02.123456v3.full-text", "10.1101/2026.01.02.123456"),
        ("https://doi-org.proxy.library.example/10.5555/abc", "10.5555/abc"),
        ("https://blog.example/on/10.5555/abc", None),
        ("https://doi.org/?about=10.5555/abc", None),
    ],
)
def test_addresses_that_are_of_a_doi(url, found):
    assert doi_of_address(url) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("doi:10.5555/ABC", "10.5555/abc"),
        ("https://doi.org/10.5555/abc", "10.5555/abc"),
        ("https://journal.example/doi/abs/10.5555/abc?af=R", "10.5555/abc"),
        ("https://journal.example/article/10.5555/abc/full", "10.5555/abc"),
        ("https://blog.example/post?about=10.5555/abc", None),
        ("http://[/10.5555/abc", None),
    ],
)
def test_dois_that_a_feed_gives_for_an_item(text, found):
    assert doi_in_item(text) == found


def test_guids_are_short_and_plain():
    found = [bounded_guid(guid) for guid in (" g\x00-1 ", "", "x" * 501, "a\ud800b")]
    assert found == ["g-1", None, None, "ab"]


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://openreview.net/forum?id=AbC123&noteId=x", "AbC123"),
        ("https://openreview.net/pdf?id=AbC123", "AbC123"),
        ("https://openreview.net/group?id=Venue", None),
        ("https://other.example/forum?id=AbC123", None),
    ],
)
def test_openreview_ids(url, found):
    assert openreview_id(url) == found


@pytest.mark.parametrize(
    "same",
    [
        "http://www.lab.example/a/b/?utm_source=x&utm_medium=y#top",
        "https://lab.example:443/a/b",
        "HTTPS://LAB.example/a/b/index.html?fbclid=1",
        "https://lab.example/a%2Fb",
    ],
)
def test_one_page_has_one_address(same):
    assert canonical_address(same) == "lab.example/a/b"


def test_what_a_query_says_counts_in_any_order():
    assert canonical_address("https://lab.example/?p=7&q=1") == canonical_address("https://lab.example/?q=1&p=7")
    assert canonical_address("https://lab.example/?p=7") != canonical_address("https://lab.example/?p=8")
    assert canonical_address("https://lab.example:8080/a") == "lab.example:8080/a"


@pytest.mark.parametrize("url", ["https://lab.example/", "https://lab.example", "http://[", "not an address", "/a/b"])
def test_a_front_page_is_no_paper(url):
    assert canonical_address(url) is None
