"""The dialogue about one message.

The library's own, ``smtplib.sendmail``, cannot tell "never handed over" from "maybe accepted": it says the same of a
connection that is lost before the message, inside it and after it. So the verbs are said one by one here.
"""

from __future__ import annotations

import re
import smtplib
from dataclasses import dataclass

from newsletter.delivery.smtp_answers import Reply, Stage, read_reply

_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Envelope:
    """How a message is addressed."""

    mail: str
    """What stands after MAIL."""
    rcpt: str
    """What stands after RCPT."""


def converse(server: smtplib.SMTP, envelope: Envelope, raw: bytes) -> Reply:
    """The reply that decided about the message: the first no, or the one to its end."""
    for stage, argument in ((Stage.MAIL, envelope.mail), (Stage.RCPT, envelope.rcpt), (Stage.DATA, "")):
        reply = _say(server, stage, argument)
        if not reply.accepts:
            return reply
    return _hand_over(server, wire_body(raw))


def clear_up(server: smtplib.SMTP, reply: Reply) -> bool:
    """Whether the connection is ready for the next message: not if nobody knows where it stands."""
    if reply.closes:
        return False
    if reply.stage not in (Stage.RCPT, Stage.DATA):
        return True
    try:
        code, _ = server.rset()
    except OSError:
        return False
    return code == 250


def wire_body(raw: bytes) -> bytes:
    """The message as it stands between DATA and the dot: every line ends in CRLF, dots at their starts are doubled.

    >>> wire_body(b"one\\n.two")
    b'one\\r\\n..two\\r\\n'
    """
    if not raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r"):
        raw = _LINE_END.sub(b"\r\n", raw)
    stuffed = raw.replace(b"\r\n.", b"\r\n..")
    return (b"." if raw.startswith(b".") else b"") + stuffed + (b"" if raw.endswith(b"\r\n") else b"\r\n")


def _say(server: smtplib.SMTP, stage: Stage, argument: str) -> Reply:
    try:
        code, text = server.docmd(stage, argument)
    except OSError as error:
        return Reply(stage, None, f"connection lost at {stage}: {error}")
    return read_reply(stage, code, text.decode("utf-8", "replace"))


def _hand_over(server: smtplib.SMTP, body: bytes) -> Reply:
    try:
        server.send(body)
        server.send(b".\r\n")
    except OSError as error:
        return Reply(Stage.BODY, None, f"connection lost inside the message: {error}")
    try:
        code, text = server.getreply()
    except OSError as error:
        return Reply(Stage.END, None, f"connection lost after the message: {error}")
    return read_reply(Stage.END, code, text.decode("utf-8", "replace"))
