"""A mail as a page: the very one that was sent, where nothing can run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from web.conftest import Links, Site

from newsletter.web.archive import POLICY


def test_it_is_the_very_mail_in_a_sandbox(site: Site, links: Links) -> None:
    answer = site.client.get(links.archive)
    mail = next(mail for mail in site.deployment.mails() if links.reader in mail["To"])
    assert answer.text == mail.get_body(("html",)).get_content()
    assert answer.headers["content-security-policy"] == POLICY
    assert "sandbox" in POLICY
    assert "allow-scripts" not in POLICY
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_it_is_there_for_who_left(site: Site, links: Links) -> None:
    site.client.post(links.leave)
    assert site.client.get(links.archive).status_code == 200


def test_a_mail_that_is_kept_no_longer(site: Site, links: Links) -> None:
    later = datetime.now(UTC) + timedelta(days=31)
    site.storage.deliveries.prune(later, messages_older_than=timedelta(days=30), rows_older_than=timedelta(days=365))
    answer = site.client.get(links.archive)
    assert answer.status_code == 404
    assert "is not kept, or not any more" in answer.text
