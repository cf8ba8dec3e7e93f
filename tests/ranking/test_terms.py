from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model import Entry
from newsletter.ranking.candidates import weigh_fields
from newsletter.ranking.counting import FIRST, Numbers, count_terms
from newsletter.ranking.terms import MAX_CHARACTERS, MAX_RUN, find_tokens, read_forms, read_words


@pytest.mark.parametrize(
    "forms",
    [
        "prune pruned pruning prunes",
        "spike spikes spiking spiked",
        "embed embedding embedded embeddings",
        "theory theories",
        "model models modelling modelled modeling",
        "network networks",
        "обучение обучения обучению обучением",
        "нейронная нейронные нейронных",
        "التعلم تعلم والتعلم بالتعلم",
    ],
)
def test_inflections_of_a_word_are_one_word(forms: str) -> None:
    assert len({tuple(read_words(form)) for form in forms.split()}) == 1


@pytest.mark.parametrize("word", ["thing", "king", "need", "class", "bias", "ring", "speed", "gas"])
def test_short_words_are_not_cut_to_stumps(word: str) -> None:
    assert len(read_words(word)[0]) >= 3


def test_accents_case_and_width_do_not_matter() -> None:
    assert read_words("Schrödinger ÉTALE ＦＵＬＬ") == read_words("schrodinger etale full")


def test_stop_words_and_single_letters_say_nothing() -> None:
    assert read_words("what is the x of a") == []


@pytest.mark.parametrize(
    ("title", "keyword"),
    [
        ("基于深度学习的图像重建", "深度学习"),
        ("拡散モデルによる音声合成", "音声合成"),
        ("그래프 신경망을 이용한 분자 예측", "신경망"),
        ("การเรียนรู้เชิงลึกสำหรับภาพ", "การเรียนรู้"),
        ("Обучение нейронных сетей без учителя", "нейронная сеть"),
        ("التعلم العميق لمعالجة الصور", "تعلم عميق"),
        ("गहन शिक्षण से छवि वर्गीकरण", "गहन शिक्षण"),
        ("Εκμάθηση αναπαραστάσεων", "αναπαραστάσεων"),
        ("למידה עמוקה לעיבוד תמונה", "למידה עמוקה"),
    ],
)
def test_a_keyword_of_any_script_is_found_in_its_title(title: str, keyword: str) -> None:
    words = read_words(keyword)
    assert words
    assert set(words) <= set(read_words(title))


def test_scripts_in_one_run_are_taken_apart() -> None:
    assert read_words("3D重建transformer") == ["3d", "重建", "transformer"]


def count(*texts: Entry) -> list[dict[str, float]]:
    numbers = Numbers()
    counts = count_terms([weigh_fields(text) for text in texts], numbers)
    words = {number: word for word, number in numbers.items()} | {0: ""}
    names = [f"{words[term >> FIRST]} {words[term % (1 << FIRST)]}".strip() for term in counts.terms.tolist()]
    return [{names[n]: row[n] for n in row.nonzero()[0]} for row in counts.times.toarray()]


def test_phrases_reach_over_stop_words_and_not_over_fields() -> None:
    (counts,) = count(Entry(title="theory of mind", summary="a game"))
    assert set(counts) == {"theory", "mind", "theory mind", "gam"}


def test_titles_count_more_and_latex_in_them_is_read() -> None:
    entry = Entry(title=r"Schr\"odinger bridges", summary="bridges", keywords=("optimal transport",), categories=("A",))
    (counts,) = count(entry)
    assert counts["bridg"] == 3
    assert counts["schrodinger"] == 2
    assert counts["optimal transport"] == counts["in a"] == 1


def test_each_text_is_counted_for_itself() -> None:
    first, empty, second = count(Entry(title="one cat"), Entry(title=""), Entry(title="cat cat"))
    assert (first["cat"], empty, second["cat"], second["cat cat"]) == (2, {}, 4, 2)


def test_words_are_told_as_they_first_stand_in_a_text() -> None:
    assert read_forms("Pruned networks, pruning a Network") == {"prun": "pruned", "network": "networks"}
    assert find_tokens("spike-timing of  Neurons") == [
        ("spike", ("spik",)),
        ("timing", ("tim",)),
        ("of", ()),
        ("Neurons", ("neuron",)),
    ]


def test_a_word_without_end_is_read_in_pieces() -> None:
    assert {len(word) for word in read_words("xy" * 2 * MAX_RUN)} == {MAX_RUN}


def test_endless_fields_are_read_to_a_bound() -> None:
    assert len(read_words("word " * MAX_CHARACTERS)) <= MAX_CHARACTERS // 5


@given(st.text())
def test_any_text_gives_words_without_spaces(text: str) -> None:
    words = read_words(text)
    assert all(word and " " not in word for word in words)
    assert read_words(text) == words
