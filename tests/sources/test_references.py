"""Papers as people name them."""

from __future__ import annotations

import pytest

from newsletter.errors import LibraryTooLarge, NotReady, UsageError
from newsletter.sources.references import (
    MAX_LIBRARY_BYTES,
    MOST_UPLOADS,
    UPLOADED_PAPERS,
    UPLOADS,
    read_library,
    read_references,
    read_upload,
)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("arXiv:2405.12345", "arxiv:2405.12345"),
        ("arxiv: 2405.12345v3", "arxiv:2405.12345"),
        ("doi:10.5555/Ab.12", "doi:10.5555/ab.12"),
        ("doi: https://doi.org/10.5555/Ab.12", "doi:10.5555/ab.12"),
        ("doi:10.48550/arXiv.2405.12345", "arxiv:2405.12345"),
        ("https://arxiv.org/abs/2405.12345v2", "arxiv:2405.12345"),
        ("title: Loss of plasticity in slow networks", "title:loss of plasticity in slow networks"),
    ],
)
def test_a_reference_is_looked_up_by_its_strongest_key(tmp_path, text, key):
    [reference] = read_references(text, tmp_path)
    assert key in reference.keys
    assert reference.text == text


def test_only_a_title_says_enough_to_rank_by_without_a_store(tmp_path):
    [titled] = read_references("title: Loss of plasticity in slow networks", tmp_path)
    [bare] = read_references("arXiv:2405.12345", tmp_path)
    assert titled.entry is not None
    assert titled.entry.title == "Loss of plasticity in slow networks"
    assert bare.entry is None


def test_a_link_to_a_publisher_is_looked_up_by_the_doi_in_it(tmp_path):
    [reference] = read_references("https://journal.example/articles/10.3389/fnins.2020.00001/full", tmp_path)
    assert "doi:10.3389/fnins.2020.00001" in reference.keys
    assert "url:journal.example/articles/10.3389/fnins.2020.00001/full" in reference.keys


def test_a_library_gives_its_papers_and_says_the_line_of_what_it_passes_over(tmp_path, caplog):
    library = tmp_path / "library.txt"
    library.write_text("TY  - JOUR\nTI  - Slow networks of spikes\nDO  - 10.5555/ABC\nER  -\nTY  - JOUR\nER  -\n")
    [reference] = read_references("file: library.txt", tmp_path)
    assert reference.text == "Slow networks of spikes"
    assert reference.keys[0] == "doi:10.5555/abc"
    assert reference.entry == reference.named
    assert f"{library}:5: has neither a title nor a DOI nor an arXiv id; it is passed over" in caplog.messages


def test_what_a_library_only_names_has_to_be_looked_up(tmp_path):
    (tmp_path / "ids").write_text("10.5555/abc\n2405.12345\n")
    first, second = read_references("file: ids", tmp_path)
    assert (first.text, first.entry) == ("doi:10.5555/abc", None)
    assert (second.text, second.entry) == ("arXiv:2405.12345", None)


def test_a_library_is_read_again_when_it_has_changed_and_only_then(tmp_path, caplog):
    library = tmp_path / "library.bib"
    library.write_text("@misc{a, title = {One}}\n@misc{b,}\n")
    assert [one.text for one in read_library(library)] == ["One"]
    assert [one.text for one in read_library(library)] == ["One"]
    assert len(caplog.messages) == 1
    library.write_text("@misc{a, title = {One}}\n@misc{b, title = {Two}}\n")
    assert [one.text for one in read_library(library)] == ["One", "Two"]


def test_a_library_that_cannot_be_read_is_one_clear_line(tmp_path):
    with pytest.raises(UsageError, match=r"nothing\.bib: No such file or directory; expected a file with BibTeX, RIS"):
        read_library(tmp_path / "nothing.bib")
    large = tmp_path / "large.bib"
    large.write_bytes(b" " * (MAX_LIBRARY_BYTES + 1))
    with pytest.raises(UsageError, match="16 MB"):
        read_library(large)
    (tmp_path / "prose.bib").write_text("nothing but words")
    with pytest.raises(UsageError, match=r"prose\.bib: is no library that is known"):
        read_library(tmp_path / "prose.bib")
    with pytest.raises(UsageError, match="Is a directory"):
        read_library(tmp_path)


def test_a_reader_whose_library_cannot_be_read_stops_nobody(tmp_path):
    [reference] = read_references("file: nothing.bib", tmp_path)
    assert (reference.text, reference.keys, reference.entry) == ("file: nothing.bib", (), None)
    assert "nothing.bib: No such file" in reference.trouble


@pytest.mark.parametrize(
    "record", [b"@article{a, title={A}}", b"@a{", b"TY  - JOUR\n", b"%0 J\n", b"<record></record>"]
)
def test_of_a_library_that_is_handed_in_so_many_papers_are_read_and_no_more(record):
    with pytest.raises(LibraryTooLarge, match="3,000 papers"):
        read_upload(record * (UPLOADED_PAPERS + 1), "mine")


def test_papers_that_only_a_reader_can_count_are_counted_too():
    listed = b"\n".join(b"10.1000/%d" % number for number in range(UPLOADED_PAPERS + 1))
    with pytest.raises(LibraryTooLarge):
        read_upload(listed, "mine")
    assert len(read_upload(listed.rpartition(b"\n")[0], "mine")) == UPLOADED_PAPERS


def test_whoever_hands_in_a_library_while_enough_others_wait_is_told_to_come_again():
    for _ in range(MOST_UPLOADS):
        assert UPLOADS.acquire(blocking=False)
    try:
        with pytest.raises(NotReady, match="files of others"):
            read_upload(b"10.1000/x", "mine")
    finally:
        UPLOADS.release(MOST_UPLOADS)
    assert [one.doi for one in read_upload(b"10.1000/x", "mine")] == ["10.1000/x"]
