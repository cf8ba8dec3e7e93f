"""The dialogue about messages, over a connection that is kept.

The library's own, ``smtplib.sendmail``, cannot tell "never handed over" from "maybe accepted": it says the same of a
connection that is lost before the message, inside it and after it. So the verbs are said one by one here.

Where the server takes commands in groups (RFC 2920), the end of a message travels with MAIL, RCPT and DATA of the next,
so that each takes one round trip; elsewhere each takes four::

    ours      body .  MAIL RCPT DATA               body .  MAIL RCPT DATA
    theirs                             250 250 250 354                      250 ...

A body is begun only when DATA was answered with 354 and nothing the server said is left unread. So one group at most is
unanswered while a body is written: four short replies, for which there is always room on the way back, and neither
side can wait for the other. And replies that are one too many or one too few are found out before the next body.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from newsletter.delivery.smtp_answers import Reply, Stage, read_reply
from newsletter.delivery.smtp_replies import Replies
from newsletter.errors import reason_of

DOT = b".\r\n"
RESET = b"RSET\r\n"
QUIT = b"QUIT\r\n"

_WORDS = {Stage.BODY: "inside the message", Stage.END: "after the message"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """How a message is addressed."""

    mail: str
    """What stands after MAIL."""
    rcpt: str
    """What stands after RCPT."""

    @property
    def commands(self) -> Mapping[Stage, bytes]:
        """The lines that announce the message, in order."""
        return {
            Stage.MAIL: f"MAIL {self.mail}\r\n".encode(),
            Stage.RCPT: f"RCPT {self.rcpt}\r\n".encode(),
            Stage.DATA: b"DATA\r\n",
        }


class Dialogue:
    """One connection, past its greeting; of each message: ``announce``, ``hand_over``, ``read_answer``."""

    def __init__(self, connection: socket.socket, *, pipelining: bool) -> None:
        self.pipelining = pipelining
        """Whether the server takes commands in groups."""
        self._connection = connection
        self._replies = Replies(connection)
        self._announced: Envelope | None = None
        """Said together with the message before, its answers not read yet."""
        self._amends = b""
        """What has to be said before the next message."""
        self._is_quiet = True
        """Whether nothing is under way."""
        self.is_open = True
        """Whether the connection is of any more use; the owner closes it otherwise."""

    def announce(self, envelope: Envelope) -> Reply:
        """The go-ahead for the body, or the reply that forbids it."""
        if not self._begin(envelope):
            self.is_open = False
            return Reply(Stage.MAIL, None, "connection of no more use before the message")
        replies: dict[Stage, Reply] = {}
        for stage, command in envelope.commands.items():
            reply = replies[stage] = self._listen(stage, said=None if self.pipelining else command)
            if reply.closes or not (reply.accepts or self.pipelining):
                break
        decisive = next((reply for reply in replies.values() if not reply.accepts), reply)
        if not self._is_in_step(reply, decisive):
            self.is_open = False
            return reply if reply.is_misfit else Reply(reply.stage, None, f"more replies than commands: {reply.text}")
        if not decisive.accepts:
            self._settle(decisive, replies)
        return decisive

    def hand_over(self, body: bytes, following: Envelope | None) -> Reply | None:
        """Gives the body away, and its end with the announcement of the message that follows.

        A reply is returned only where the connection is lost: inside the body, or with its end possibly out.
        """
        group = b"".join(following.commands.values()) if following and self.pipelining else b""
        try:
            self._connection.sendall(body)
            # A write that fails has let out nothing that the other side can use, but for large ones: this one is small.
            begun = self._connection.send(DOT + group)
        except OSError as error:
            return self._lost(Stage.BODY, error)
        self._announced = following if group else None
        try:
            self._connection.sendall((DOT + group)[begun:])
        except OSError as error:
            return self._lost(Stage.END, error)
        return None

    def read_answer(self) -> Reply:
        """What the server says to the end of a message."""
        reply = self._listen(Stage.END)
        self._is_quiet = self._announced is None
        return reply

    def leave(self, *, timeout_seconds: float) -> None:
        """Says goodbye where that cannot be taken for a part of a message."""
        if not (self.is_open and self._is_quiet):
            return
        with suppress(OSError):
            self._connection.settimeout(timeout_seconds)
            for words in (DOT, QUIT) if self._amends == DOT else (QUIT,):
                self._connection.sendall(words)
                self._replies.read()

    def _begin(self, envelope: Envelope) -> bool:
        """Whether the message is announced now, or may be."""
        if self._announced is not None:
            is_said, self._announced = self._announced == envelope, None
            return is_said
        if self._replies.left:
            return False
        self._is_quiet = False
        amends, self._amends = self._amends, b""
        group = b"".join(envelope.commands.values()) if self.pipelining else b""
        try:
            self._connection.sendall(amends + group)
        except OSError:
            return False
        return not amends or self._are_amends_made(amends)

    def _are_amends_made(self, amends: bytes) -> bool:
        reply = self._listen(Stage.END)
        return not reply.closes if amends == DOT else reply.code == 250

    def _is_in_step(self, last: Reply, decisive: Reply) -> bool:
        """Whether the replies can be those to our commands: none too many, none that does not fit."""
        is_goodbye = not decisive.accepts and self._replies.left.startswith(b"421")
        return not last.is_misfit and (is_goodbye or not self._replies.left)

    def _settle(self, refusal: Reply, replies: Mapping[Stage, Reply]) -> None:
        """Sees to it that nothing of a message that was refused is left behind."""
        self._is_quiet = True
        recipient, data = replies.get(Stage.RCPT), replies.get(Stage.DATA)
        if data and data.accepts:
            # It waits for a body that nobody is to get; where it took a recipient all the same, a dot would deliver it.
            self._amends = DOT
            self.is_open = self.is_open and recipient is not None and not recipient.accepts
        elif refusal.stage is not Stage.MAIL or (recipient and recipient.accepts):
            self._amends = RESET

    def _listen(self, stage: Stage, *, said: bytes | None = None) -> Reply:
        """The reply at a stage, after the command is said that asks for it."""
        try:
            if said:
                self._connection.sendall(said)
            reply = read_reply(stage, *self._replies.read())
        except OSError as error:
            return self._lost(stage, error)
        self.is_open = self.is_open and not reply.closes
        return reply

    def _lost(self, stage: Stage, error: OSError) -> Reply:
        self.is_open = False
        return Reply(stage, None, f"connection lost {_WORDS.get(stage, f'at {stage}')}: {reason_of(error)}")
