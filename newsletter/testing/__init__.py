"""Fakes that take what providers send, for this project's tests and for yours.

``SmtpSink`` is a real SMTP server and ``SendgridStub`` a real HTTP server, both on loopback; ``MemoryProvider`` is a
provider without a network. All of them can be told to misbehave.
"""

from __future__ import annotations

from newsletter.testing.certificates import Certificate, make_certificate
from newsletter.testing.memory import MemoryProvider
from newsletter.testing.scripts import DROP, STALL
from newsletter.testing.sendgrid import SendgridAnswer, SendgridStub
from newsletter.testing.smtp import Received, SmtpSink

__all__ = [
    "DROP",
    "STALL",
    "Certificate",
    "MemoryProvider",
    "Received",
    "SendgridAnswer",
    "SendgridStub",
    "SmtpSink",
    "make_certificate",
]
