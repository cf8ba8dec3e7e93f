"""What a person sees on a terminal: bars that are drawn once, and log lines above them, whole."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

from product import MORNING, PAPERS

WIDE = 100
_PIECE = re.compile(r"\x1b\[(?P<count>\d*)(?P<does>[A-Za-z])|\x1b\[\?\d+[hl]|(?P<text>[^\x1b])")


def on_terminal(folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit code, and all bytes that a command wrote to stderr, which is a terminal; stdout is not."""
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (50, WIDE))
    command = [sys.executable, "-m", "newsletter", "--config", str(folder / "config"), *arguments]
    environ = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    environ["TERM"] = "xterm-256color"
    with subprocess.Popen(command, stdin=follower, stderr=follower, stdout=subprocess.DEVNULL, env=environ) as process:
        os.close(follower)
        told = b""
        while chunk := read_some(leader):
            told += chunk
    os.close(leader)
    return process.returncode, told.decode()


def read_some(leader: int) -> bytes:
    """What there is to read; nothing once the other side is closed."""
    try:
        return os.read(leader, 4096)
    except OSError:
        return b""


def screen(told: str) -> list[str]:
    """The lines that are left standing, by the few movements that bars are made of."""
    lines, row, column = [""], 0, 0
    for piece in _PIECE.finditer(told):
        match piece["does"], piece["text"]:
            case "A", _:
                row = max(0, row - int(piece["count"] or 1))
            case "K", _:
                lines[row] = ""
            case None, "\r":
                column = 0
            case None, "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            case None, str(letter):
                lines[row] = lines[row].ljust(column)[:column] + letter + lines[row][column + 1 :]
                column += 1
    return [line.rstrip() for line in lines]


def test_log_lines_stand_whole_above_bars_that_are_drawn_once(deployment):
    code, told = on_terminal(deployment.folder, "-v", "run", "--now", MORNING)
    seen = screen(told)
    [finished] = [at for at, line in enumerate(seen) if re.search(r" newsletter\.run: run \S+ finished with 0$", line)]
    bars = {name: [at for at, line in enumerate(seen) if f" {name} " in line] for name in (*PAPERS, "deliveries")}
    assert code == 0
    assert [len(places) for places in bars.values()] == [1] * len(bars)
    assert finished < min(at for places in bars.values() for at in places)


def test_with_json_lines_there_are_no_bars_on_a_terminal(deployment):
    code, told = on_terminal(deployment.folder, "--log-format", "json", "run", "--now", MORNING)
    assert code == 0
    assert [json.loads(line)["event"] for line in told.splitlines()] == ["run"]
