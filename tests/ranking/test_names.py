from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.ranking.names import read_organization, read_person


@pytest.mark.parametrize(
    "ways",
    [
        ["Friedemann Zenke", "Zenke, Friedemann", "F. Zenke", "Zenke, F.", "Zenke F", "FRIEDEMANN ZENKE"],
        ["Laurens van der Maaten", "van der Maaten, Laurens", "L. van der Maaten", "van der Maaten L", "Maaten, L."],
        ["Jürgen Müller", "Juergen Mueller", "Muller, J.", "MULLER, JURGEN"],
        ["Søren Nørgaard", "Soren Norgaard", "Nørgaard S"],
        ["Jean-Philippe Dupont", "J.-P. Dupont", "Dupont, J. P.", "Dupont JP", "Dupont, JP"],
        ["Maria del Carmen García", "García, Maria del Carmen", "M. C. Garcia"],
        ["Wei Zhang", "Zhang Wei", "Zhang, Wei"],
        ["Rosa Q. Lindqvist", "Rosa Lindqvist", "R. Q. Lindqvist"],
        ["John Doe Jr.", "Doe, John", "John Doe"],
        [r"Andr\'e Petit", "André Petit", "Petit, A."],
        ["王伟", "王伟"],
    ],
)
def test_all_ways_to_write_a_name_may_be_one_person(ways: list[str]) -> None:
    for one, other in combinations(ways, 2):
        assert read_person(one).may_be(read_person(other)), (one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Friedemann Zenke", "Gerd Zenke"),
        ("F. Zenke", "G. Zenke"),
        ("Friedemann Zenke", "Friedemann Zen"),
        ("Wei Zhang", "Zhang, Li"),
        ("A. B. Lee", "A. C. Lee"),
        ("王伟", "王芳"),
    ],
)
def test_names_that_contradict_are_two_people(one: str, other: str) -> None:
    assert not read_person(one).may_be(read_person(other))


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_can_be_compared_from_both_sides(one: str, other: str) -> None:
    first, second = read_person(one), read_person(other)
    assert first.may_be(second) == second.may_be(first)
    assert first.may_be(first)


def test_an_organisation_is_found_in_another_by_whole_words() -> None:
    assert read_organization("google") in read_organization("Google DeepMind")
    assert read_organization("Goo") not in read_organization("Google DeepMind")
