"""The one page that mails need: looking changes nothing, one click ends the mail."""

from __future__ import annotations

import pytest
from web.conftest import Links, Site


def test_looking_at_the_link_changes_nothing(site: Site, links: Links) -> None:
    before = site.everything()
    for method in ("GET", "HEAD", "GET"):
        answer = site.client.request(method, links.leave)
        assert answer.status_code == 200
    assert "<form" in site.client.get(links.leave).text
    assert site.everything() == before
    assert site.due_tomorrow() == 3


@pytest.mark.parametrize(
    "body",
    [{"data": {"List-Unsubscribe": "One-Click"}}, {"files": {"List-Unsubscribe": (None, "One-Click")}}, {}],
    ids=["urlencoded", "multipart", "the page's button"],
)
def test_one_click_ends_the_mail_without_a_redirect_as_often_as_it_is_pressed(
    site: Site, links: Links, body: dict[str, object]
) -> None:
    for _ in range(2):
        answer = site.client.post(links.leave, **body)
        assert (answer.status_code, answer.headers.get("location")) == (200, None)
    assert site.due_tomorrow() == 2


def test_the_link_fits_where_relays_fold_headers(links: Links) -> None:
    assert len(f"<{links.leave}>") <= 77
