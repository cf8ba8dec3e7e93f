"""Fakes that take what providers send, for this project's tests and for yours.

``SmtpSink`` is a real SMTP server, ``SendgridStub`` a real HTTP server and ``ImapSink`` a real IMAP server, all on
loopback; ``MemoryProvider`` is a provider without a network. All of them can be told to misbehave.
"""

from __future__ import annotations

from newsletter.testing.certificates import Certificate, make_certificate
from newsletter.testing.idempotent import IdempotentProvider
from newsletter.testing.imap import ImapSink
from newsletter.testing.memory import MemoryProvider
from newsletter.testing.scripts import DROP, STALL
from newsletter.testing.sendgrid import SendgridAnswer, SendgridStub
from newsletter.testing.smtp import Received, SmtpSink

__all__ = [
    "DROP",
    "STALL",
    "Certificate",
    "IdempotentProvider",
    "ImapSink",
    "MemoryProvider",
    "Received",
    "SendgridAnswer",
    "SendgridStub",
    "SmtpSink",
    "make_certificate",
]
