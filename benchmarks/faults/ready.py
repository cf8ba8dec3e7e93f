"""What the fork server has ready for each process that it forks: the code, and the shipped templates compiled."""

from __future__ import annotations

from benchmarks.faults.child import LOADED
from newsletter.model import Mailbox
from newsletter.rendering.letters import Letters
from newsletter.rendering.renderer import Renderer
from newsletter.shipped import shipped

__all__ = ["LETTERS", "LOADED", "RENDERER"]

FOLDERS = [shipped("templates")]
SENDER = Mailbox(email="papers@example.org")
RENDERER = Renderer(folders=FOLDERS, title="Morning Papers", sender=SENDER)
LETTERS = Letters(folders=FOLDERS, sender=SENDER, common=RENDERER.common, look=RENDERER.look)
