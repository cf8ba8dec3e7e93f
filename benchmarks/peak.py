"""How much memory a process took at its most."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_megabytes() -> float:
    """Of this process since it began; where Linux tells that, without what its parent had when it was started."""
    if _STATUS.exists():
        return float(re.findall(r"VmHWM:\s+(\d+) kB", _STATUS.read_text(encoding="ascii"))[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1024)
