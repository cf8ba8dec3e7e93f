"""The tick over the main job: first at once, never two at a time, and never ended by what goes wrong."""

from __future__ import annotations

import logging
from threading import Event

import pytest

from newsletter.config import load
from newsletter.scheduling import start_ticking
from newsletter.scheduling.ticking import tick
from newsletter.storage import Storage

WAIT_SECONDS = 300


@pytest.fixture
def parts(deployment):
    settings = load(deployment.folder / "config", environ={})
    with Storage.open(settings.database) as storage:
        yield settings, storage


def test_the_first_tick_comes_at_once_and_sends(deployment, parts):
    ran = Event()
    reports = []

    def note(report) -> None:
        reports.append(report)
        ran.set()

    scheduler = start_ticking(*parts, stop=Event(), on_run=note)
    try:
        assert ran.wait(WAIT_SECONDS)
    finally:
        scheduler.shutdown(wait=True)
    assert reports[0].counts.sent == 3
    assert len(deployment.mails()) == 3


def test_a_tick_while_another_run_works_is_passed_over(deployment, parts, caplog):
    settings, storage = parts
    caplog.set_level(logging.INFO)
    with storage.lock():
        tick(settings, storage, Event())
    assert "another run is at work" in caplog.text
    assert deployment.mails() == []


def test_what_stops_a_run_is_logged_and_the_next_tick_tries_again(deployment, parts, caplog):
    settings, storage = parts
    (deployment.folder / "templates").mkdir()
    broken = deployment.folder / "templates" / "digest.mjml.j2"
    broken.write_text("<mjml>")
    mended = load(deployment.folder / "config", environ={})
    tick(mended, storage, Event())
    assert "digest.mjml.j2" in caplog.text
    broken.unlink()
    tick(settings, storage, Event())
    assert len(deployment.mails()) == 3


def test_a_stop_that_was_asked_for_leaves_everything_for_the_next_run(deployment, parts):
    stop = Event()
    stop.set()
    reports = []
    tick(*parts, stop, reports.append)
    assert (reports[0].counts.sent, reports[0].exit_code) == (0, 11)
    tick(*parts, Event(), reports.append)
    assert (reports[1].counts.sent, reports[1].exit_code) == (3, 0)
