"""What reference managers are told of papers: files that read back as the same papers, and pages that say the same."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.model import Entry
from newsletter.rendering.citations import context_object, write_bibtex, write_linked_data, write_ris
from newsletter.rendering.citations.people import Name, name_of
from newsletter.sources.identity import keys_of, with_ids
from newsletter.sources.libraries.reading import MISTAKES, read_library
from newsletter.sources.markup import title_of
from newsletter.text import clean, one_line, readable
from newsletter.text.escaping import as_latex

PREPRINT = Entry(
    title=r"Learning $\ell_2$ norms of {BERT} & C-- at 5% in #1_a",
    summary=r"We show $x^2$ for 10% of what Andr\'e has.",
    authors=("Ada B. Lovelace", "Anna van der Berg Jr.", "OpenAI", "The ATLAS Collaboration", "王小明"),
    author_count=9,
    arxiv_id="2405.12345",
    categories=("cs.LG", "stat.ML"),
    link="https://huggingface.co/papers/2405.12345",
    published=datetime(2024, 5, 20, 17, tzinfo=UTC),
)
ARTICLE = Entry(
    title="Slow networks of spikes",
    authors=("Jón Müller",),
    doi="10.5555/abc_(1)",
    venue="Journal of Slowness & Care",
    link="https://journal.example/slow_1",
    published=datetime(2024, 3, 5, tzinfo=UTC),
)
BIORXIV = Entry(
    title="Neurons at rest",
    authors=("K. M. Wright",),
    doi="10.1101/2026.01.02.123456",
    link="https://doi.org/10.1101/2026.01.02.123456",
    published=datetime(2026, 1, 2, tzinfo=UTC),
)
MEDRXIV = replace(BIORXIV, pdf_link="https://www.medrxiv.org/content/10.1101/2026.01.02.123456v1.full.pdf")
POST = Entry(title="A post", link="https://blog.example/a_b?x=1&y=2%20")
ALL = (PREPRINT, ARTICLE, BIORXIV, POST)

LINK = "https://arxiv.org/abs/2405.12345"
WRITERS = (write_bibtex, write_ris)


def read(text: str) -> list[Entry]:
    reading = read_library(text.encode())
    assert not reading.facts[MISTAKES]
    return list(reading.entries)


def test_a_preprint_in_bibtex() -> None:
    assert write_bibtex([PREPRINT]) == (
        r"""@misc{lovelace2024learning-KEY,
  title = {{Learning $\ell_2$ norms of BERT \& C-{}- at 5\% in \#1\_a}},
  author = {Lovelace, Ada B. and van der Berg, Jr., Anna and {OpenAI} and {The ATLAS Collaboration} and {王小明} and others},
  year = {2024},
  month = may,
  eprint = {2405.12345},
  archiveprefix = {arXiv},
  primaryclass = {cs.LG},
  doi = {10.48550/arXiv.2405.12345},
  url = {https://arxiv.org/abs/2405.12345},
  keywords = {cs.LG, stat.ML},
  abstract = {We show $x^2$ for 10\% of what André has.},
}
""".replace("KEY", key_of(PREPRINT))
    )


def test_an_article_in_ris() -> None:
    lines = [
        "TY  - JOUR",
        f"ID  - mueller2024slow-{key_of(ARTICLE)}".replace("mueller", "muller"),
        "TI  - Slow networks of spikes",
        "AU  - Müller, Jón",
        "PY  - 2024",
        "DA  - 2024/03/05",
        "T2  - Journal of Slowness & Care",
        "DO  - 10.5555/abc_(1)",
        "UR  - https://journal.example/slow_1",
        "ER  - ",
    ]
    assert write_ris([ARTICLE]) == "".join(f"{line}\r\n" for line in lines)


def key_of(entry: Entry) -> str:
    return re.search(r"^ID  - \w+-([0-9a-f]{6})\r$", write_ris([entry]), re.MULTILINE)[1]


@pytest.mark.parametrize(
    ("entry", "bibtex", "ris", "journal"),
    [
        (PREPRINT, "misc", "UNPB", None),
        (ARTICLE, "article", "JOUR", "Journal of Slowness & Care"),
        (BIORXIV, "article", "JOUR", "bioRxiv"),
        (MEDRXIV, "article", "JOUR", "medRxiv"),
        (POST, "misc", "ELEC", None),
        (replace(PREPRINT, doi="10.5555/x", venue="Journal"), "article", "JOUR", "Journal"),
        (replace(PREPRINT, doi="10.5555/x"), "misc", "UNPB", None),
        (replace(ARTICLE, venue=None), "article", "JOUR", None),
    ],
)
def test_each_is_of_its_type(entry: Entry, bibtex: str, ris: str, journal: str | None) -> None:
    assert write_bibtex([entry]).startswith(f"@{bibtex}{{")
    assert write_ris([entry]).startswith(f"TY  - {ris}\r\n")
    said = re.search(r"^  journal = \{(.*)\},$", write_bibtex([entry]), re.MULTILINE)
    assert (said and said[1].replace("\\", "")) == journal


@pytest.mark.parametrize("write", WRITERS)
def test_a_list_reads_back_as_the_same_papers(write: Callable[[Iterable[Entry]], str]) -> None:
    back = read(write(ALL))
    assert [one.title for one in back] == [readable(one.title) for one in ALL]
    assert [keys_of(with_ids(one)) for one in back] == [keys_of(with_ids(one)) for one in map(as_cited, ALL)]
    assert back[0].authors == PREPRINT.authors
    assert [one.published and one.published.year for one in back] == [2024, 2024, 2026, None]
    assert back[0].summary == readable(PREPRINT.summary)


def as_cited(entry: Entry) -> Entry:
    """As it is told: a paper on arXiv is there, wherever it was seen."""
    link = f"https://arxiv.org/abs/{entry.arxiv_id}" if entry.arxiv_id else entry.link
    return replace(entry, link=link, title=readable(entry.title))


HOSTILE = st.text(
    st.sampled_from([*"{}\\$%&#_^~\"'`@,=-<>|()[]*/:; \n\r\tabZ10.é∞א中😀", "\u2028", "\x85", "\x00", "\u202e"]), max_size=40
) | st.lists(
    st.sampled_from(
        [
            r"$\ell_2$", "$x$", r"\'e", r"{\textbackslash}", "ER  - ", "TY  - JOUR", "@article{x,", "}", "{", "C:\\new", "$5",
            " and ", "--", "''", "\\input{x}", r"$\input{/etc/passwd}$", r"\write18{x}", "}}", "\n", "%", "title = {", "</span>",
            "&amp;", "&", "\\", r"\\", "{BERT}", "AI", "100%", "a_b", r"\_", r"\{", "$",
        ]
    ),
    max_size=8,
).map(" ".join)  # fmt: skip


@given(HOSTILE)
@example("}\n@article{x, title = {Mine}}")
@example("x\r\nER  - \r\nTY  - JOUR\r\nTI  - Mine")
@example("C:\\new and \\")
@example("{ unbalanced")
def test_no_title_ends_its_field(title: str) -> None:
    """A file has as many papers as went in, each with its ids, and with the letters of its title."""
    first = Entry(title=clean(title), arxiv_id="2405.12345", link=LINK, authors=(title,))
    second = Entry(title="The next one", doi="10.5555/next", summary=title)
    for write in WRITERS:
        [one, two] = read(write([first, second]))
        assert (one.arxiv_id, two.doi, two.title) == ("2405.12345", "10.5555/next", "The next one")
        assert letters(one.title) == letters(title_of(readable(first.title or LINK)))


def letters(text: str) -> str:
    """What is left where marks may be set in another way: a dash for two hyphens, a quotation mark for two accents."""
    return "".join(re.findall(r"\w", text))


@pytest.mark.parametrize(
    "title",
    [
        "Plain", "A } alone", "{ alone", "Both {of} them", "100% of $5 and $6", "a_b^c~d", "C# & C-- at #1", "C:\\new\\x",
        "@article{x,", "an \\unknown macro", "<b>x</b> | y > z", 'He said "no"', "ends in \\", "Größe über 中文 😀", "$x_1$ of 3",
        "f'' of ''x''", "`code`", "x {@} y", "\\{a\\}", "5 < 6", "mail@example.org{}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("write", WRITERS)
def test_titles_come_back_to_the_letter(write: Callable[[Iterable[Entry]], str], title: str) -> None:
    [back] = read(write([Entry(title=title, doi="10.5555/x")]))
    assert back.title == clean(re.sub(r"</?b>", "", readable(title)))


def test_a_title_does_nothing_in_papers_that_cite_it() -> None:
    assert as_latex(r"$\input{x}$ $\alpha$ \write18{x} $a%b$") == (
        r"{\textbackslash}input\{x\} $\alpha$ {\textbackslash}write18\{x\} a\%b"
    )


def test_keys_are_ascii_the_same_in_any_list_and_no_two_alike() -> None:
    papers = [
        Entry(title="The same title", authors=("Ömer Çelik",), link=f"https://example.org/{number}")
        for number in range(50)
    ]
    papers += [Entry(title="כותרת", authors=("中文",), link="https://example.org/he")]
    together = keys(papers)
    assert together == [key for paper in papers for key in keys([paper])]
    assert len(set(together)) == len(papers)
    assert all(re.fullmatch(r"[a-z0-9]+-[0-9a-f]{6}", key) for key in together)
    assert together[0].startswith("celiksame-")
    assert keys([replace(papers[0], title="Renamed", id=papers[0].id)])[0][-6:] == together[0][-6:]


def test_the_same_paper_twice_has_two_lines_and_no_error() -> None:
    assert len(read(write_bibtex([POST, POST]))) == 2


def keys(papers: Iterable[Entry]) -> list[str]:
    return re.findall(r"^@\w+\{(.*),$", write_bibtex(papers), re.MULTILINE)


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("Ludwig van Beethoven", Name("van Beethoven", "Ludwig")),
        ("Maria de la Cruz", Name("de la Cruz", "Maria")),
        ("Martin Luther King, Jr.", Name("King", "Martin Luther", "Jr.")),
        ("Guido van Rossum III", Name("van Rossum", "Guido", "III")),
        ("Byron, A.", Name("Byron", "A.")),
        ("Wei Ai", Name("Ai", "Wei")),
        ("Plato", Name("Plato")),
        ("Meta AI", Name("Meta AI")),
        ("DeepSeek-AI", Name("DeepSeek-AI")),
        ("Qwen Team", Name("Qwen Team")),
        ("Institute for Advanced Study", Name("Institute for Advanced Study")),
        ("Foo, Inc.", Name("Foo Inc.")),
        ("bell hooks", Name("hooks", "bell")),
        (r"Andr\'e Weil", Name("Weil", "André")),
        ("van Gogh", Name("van Gogh")),
        (" , ", None),
    ],
)
def test_names_are_told_apart(author: str, name: Name | None) -> None:
    assert name_of(author) == name


@given(HOSTILE, HOSTILE)
def test_a_context_object_says_what_it_was_told(title: str, author: str) -> None:
    entry = Entry(title=clean(title), authors=(author,), arxiv_id="2405.12345", summary=title)
    in_a_page = f'<span class="Z3988" title="{html.escape(context_object(entry))}"></span>'
    assert in_a_page.count("<") == 2
    said = parse_qs(html.unescape(re.search(r'title="([^"]*)"', in_a_page)[1]), strict_parsing=True)
    assert said["ctx_ver"] == ["Z39.88-2004"]
    assert said["rft_id"] == ["info:doi/10.48550/arXiv.2405.12345", "https://arxiv.org/abs/2405.12345"]
    if entry.title:
        assert said["rft.title"] == [one_line(readable(one_line(entry.title)))]


def test_a_context_object_of_each_kind() -> None:
    preprint, article, post = (parse_qs(context_object(one), strict_parsing=True) for one in (PREPRINT, ARTICLE, POST))
    assert preprint["rft_val_fmt"] == ["info:ofi/fmt:kev:mtx:dc"]
    assert preprint["rft.type"] == ["preprint"]
    assert preprint["rft.au"][:2] == ["Lovelace, Ada B.", "van der Berg, Anna, Jr."]
    assert preprint["rft.date"] == ["2024-05-20"]
    assert preprint["rft.description"] == [readable(PREPRINT.summary)]
    assert article["rft_val_fmt"] == ["info:ofi/fmt:kev:mtx:journal"]
    assert article["rft.atitle"] == ["Slow networks of spikes"]
    assert article["rft.jtitle"] == ["Journal of Slowness & Care"]
    assert (article["rft.aulast"], article["rft.aufirst"]) == (["Müller"], ["Jón"])
    assert article["rft_id"] == ["info:doi/10.5555/abc_(1)", "https://journal.example/slow_1"]
    assert post["rft.type"] == ["webpage"]
    assert post["rft.identifier"] == [POST.link]


def test_linked_data_is_a_list_in_order() -> None:
    said = json.loads(write_linked_data(ALL, name="Morning </script><script>"))
    assert said["@type"] == "ItemList"
    items = [one["item"] for one in said["itemListElement"]]
    assert [one["position"] for one in said["itemListElement"]] == [1, 2, 3, 4]
    assert [one["@type"] for one in items] == ["ScholarlyArticle"] * 3 + ["WebPage"]
    assert items[0]["author"][0] == {
        "@type": "Person", "name": "Ada B. Lovelace", "familyName": "Lovelace", "givenName": "Ada B.",
    }  # fmt: skip
    assert items[1]["identifier"] == "https://doi.org/10.5555/abc_(1)"


@given(HOSTILE)
def test_linked_data_never_ends_its_script(title: str) -> None:
    written = write_linked_data([Entry(title=title or "x", link="https://example.org/a")], name=title)
    assert not set("<>&") & set(written)
    assert json.loads(written)["name"] == title
