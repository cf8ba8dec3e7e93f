"""Lists by OAI-PMH, in all of the formats that arXiv has for them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newsletter.errors import SourceError
from newsletter.sources.arxiv_oai import set_of
from newsletter.sources.arxiv_records import split_names
from newsletter.sources.arxiv_xml import read_arxiv


def answer(inside: str, *, xmlns: str = "http://www.openarchives.org/OAI/2.0/") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><OAI-PMH xmlns="{xmlns}">'
        f"<responseDate>2026-03-11T03:10:00Z</responseDate>{inside}</OAI-PMH>"
    ).encode()


def listed(form: str, *, name: str = "2603.01234", sets: str = "", header: str = "") -> str:
    return (
        f"<record><header{header}><identifier>oai:arXiv.org:{name}</identifier><datestamp>2026-03-11</datestamp>{sets}"
        f"</header>{f'<metadata>{form}</metadata>' if form else ''}</record>"
    )


def raw(more: str = "", versions: str = "") -> str:
    versions = versions or (
        "<version version='v1'><date>Mon, 9 Mar 2026 18:00:00 GMT</date><size>9kb</size></version>"
        "<version version='v10'><date>Wed, 11 Mar 2026 01:00:00 GMT</date><size>9kb</size></version>"
        "<version version='v2'><date>Tue, 10 Mar 2026 01:00:00 GMT</date><size>0kb</size><source_type>I</source_type></version>"
    )
    return (
        f"<arXivRaw xmlns='http://arxiv.org/OAI/arXivRaw/'><id>2603.01234</id><submitter>A</submitter>{versions}"
        "<title>On\n  p&lt;0.05</title><authors>Ada Byron, Andr\\'e Weil and C. Gauss (1) ((1) G\\\"ottingen)</authors>"
        "<categories>cs.NE q-bio.NC</categories><comments>9 pages</comments><journal-ref>J. Good 1</journal-ref>"
        f"<doi>10.5555/GOOD.1, 10.5555/GOOD.2</doi><abstract>  We show.\n</abstract>{more}</arXivRaw>"
    )


def test_a_record_with_its_versions():
    (entry,) = read_arxiv(answer(f"<ListRecords>{listed(raw())}</ListRecords>")).entries
    assert (entry.arxiv_id, entry.arxiv_version, entry.withdrawn) == ("2603.01234", 10, False)
    assert (entry.title, entry.summary) == ("On p<0.05", "We show.")
    assert entry.authors == ("Ada Byron", "André Weil", "C. Gauss")
    assert (entry.categories, entry.comment, entry.venue) == (("cs.NE", "q-bio.NC"), "9 pages", "J. Good 1")
    assert (entry.doi, entry.link) == ("10.5555/good.1", "https://arxiv.org/abs/2603.01234")
    assert entry.published == datetime(2026, 3, 9, 18, tzinfo=UTC)
    assert entry.updated == datetime(2026, 3, 11, 1, tzinfo=UTC)
    assert entry.listed_at == datetime(2026, 3, 11, tzinfo=UTC)


def test_a_last_version_without_anything_to_read_is_a_withdrawal():
    gone = "<version version='v3'><date>Wed, 11 Mar 2026 01:00:00 GMT</date><source_type>I</source_type></version>"
    here = "<version version='v1'><date>Mon, 9 Mar 2026 18:00:00 GMT</date><source_type>D</source_type></version>"
    (entry,) = read_arxiv(answer(listed(raw(versions=gone + here)))).entries
    assert (entry.withdrawn, entry.arxiv_version) == (True, 3)


def test_a_record_with_people():
    form = (
        "<arXiv><id>2603.01234</id><created>2026-03-09</created><updated>2026-03-10</updated><authors>"
        "<author><keyname>Team</keyname><forenames>Good</forenames><affiliation>The Lab</affiliation></author>"
        "<author><keyname>:</keyname></author>"
        "<author><keyname>King</keyname><forenames>Martin L.</forenames><suffix>Jr.</suffix></author>"
        "<author><keyname>for the Other Team</keyname></author></authors>"
        "<title>T</title><categories>cs.NE</categories><comments>Withdrawn: it is wrong</comments>"
        "<abstract>A.</abstract></arXiv>"
    )
    (entry,) = read_arxiv(answer(listed(form), xmlns="")).entries
    assert entry.authors == ("Good Team", "Martin L. King Jr.", "Other Team")
    assert (entry.organization, entry.arxiv_version, entry.withdrawn) == ("The Lab", None, True)
    assert entry.published == datetime(2026, 3, 9, tzinfo=UTC)
    assert entry.updated == datetime(2026, 3, 10, tzinfo=UTC)


def test_a_record_in_dublin_core():
    form = (
        '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>T</dc:title><dc:creator>Byron, Ada</dc:creator>'
        "<dc:creator>Plato</dc:creator><dc:subject>Computer Science</dc:subject><dc:description>We show.</dc:description>"
        "<dc:description>Comment: 9 pages</dc:description><dc:date>2026-03-09</dc:date><dc:date>2026-03-10</dc:date>"
        "<dc:identifier>http://arxiv.org/abs/2603.01234</dc:identifier><dc:identifier>J. Good 1</dc:identifier>"
        "<dc:identifier>doi:10.5555/GOOD.1</dc:identifier></oai_dc:dc>"
    )
    sets = "".join(f"<setSpec>{one}</setSpec>" for one in ("cs:cs:NE", "physics:hep-th", "math"))
    (entry,) = read_arxiv(answer(listed(form, sets=sets))).entries
    assert (entry.authors, entry.summary, entry.comment) == (("Ada Byron", "Plato"), "We show.", "9 pages")
    assert (entry.doi, entry.venue) == ("10.5555/good.1", "J. Good 1")
    assert entry.categories == ("cs.NE", "hep-th", "math")
    assert entry.published == datetime(2026, 3, 9, tzinfo=UTC)
    assert entry.updated == datetime(2026, 3, 10, tzinfo=UTC)


def test_a_record_alone_and_one_that_is_gone():
    (entry,) = read_arxiv(listed(raw()).encode()).entries
    assert entry.arxiv_id == "2603.01234"
    (gone,) = read_arxiv(answer(listed("", header=' status="deleted"'))).entries
    assert (gone.arxiv_id, gone.title, gone.withdrawn) == ("2603.01234", "", True)


def test_records_that_say_nothing_are_passed_over():
    others = "<record/>" + listed("") + listed(raw(), name="else") + "<!-- a remark -->"
    assert len(read_arxiv(answer(others + listed(raw()))).entries) == 1


def test_what_the_next_page_is_asked_for_by():
    token = "<resumptionToken cursor='0' completeListSize='2000'> 17|1001 </resumptionToken>"
    assert read_arxiv(answer(listed(raw()) + token)).facts == {"token": "17|1001", "day": "2026-03-11"}
    assert read_arxiv(answer("<resumptionToken/>")).facts == {"token": None, "day": "2026-03-11"}


def test_nothing_that_changed_is_no_error_and_an_error_is_told_in_its_own_words():
    assert read_arxiv(answer("<error code='noRecordsMatch'>no</error>")).entries == ()
    with pytest.raises(SourceError, match="says: badResumptionToken: expired"):
        read_arxiv(answer("<error code='badResumptionToken'>expired</error>"))
    with pytest.raises(SourceError, match=r"says: an error$"):
        read_arxiv(answer("<error/>"))


@pytest.mark.parametrize(
    ("category", "name"),
    [("q-bio", "q-bio:q-bio"), ("math.NA", "math:math:NA"), ("physics.bio-ph", "physics:physics:bio-ph")],
)
def test_the_sets_of_categories(category, name):
    assert set_of(category) == name


def test_affiliations_that_never_close_cost_no_time_and_no_name():
    assert split_names("A. Gould " + "(" * 5_000) == ["A. Gould"]
    assert split_names("A. Gould), B. Byron") == ["A. Gould", "B. Byron"]
