from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from newsletter.model import Entry
from newsletter.ranking.candidates import count_entry
from newsletter.ranking.space import MIN_THEMED_POOL, Space, Vectors


def test_rows_are_unit_rows_or_nothing(library: list[Entry]) -> None:
    space = Space.fit([count_entry(entry) for entry in library])
    vectors = space.embed([count_entry(library[0]), Counter({"unheard": 1})])
    for rows in (vectors.words.toarray(), vectors.themes, vectors.topics):
        assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 0])


def test_papers_of_a_field_are_alike_in_themes_though_they_share_few_words(library: list[Entry]) -> None:
    space = Space.fit([count_entry(entry) for entry in library])
    themes = space.embed([count_entry(entry) for entry in library]).themes
    likeness = (themes @ themes.T).reshape(5, 8, 5, 8).mean(axis=(1, 3))
    assert (likeness.argmax(axis=1) == np.arange(5)).all()


def test_themes_are_half_as_many_as_topics_and_grow_with_the_pool(library: list[Entry]) -> None:
    space = Space.fit([count_entry(entry) for entry in library])
    assert 20 <= space.axes.shape[1] <= 25
    assert 10 <= space.broad <= 12


def test_a_pool_too_small_or_without_structure_has_no_themes() -> None:
    few = [Counter({f"word{n}": 1, "shared": 1}) for n in range(MIN_THEMED_POOL - 1)]
    assert Space.fit(few).axes.shape[1] == 0
    strangers = [Counter({f"word{n}": 1}) for n in range(MIN_THEMED_POOL + 10)]
    assert Space.fit(strangers).axes.shape[1] == 0


def test_themes_do_not_depend_on_the_order_of_papers(library: list[Entry]) -> None:
    counts = [count_entry(entry) for entry in library]
    there, back = Space.fit(counts).embed(counts), Space.fit(counts[::-1]).embed(counts)
    assert there.themes @ there.themes.T == pytest.approx(back.themes @ back.themes.T, abs=0.05)


def test_in_small_pools_unknown_words_make_a_row_less_alike() -> None:
    space = Space.fit([Counter({"model": 1, "spike": 1}), Counter({"model": 1, "soil": 1})])
    known = space.embed([Counter({"spike": 1})]).words.toarray()
    strange = space.embed([Counter({"spike": 1, "auction": 1})]).words.toarray()
    assert known.max() == pytest.approx(1)
    assert 0.3 < strange.max() < 0.5


def test_in_larger_pools_terms_of_one_paper_and_of_most_papers_are_left_out() -> None:
    counts = [Counter({"everywhere": 1, f"pair{n // 2}": 1, f"once{n}": 1}) for n in range(60)]
    assert set(Space.fit(counts).columns) == {f"pair{n}" for n in range(30)}


def test_rare_words_tell_more() -> None:
    space = Space.fit([Counter({"model": 1, f"word{n}": 1}) for n in range(9)])
    assert space.rarity("unheard") > space.rarity("word0") > space.rarity("model") == 1


def test_an_empty_pool_has_an_empty_space() -> None:
    space = Space.fit([])
    assert space.embed([Counter({"any": 1})]).words.shape == (1, 0)
    assert space.embed([]).themes.shape == (0, 0)


def test_vectors_are_stacked_row_by_row(library: list[Entry]) -> None:
    counts = [count_entry(entry) for entry in library]
    space = Space.fit(counts)
    whole, parts = space.embed(counts), Vectors.stack([space.embed(counts[:5]), space.embed(counts[5:])])
    assert parts.words.toarray() == pytest.approx(whole.words.toarray())
    assert parts.topics == pytest.approx(whole.topics)
