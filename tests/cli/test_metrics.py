"""Figures for monitoring, read by the parser that Prometheus' own client ships."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from newsletter.errors import StorageError, UsageError
from newsletter.model import DeliveryState, SourceState, SubscriberState
from newsletter.testing import DROP, SmtpSink
from newsletter.text.exposition import CONTENT_TYPE, Gauge, write_exposition
from newsletter.web.metrics import serve_metrics

MORNING = "2026-11-23T08:00:00Z"


def read(page: str) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """Name -> labels -> value; each name must be told of once, with help and type."""
    families = list(text_string_to_metric_families(page))
    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert family.type == "gauge"
        assert family.documentation
        assert re.fullmatch(r"newsletter_[a-z_]+", family.name)
    return {f.name: {frozenset(s.labels.items()): s.value for s in f.samples} for f in families}


def by_label(samples: Mapping[frozenset[tuple[str, str]], float], label: str) -> dict[str, float]:
    """The one label's value -> the figure."""
    return {dict(labels)[label]: value for labels, value in samples.items()}


def test_figures_are_there_before_the_first_run(deployment):
    figures = read(deployment("status", "--prometheus").out)
    assert by_label(figures["newsletter_deliveries"], "state") == dict.fromkeys(DeliveryState, 0)
    assert by_label(figures["newsletter_subscribers"], "state") == {**dict.fromkeys(SubscriberState, 0), "active": 3}
    assert figures["newsletter_last_run_timestamp_seconds"] == {}


def test_figures_are_printed_one_way_at_a_time(deployment):
    said = deployment("status", "--prometheus", "--json")
    assert (said.code, said.json["exit_code"]) == (2, 2)
    assert "--prometheus and --json" in said.json["error"]


def test_every_figure_and_every_state_is_documented(deployment):
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(newsletter_\w+)`", page, re.MULTILINE))
    assert documented == set(read(deployment("status", "--prometheus").out))
    assert {state for state in DeliveryState if f"`{state}`" not in page} == set()
    assert {state for state in SourceState if f"{state}" not in page} == set()


def test_figures_after_a_run_in_which_something_went_wrong(deployment):
    (deployment.folder / "bad.xml").write_text("")
    with SmtpSink() as sink:
        sink.answer("RCPT", "550 5.1.1 no such user")
        sink.answer("END", DROP)
        deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port})
        deployment.write(
            sources=[*deployment.settings["sources"], {"kind": "feed", "name": 'a "b"\\c', "path": "bad.xml"}]
        )
        said = deployment("run", "--json", "--now", MORNING)
    figures = read(deployment("status", "--prometheus").out)
    ledger = by_label(figures["newsletter_deliveries"], "state")
    assert (ledger["sent"], ledger["uncertain"], ledger["failed"]) == (1, 1, 1)
    outcomes = by_label(figures["newsletter_last_run_deliveries"], "outcome")
    assert outcomes == {outcome: said.json[outcome] for outcome in outcomes}
    assert outcomes["held"] == 0
    assert set(figures["newsletter_last_run_exit_code"].values()) == {said.code} == {10}
    [seconds] = figures["newsletter_last_run_duration_seconds"].values()
    assert 0 < seconds < 3600
    states = {(dict(k)["source"], dict(k)["state"]): v for k, v in figures["newsletter_source_state"].items()}
    assert states['a "b"\\c', "failed"] == 1
    assert sum(states.values()) == len(said.json["sources"])
    assert {state for _, state in states} == set(SourceState)
    assert by_label(figures["newsletter_source_failures_in_a_row"], "source")['a "b"\\c'] == 1
    assert 'a "b"\\c' not in by_label(figures["newsletter_source_last_success_timestamp_seconds"], "source")


def test_a_paused_edition_and_suppressed_addresses_are_counted(deployment):
    deployment("run", "--now", MORNING)
    [edition] = deployment("status", "--json").json["editions"]
    deployment("editions", "pause", edition["id"])
    deployment("subscribers", "erase", "ada@example.org", "--yes")
    figures = read(deployment("status", "--prometheus").out)
    assert set(figures["newsletter_paused_editions"].values()) == {1}
    assert set(figures["newsletter_suppressed_addresses"].values()) == {1}
    assert "example.org" not in deployment("status", "--prometheus").out


@pytest.mark.parametrize(
    ("value", "written"), [(1.5, 1.5), (3, 3), (float("inf"), float("inf")), (-float("inf"), -float("inf"))]
)
def test_values_and_labels_survive_the_format(value, written):
    hard = 'back\\slash "quoted"\nnext line, {braces} é'
    [family] = text_string_to_metric_families(write_exposition([Gauge("x", "line\nand \\", [({"l": hard}, value)])]))
    [sample] = family.samples
    assert (sample.labels, sample.value) == ({"l": hard}, written)
    assert family.documentation == "line\nand \\"
    assert "NaN" in write_exposition([Gauge("x", "h", [({}, float("nan"))])])


def test_metrics_have_a_port_of_their_own(deployment):
    command = [
        sys.executable,
        "-m",
        "newsletter",
        "--config",
        str(deployment.folder / "config"),
        "serve",
        "--port",
        "0",
    ]
    with subprocess.Popen(
        [*command, "--metrics", "0"], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as process:
        try:
            pages = re.search(r"http://\S+", process.stdout.readline())[0]
            told = re.search(r"http://127\.0\.0\.1:\d+/metrics", process.stdout.readline())[0]
            with urllib.request.urlopen(told, timeout=300) as answer:
                assert answer.headers["Content-Type"] == CONTENT_TYPE
                assert read(answer.read().decode())["newsletter_build_info"]
            for address in (f"{pages}metrics", told.replace("/metrics", "/other")):
                with pytest.raises(urllib.error.HTTPError, match="404"):
                    urllib.request.urlopen(address, timeout=300)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=300) == 0


def test_a_database_that_cannot_be_read_is_503():
    def fail() -> str:
        raise StorageError("the disk is gone")

    with serve_metrics(fail, host="127.0.0.1", port=0) as port:
        with pytest.raises(urllib.error.HTTPError, match="503"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=300)
        with pytest.raises(UsageError, match="cannot listen there"), serve_metrics(fail, host="127.0.0.1", port=port):
            pytest.fail("two listen on one port")


@pytest.mark.parametrize("place", ["x", "host:", "1:2:x", "70000"])
def test_a_place_that_is_none_is_a_usage_error(deployment, place):
    said = deployment("serve", "--metrics", place)
    assert (said.code, said.out) == (2, "")
    assert "--metrics" in said.err
