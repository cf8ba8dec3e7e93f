"""The footer's line on the sources, as one reader gets it."""

from __future__ import annotations

ADA = {"email": "ada@example.org", "profile": {"interests": ["tides"]}}
TIDES = [("Tides of the first day", "Water rises."), ("Tides of the second day", "Water falls.")]


def test_it_counts_what_this_reader_did_not_have_yet(deployment):
    deployment.write_readers([ADA])
    deployment.write(sources=[{"kind": "page", "name": "Listing", "path": "tides.txt"}])
    for day, papers in enumerate((TIDES[:1], TIDES), 23):
        deployment.write_page("tides", papers)
        assert deployment("run", "--json", "--now", f"2026-11-{day}T08:00:00Z").json["sent"] == 1
    for mail, title in zip(deployment.mails(), (one for one, _ in TIDES), strict=True):
        text = mail.get_body(("plain",)).get_content()
        assert title in text
        assert "New from Listing (1)." in text
