"""The form of wishes: what it shows before anything is saved, what it keeps, and what it refuses at which field."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time

import httpx
import pytest
from web.conftest import MORNING, SEAL, Links, Site

from newsletter.model import Interest, Owner, ProfileSpec, Schedule, Subscriber
from newsletter.web.forms import Form, Upload
from newsletter.web.wishes import read_wishes, tell_wishes
from newsletter.web.workshop import BACKTESTS, PREVIEWS

BIBTEX = b"""@article{a, title = {Local errors for deep networks}, author = {A. Author}, eprint = {2405.12345}, archivePrefix = {arXiv}}
@article{b, title = {A study without any identifier at all}, author = {B. Author}}
"""
FULL = ProfileSpec(
    interests=(Interest("spiking networks"), Interest("continual learning", 2.5), Interest("4 * 2"), Interest("x", -1)),
    authors=("Zenke, Friedemann",),
    organizations=("Pathway",),
    categories=("cs.NE",),
    liked=("arXiv:2405.12345", "title: A study: of cats", "file: library.bib", "https://example.org/a?b=1"),
    disliked=("doi:10.1101/2024.01.01.573829",),
    muted=("blockchain",),
    muted_authors=("A. Nobody",),
    trending=0.35,
    max_papers=7,
    min_score=0.123,
    explore=2,
)


def form_of(typed: Mapping[str, object], **files: Upload) -> Form:
    fields = {
        name: [str(value) for value in values] if isinstance(values, list) else [str(values)]
        for name, values in typed.items()
    }
    return Form(fields, {name: [upload] for name, upload in files.items()})


def reader_with(profile: ProfileSpec = FULL) -> Subscriber:
    return Subscriber(
        id="s1",
        email="ada@example.org",
        name="Ada",
        timezone="Asia/Tokyo",
        schedule=Schedule(days=frozenset({0, 3}), at=time(7, 30)),
        profile=profile,
        when_empty="send",
    )


def fields(site: Site, links: Links) -> dict[str, str | list[str]]:
    """What a browser would send of the form as it stands."""
    text = site.client.get(links.preferences).text
    form = text[text.index('<form class="tuning"') :]
    form = form[: form.index("</form>")]
    sent: dict[str, str | list[str]] = {
        name: html.unescape(value) for name, value in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\n([^<]*)<', form)
    }
    for tag in re.findall(r"<input[^>]*>", form):
        said = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if said.get("type") == "checkbox":
            if " checked" in tag:
                sent[said["name"]] = [*sent.get(said["name"], []), said["value"]]
        elif said.get("type") != "file":
            sent[said["name"]] = html.unescape(said.get("value", ""))
    sent["trending"] = next(iter(re.findall(r'<option value="([^"]*)" selected', form)), "")
    return sent


def send(site: Site, links: Links, action: str, **changes: str | list[str]) -> httpx.Response:
    return site.client.post(f"{links.preferences}/{action}", data=fields(site, links) | changes)


def own(site: Site, links: Links) -> Subscriber:
    """Makes the reader one of the database, who may save."""
    reader = site.storage.subscribers.by_email(links.reader)
    return site.storage.subscribers.save(replace(reader, owner=Owner.DATABASE, email="own@example.org"))


def plain(page: str) -> str:
    """What a page says, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())


def titles(page: str, *, among: str = "tried") -> Sequence[str]:
    listed = re.search(rf'<ol class="{among}">(.*?)</ol>', page, re.DOTALL)
    return re.findall(r"<h3[^>]*><a[^>]*>([^<]+)</a>", listed[1]) if listed else []


# -- the form as such ----------------------------------------------------------------------------------------------


def test_a_form_that_was_not_touched_changes_nothing() -> None:
    reader = reader_with()
    wishes = read_wishes(form_of(tell_wishes(reader).typed), reader)
    assert wishes.mistakes == {}
    assert wishes.reader == reader


@pytest.mark.parametrize(
    ("field", "typed", "mistake"),
    [
        ("liked", "arXiv:2405.12345\nfile: /etc/passwd", "paper"),
        ("liked", "FILE : other.bib", "paper"),
        ("disliked", "arXiv:nonsense", "paper"),
        ("disliked", "javascript:alert(1)", "paper"),
        ("interests", "\n".join(map(str, range(101))), "many"),
        ("muted", "x" * 301, "long"),
        ("max_papers", "0", "number"),
        ("max_papers", "101", "number"),
        ("max_papers", "ten", "number"),
        ("max_papers", "", "number"),
        ("explore", "8", "number"),
        ("min_score", "101", "percent"),
        ("min_score", "nan", "percent"),
        ("trending", "2", "share"),
        ("trending", "inf", "share"),
        ("at", "24:00", "at"),
        ("timezone", "Mars/Olympus", "zone"),
        ("timezone", "../../etc/passwd", "zone"),
        ("days", "", "days"),
    ],
)
def test_a_mistake_is_told_at_its_field_where_what_was_saved_goes_on(field: str, typed: str, mistake: str) -> None:
    reader = reader_with()
    before = tell_wishes(reader).typed
    wishes = read_wishes(form_of({**before, field: typed, "name": "Ada L."}), reader)
    assert {name: one.name for name, one in wishes.mistakes.items()} == {field: mistake}
    assert wishes.reader == replace(reader, name="Ada L.")
    if field != "days":
        assert wishes.typed[field] == typed


def test_papers_may_be_typed_as_people_name_them() -> None:
    typed = "2405.12345v2\n10.1234/abc\nhttps://arxiv.org/abs/2401.00001\nLoss of plasticity in deep learning\n\n2405.12345v2"
    reader = reader_with(ProfileSpec())
    wishes = read_wishes(form_of({**tell_wishes(reader).typed, "liked": typed}), reader)
    assert wishes.reader.profile.liked == (
        "arXiv:2405.12345v2",
        "doi:10.1234/abc",
        "https://arxiv.org/abs/2401.00001",
        "title: Loss of plasticity in deep learning",
    )


def test_what_is_saved_may_be_saved_again_however_long_it_is() -> None:
    reader = reader_with(ProfileSpec(liked=("title: " + "plasticity " * 40,), muted=("m" * 400,)))
    wishes = read_wishes(form_of(tell_wishes(reader).typed), reader)
    assert (wishes.mistakes, wishes.reader.profile.muted) == ({}, reader.profile.muted)
    longest = "on " * 98 + "plasticity"
    once = read_wishes(form_of({**tell_wishes(reader).typed, "liked": longest[-300:]}), reader).reader
    assert read_wishes(form_of(tell_wishes(once).typed), once).mistakes == {}


@pytest.mark.parametrize(
    ("line", "interest"),
    [
        ("graphs × 2", Interest("graphs", 2)),
        ("graphs*0,5", Interest("graphs", 0.5)),
        ("graphs * two", Interest("graphs * two")),
        ("× 2", Interest("× 2")),
    ],
)
def test_weights_of_interests(line: str, interest: Interest) -> None:
    reader = reader_with(ProfileSpec())
    wishes = read_wishes(form_of({**tell_wishes(reader).typed, "interests": line}), reader)
    assert wishes.reader.profile.interests == (interest,)


def test_a_library_is_added_to_what_is_liked() -> None:
    reader = reader_with(ProfileSpec(liked=("arXiv:2405.12345",)))
    form = form_of(tell_wishes(reader).typed, library=Upload("mine.bib", BIBTEX))
    wishes = read_wishes(form, reader)
    assert wishes.reader.profile.liked == ("arXiv:2405.12345", "title: A study without any identifier at all")
    assert (wishes.added, wishes.mistakes) == (1, {})


def test_a_file_of_too_many_papers_is_told_and_takes_nothing() -> None:
    reader = Subscriber(id="s", email="ada@example.org")
    large = Upload("all.bib", b"@a{b,\n" * 10_000)
    wishes = read_wishes(form_of(tell_wishes(reader).typed, library=large), reader)
    told = [(name, one.name, one.value, one.high) for name, one in wishes.mistakes.items()]
    assert told == [("library", "library_large", "all.bib", 3_000)]
    assert wishes.reader.profile.liked == ()


def test_a_file_that_is_no_library_is_told_and_takes_nothing() -> None:
    reader = reader_with()
    wishes = read_wishes(form_of(tell_wishes(reader).typed, library=Upload("a.png", b"\x89PNG\0\0")), reader)
    assert [(name, one.name, one.value) for name, one in wishes.mistakes.items()] == [("library", "library", "a.png")]
    assert wishes.reader == reader


# -- the preview ---------------------------------------------------------------------------------------------------


def test_the_preview_shows_todays_digest_with_its_reasons_and_saves_nothing(site: Site, links: Links) -> None:
    before = site.everything()
    answer = send(site, links, "preview", interests="brain decoding\nfMRI", max_papers="3")
    assert answer.status_code == 200
    assert "brain" in titles(answer.text)[0].lower() or "fmri" in titles(answer.text)[0].lower()
    assert "matches <em" in answer.text
    assert '<span class="mark new">new</span>' in answer.text or '<span class="mark up">up</span>' in answer.text
    assert "Gone:" in answer.text
    assert "brain decoding\nfMRI</textarea>" in answer.text
    assert site.everything() == before


def test_its_reasons_are_the_words_of_the_mail(site: Site, links: Links) -> None:
    [mail] = [mail for mail in site.deployment.mails() if links.reader in mail["To"]]
    told = re.findall(r"<b>Why this one:</b>\s*(.+?)</p>", mail.get_body(("html",)).get_content(), re.DOTALL)
    shown = re.findall(r"<b>Why this one:</b>\s*(.+?)</p>", send(site, links, "preview").text, re.DOTALL)

    assert told
    assert [plain(one) for one in shown] == [plain(one) for one in told]


def test_the_script_gets_the_preview_alone(site: Site, links: Links) -> None:
    part = send(site, links, "preview", interests="brain decoding", part="1")
    assert part.status_code == 200
    assert "<html" not in part.text
    assert part.text.index('class="said"') < part.text.index('<ol class="tried">')
    wrong = send(site, links, "preview", max_papers="many", part="1")
    assert (wrong.status_code, len(titles(wrong.text))) == (200, 10)
    assert "One field needs another look" in wrong.text


def test_papers_that_nobody_knows_here_are_named(site: Site, links: Links) -> None:
    shown = send(site, links, "preview", liked="arXiv:2405.12345").text
    assert "1 paper is not known here yet, and counts once it is: arXiv:2405.12345" in plain(shown)


def test_who_types_without_a_pause_is_asked_to_come_again_and_loses_nothing(site: Site, links: Links) -> None:
    said = fields(site, links) | {"interests": "mine alone"}
    address = f"{links.preferences}/preview"
    answers = [site.client.post(address, data=said | {"part": "1"}) for _ in range(PREVIEWS + 1)]
    assert {answer.status_code for answer in answers} <= {200, 429}  # a slow machine refuses nobody
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer.status_code == 429)
    assert "mine alone</textarea>" in site.client.post(address, data=said).text


# -- saving --------------------------------------------------------------------------------------------------------


def test_all_of_it_is_saved_at_once(site: Site, links: Links) -> None:
    reader = own(site, links)
    answer = send(
        site,
        links,
        "save",
        interests="graphs × 2",
        authors="Ada Lovelace",
        liked="2405.12345",
        muted="tides",
        trending="0.25",
        max_papers="5",
        min_score="12.5",
        explore="1",
        days=["0", "2"],
        at="08:15",
        timezone="America/New_York",
        when_empty="send",
        name="Ada L.",
    )
    assert (answer.status_code, answer.headers["location"].endswith("?done=saved")) == (303, True)
    saved = site.storage.subscribers.by_id(reader.id)
    assert saved == replace(
        reader,
        name="Ada L.",
        timezone="America/New_York",
        when_empty="send",
        schedule=Schedule(days=frozenset({0, 2}), at=time(8, 15)),
        profile=ProfileSpec(
            interests=(Interest("graphs", 2),),
            authors=("Ada Lovelace",),
            liked=("arXiv:2405.12345",),
            muted=("tides",),
            trending=0.25,
            max_papers=5,
            min_score=0.125,
            explore=1,
        ),
    )
    assert "Saved." in site.client.get(links.preferences + "?done=saved").text


def test_with_a_mistake_nothing_is_saved_and_nothing_is_lost(site: Site, links: Links) -> None:
    own(site, links)
    before = site.everything()
    answer = send(site, links, "save", interests="graphs", max_papers="0", liked="nonsense")
    assert answer.status_code == 422
    for shown in ("graphs</textarea>", 'value="0" aria-invalid="true"', "nonsense</textarea>", "“nonsense” names no"):
        assert shown in answer.text
    assert answer.text.count('class="mistake" id=') == 2
    for field in ("max_papers", "liked"):
        assert re.search(rf'aria-describedby="{field}-hint {field}-mistake"', answer.text)
        assert f'id="{field}-mistake"' in answer.text
    assert site.everything() == before


def test_a_reader_of_the_file_gets_a_patch_to_hand_on_and_nothing_is_saved(site: Site, links: Links) -> None:
    file = site.deployment.folder / "config" / "subscribers.yaml"
    before, text = site.everything(), file.read_bytes()
    answer = send(site, links, "save", interests="spiking neural networks\npruning", max_papers="5")
    told = html.unescape(re.search(r"<pre[^>]*>(.*?)</pre>", answer.text, re.DOTALL)[1])
    assert answer.status_code == 200
    assert told.startswith("--- config/subscribers.yaml\n")
    assert re.search(r'^\+ +- "pruning"$', told, re.MULTILINE)
    assert re.search(r"^\+ +max_papers: 5$", told, re.MULTILINE)
    assert "ben@" not in told
    assert (site.everything(), file.read_bytes()) == (before, text)
    assert "Nothing in the form differs" in send(site, links, "save").text


def test_who_left_saves_and_previews_nothing(site: Site, links: Links) -> None:
    own(site, links)
    said = fields(site, links)
    site.storage.subscribers.set_state(site.storage.subscribers.by_email("own@example.org").id, "left")
    before = site.everything()
    codes = [
        site.client.post(f"{links.preferences}/{action}", data=said | {"max_papers": "3"}).status_code
        for action in ("save", "preview", "backtest")
    ]
    assert codes == [200, 404, 404]
    assert site.everything() == before


# -- the last days, and votes --------------------------------------------------------------------------------------


def test_the_last_days_by_other_wishes(site: Site, links: Links) -> None:
    before = site.everything()
    same = plain(send(site, links, "backtest").text)
    other = send(site, links, "backtest", interests="brain decoding", max_papers="1")
    assert "brain decoding\n</textarea>" in other.text or "brain decoding</textarea>" in other.text
    if datetime.now(UTC) < MORNING:  # the mails that were sent are still to come
        assert "Nothing to compare yet" in same
    else:
        assert "Nothing would have changed in 1 day." in same
        assert "In 1 day you would have gained these 0 and lost these 9; 1 paper is the same." in plain(other.text)
        assert "Lost (9)" in plain(other.text)
    assert site.everything() == before


def test_backtests_are_limited(site: Site, links: Links) -> None:
    said = fields(site, links)
    answers = [site.client.post(f"{links.preferences}/backtest", data=said) for _ in range(BACKTESTS + 1)]
    assert answers[0].status_code == 200
    assert {answer.status_code for answer in answers} <= {200, 429}
    assert all("Nothing of what you typed is lost" in one.text for one in answers if one.status_code == 429)


def test_all_votes_are_forgotten_with_one_button(site: Site, links: Links) -> None:
    assert "Forget all my votes" not in site.client.get(links.preferences).text
    for link in (*links.more[:2], links.less[3]):
        site.press(link)
    reader = site.storage.subscribers.by_email(links.reader)
    assert len(site.storage.votes.of([reader.id])[reader.id]) == 3
    assert site.press(links.preferences, "/reset").status_code == 303
    assert site.storage.votes.of([reader.id]) == {}


def test_without_a_seal_nothing_is_done(site: Site, links: Links) -> None:
    site.press(links.more[0])
    said = {**fields(site, links), "seal": "x"}
    before = site.everything()
    actions = ("preview", "save", "backtest", "reset")
    assert {site.client.post(f"{links.preferences}/{one}", data=said).status_code for one in actions} == {403}
    assert {site.client.get(f"{links.preferences}/{one}").status_code for one in actions} <= {404, 405}
    assert SEAL.search(site.client.get(links.preferences).text)
    assert site.everything() == before
