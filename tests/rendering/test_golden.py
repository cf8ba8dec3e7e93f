"""Golden mails: what readers get in each case, compared with files that people have read."""

from __future__ import annotations

import pytest
from rendering.cases import CASES, LETTERS, Case
from rendering.coming_back import come_back
from rendering.goldens import FOLDER, masked, stored
from rendering.looks import letter_in, render_in

from newsletter.model import LetterKind

RENEW = "a message has changed: read it, then python tests/renew_golden.py"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_message_is_as_it_was_when_somebody_read_it(case: Case) -> None:
    message = render_in(case.look, case.digest, subscriber=case.subscriber, links=case.links)
    assert masked(message.raw, case=case.name) == stored(case.name), RENEW


@pytest.mark.parametrize("kind", LetterKind)
def test_a_letter_is_as_it_was_when_somebody_read_it(kind: LetterKind) -> None:
    assert masked(letter_in("classic", LETTERS[kind]).raw, case=f"letter_{kind}") == stored(f"letter_{kind}"), RENEW


def test_who_left_and_came_back_gets_the_mail_that_others_get(deployment) -> None:
    back = come_back(deployment)
    assert back.sent_while_away == 1
    assert back.answers == (200, 200)
    assert masked(back.raw, case="came_back") == stored("came_back"), RENEW
    as_ada = {name: text.replace("bea@", "ada@") for name, text in masked(back.twin, case="came_back").items()}
    assert as_ada == stored("came_back")


def test_every_golden_mail_belongs_to_a_case() -> None:
    assert {folder.name for folder in FOLDER.iterdir()} == {
        *(case.name for case in CASES),
        *(f"letter_{kind}" for kind in LetterKind),
        "came_back",
    }
