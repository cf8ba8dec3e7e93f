"""A person breaks off while a source says nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys


def test_ctrl_c_ends_a_run_that_waits_for_a_silent_source(deployment):
    """The source holds its tongue until the process is gone."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(300)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/feed"
        sources = [*deployment.settings["sources"], {"kind": "feed", "name": "silent", "url": url}]
        deployment.write(sources=sources, network={"allow": ["127.0.0.1"]})
        process = subprocess.Popen(
            [sys.executable, "-m", "newsletter", "--config", str(deployment.folder / "config"), "run"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/", env=dict(os.environ),
        )  # fmt: skip
        try:
            connection, _ = silent.accept()
            connection.settimeout(300)
            assert connection.recv(4) == b"GET "
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=300)
        finally:
            process.kill()
            connection.close()
    assert (process.returncode, said.strip()) == (130, "newsletter: interrupted; the next run resumes")
