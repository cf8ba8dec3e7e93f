"""Papers as people name them."""

from __future__ import annotations

import pytest

from newsletter.errors import UsageError
from newsletter.sources.references import MAX_LIBRARY_BYTES, read_library, read_references


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


def test_a_bibtex_library_gives_every_paper_with_a_title(tmp_path):
    (tmp_path / "library.bib").write_text(
        r"""
@string{nips = "A Conference"}
@article{one, title = {{Slow} Networks of $\alpha$-Spikes}, author = {M{\"u}ller, J{\'o}n and Ada B. Lovelace},
  doi = {10.5555/ABC}, journal = "Journal of Slowness", abstract = {We go slowly.}}
@inproceedings{two, title = "Fast Networks", author = "{The Fast Group}", booktitle = nips,
  eprint = {2405.12345}, archivePrefix = {arXiv}}
@misc{untitled, author = {Nobody}}
@article{broken, title = {No end
@misc{last, title = {After the broken one}}
""",
        encoding="utf-8",
    )
    found = {reference.text: reference for reference in read_references("file: library.bib", tmp_path)}
    first = found["Slow Networks of α-Spikes"]
    assert first.entry is not None
    assert first.entry.authors == ("Jón Müller", "Ada B. Lovelace")
    assert first.entry.venue == "Journal of Slowness"
    assert "doi:10.5555/abc" in first.keys
    assert "arxiv:2405.12345" in found["Fast Networks"].keys
    assert "After the broken one" in found


def test_a_library_that_cannot_be_read_is_one_clear_line(tmp_path):
    with pytest.raises(UsageError, match=r"nothing\.bib: No such file"):
        read_library(tmp_path / "nothing.bib")
    large = tmp_path / "large.bib"
    large.write_bytes(b" " * (MAX_LIBRARY_BYTES + 1))
    with pytest.raises(UsageError, match="16 MB"):
        read_library(large)
