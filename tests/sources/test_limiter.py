"""One request at a time and three seconds apart, over all processes: seen from arXiv's side."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path
from threading import Lock

from newsletter.sources.arxiv import SECONDS_BETWEEN_REQUESTS

FEED = b'<rss version="2.0"><channel><title>cs.NE updates on arXiv.org</title></channel></rss>'
CONFIG = """
title: Papers
from: {{email: papers@example.org}}
network: {{allow: [127.0.0.1]}}
provider: {{kind: files, path: outbox}}
sources:
- {{kind: arxiv, categories: [cs.NE], reconcile: false, url: {url}/rss}}
- {{kind: arxiv, categories: [cs.LG], reconcile: false, url: {url}/rss}}
"""


@dataclass
class Visits:
    """When requests began and ended, and how many were ever there together."""

    spans: list[tuple[float, float]] = field(default_factory=list)
    together: int = 0
    _here: int = 0
    _lock: Lock = field(default_factory=Lock)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        began = time.monotonic()
        with self._lock:
            self._here += 1
            self.together = max(self.together, self._here)
        time.sleep(0.2)  # long enough for a second one to come in
        with self._lock:
            self._here -= 1
            self.spans.append((began, time.monotonic()))
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(FEED)))
        handler.end_headers()
        handler.wfile.write(FEED)


def fetching(folder: Path, url: str, shared: Path) -> subprocess.Popen[bytes]:
    """``newsletter fetch`` in a deployment of its own, on the same machine."""
    folder.mkdir()
    (folder / "newsletter.yaml").write_text(CONFIG.format(url=url))
    (folder / "subscribers.yaml").write_text("subscribers: []\n")
    return subprocess.Popen(
        [sys.executable, "-m", "newsletter", "--config", str(folder), "fetch", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(shared)},
    )  # fmt: skip


def test_two_processes_keep_one_pause_and_one_connection(site, tmp_path):
    visits = Visits()
    for category in ("cs.NE", "cs.LG"):
        site.play(f"/rss/{category}", visits.answer)
    processes = [fetching(tmp_path / name, site.url, tmp_path) for name in ("a", "b")]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, b""), out
    assert (len(visits.spans), visits.together) == (4, 1)
    spans = sorted(visits.spans)
    pauses = [later[0] - earlier[1] for earlier, later in pairwise(spans)]
    assert min(pauses) >= SECONDS_BETWEEN_REQUESTS - 0.01
