from __future__ import annotations

from typing import Any

import pytest
import yaml

from newsletter.config.writing import write_profile
from newsletter.model import Interest, ProfileSpec

MINIMAL = """
title: Morning Papers
from: {email: papers@example.org}
sources: [{kind: huggingface}]
"""
FULL = ProfileSpec(
    interests=(Interest("no"), Interest("continual learning", 2.5), Interest("${ell} norms: #1")),
    authors=("Zenke, F.", 'Ada "the first"'),
    organizations=("Pathway",),
    categories=("cs.NE",),
    liked=("arXiv:2405.12345", "title: 深度 \u2028 learning"),
    disliked=("doi:10.1101/2024.01.01.573829",),
    muted=("07:30",),
    muted_authors=("Eve",),
    trending=0.25,
    max_papers=5,
    min_score=0.3,
    explore=1,
)


@pytest.mark.parametrize("spec", [FULL, ProfileSpec(trending=0.0), ProfileSpec()])
def test_what_is_written_reads_as_the_same_profile(spec: ProfileSpec, files: Any) -> None:
    written = write_profile(spec, remarks={("liked", "arXiv:2405.12345"): "added"}, above=["two\nlines"])
    files.write("config/newsletter.yaml", MINIMAL)
    assert files.load(subscribers=f"subscribers:\n  - email: ada@example.org\n{written}").readers[0].profile == spec


def test_remarks_stand_beside_their_item_and_comments_above() -> None:
    spec = ProfileSpec(liked=("arXiv:2405.12345", "arXiv:2405.54321"), disliked=("arXiv:2405.12345",))
    written = write_profile(spec, remarks={("liked", "arXiv:2405.12345"): "a\nremark"}, above=["of Ada"])
    assert written.splitlines() == [
        "    # of Ada",
        "    profile:",
        "      liked:",
        '        - "arXiv:2405.12345"  # a remark',
        '        - "arXiv:2405.54321"',
        "      disliked:",
        '        - "arXiv:2405.12345"',
    ]


def test_what_is_left_at_its_default_is_left_out() -> None:
    assert yaml.safe_load(write_profile(ProfileSpec(max_papers=3))) == {"profile": {"max_papers": 3}}
