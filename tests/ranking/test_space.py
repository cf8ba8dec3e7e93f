from __future__ import annotations

import numpy as np
import pytest

from newsletter.model import Entry
from newsletter.ranking.candidates import weigh_fields
from newsletter.ranking.counting import Text
from newsletter.ranking.space import MIN_THEMED_POOL, Space, Vectors


def text(*words: str) -> Text:
    """Each word in a field of its own, so that there are no pairs."""
    return [(1, (word,)) for word in words]


def test_rows_are_unit_rows_or_nothing(library: list[Entry]) -> None:
    space = Space.fit([weigh_fields(entry) for entry in library])
    vectors = space.embed([weigh_fields(library[0]), text("unheard")])
    for rows in (vectors.words.toarray(), vectors.themes, vectors.topics):
        assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 0])


def test_papers_of_a_field_are_alike_in_themes_though_they_share_few_words(library: list[Entry]) -> None:
    space = Space.fit([weigh_fields(entry) for entry in library])
    themes = space.embed([weigh_fields(entry) for entry in library]).themes
    likeness = (themes @ themes.T).reshape(5, 8, 5, 8).mean(axis=(1, 3))
    assert (likeness.argmax(axis=1) == np.arange(5)).all()


def test_themes_are_half_as_many_as_topics_and_grow_with_the_pool(library: list[Entry]) -> None:
    space = Space.fit([weigh_fields(entry) for entry in library])
    assert 20 <= space.axes.shape[1] <= 25
    assert 10 <= space.broad <= 12


def test_a_pool_too_small_or_without_structure_has_no_themes() -> None:
    few = [text(f"word{n}", "shared") for n in range(MIN_THEMED_POOL - 1)]
    assert Space.fit(few).axes.shape[1] == 0
    strangers = [text(f"word{n}") for n in range(MIN_THEMED_POOL + 10)]
    assert Space.fit(strangers).axes.shape[1] == 0


def test_themes_do_not_depend_on_the_order_of_papers(library: list[Entry]) -> None:
    counts = [weigh_fields(entry) for entry in library]
    there, back = Space.fit(counts).embed(counts), Space.fit(counts[::-1]).embed(counts)
    assert there.themes @ there.themes.T == pytest.approx(back.themes @ back.themes.T, abs=0.05)


def test_in_small_pools_unknown_words_make_a_row_less_alike() -> None:
    space = Space.fit([text("model", "spike"), text("model", "soil")])
    known = space.embed([text("spike")]).words.toarray()
    strange = space.embed([text("spike", "auction")]).words.toarray()
    assert known.max() == pytest.approx(1)
    assert 0.3 < strange.max() < 0.5


def test_in_larger_pools_terms_of_one_paper_and_of_most_papers_are_left_out() -> None:
    counts = [text("everywhere", f"pair{n // 2}", f"once{n}") for n in range(60)]
    space = Space.fit(counts)
    names = {number: word for word, number in space.numbers.items()}
    assert {names[term] for term in space.terms.tolist()} == {f"pair{n}" for n in range(30)}


def test_rare_words_tell_more() -> None:
    space = Space.fit([text("model", f"word{n}") for n in range(9)])
    assert space.rarity("unheard") > space.rarity("word0") > space.rarity("model") == 1


def test_an_empty_pool_has_an_empty_space() -> None:
    space = Space.fit([])
    assert space.embed([text("any")]).words.shape == (1, 0)
    assert space.embed([]).themes.shape == (0, 0)


def test_vectors_are_stacked_row_by_row(library: list[Entry]) -> None:
    counts = [weigh_fields(entry) for entry in library]
    space = Space.fit(counts)
    whole, parts = space.embed(counts), Vectors.stack([space.embed(counts[:5]), space.embed(counts[5:])])
    assert parts.words.toarray() == pytest.approx(whole.words.toarray())
    assert parts.topics == pytest.approx(whole.topics)


def test_a_row_is_the_same_whatever_it_is_made_with(library: list[Entry]) -> None:
    texts = [weigh_fields(entry) for entry in library]
    space = Space.fit(texts)
    for row, whole in enumerate(space.embed(texts).split()):
        alone = space.embed([texts[row]])
        assert (alone.words.toarray() == whole.words.toarray()).all()
        assert (alone.topics == whole.topics).all()
        assert (alone.themes == whole.themes).all()


def test_rare_words_make_a_phrase_less_known_and_short_texts_are_less_full() -> None:
    papers = [text(f"rare{n}", f"common{n % 20}", f"other{n % 12}", f"third{n % 15}") for n in range(60)]
    space = Space.fit(papers)
    vectors = space.embed([text("common1", "other1"), text("common1", "rare1"), text("common1", "unheard"), papers[0]])
    whole, with_rare, with_unheard, paper = vectors.known
    assert whole == 1
    assert 0 < with_rare == with_unheard < 0.9
    assert with_rare < paper < 1
    assert vectors.fullness[1] < vectors.fullness[0] < vectors.fullness[3] < 1
    assert space.embed([text("unheard")]).known[0] == space.embed([text("unheard")]).fullness[0] == 0


def test_where_there_are_no_papers_nothing_is_short_of_anything() -> None:
    vectors = Space.fit([]).embed([text("word"), []])
    assert vectors.fullness.tolist() == vectors.known.tolist() == [1, 1]
