"""What a reply in an SMTP dialogue means for a message.

==================  ======================================  ==============================================
at                  the server says                         it means
==================  ======================================  ==============================================
anything            530, 534, 535, 538                      it refuses us: ``ProviderRefused``
anything            421, or a 5xx x.4.5 (our quota)         deferred, and everyone is to wait
RCPT, DATA, end     452 (but x.2.x), or a 4xx x.7.x         deferred, and so is all mail to that domain
anything            another 4xx                             deferred
MAIL                5xx: too big                            refused for its content
MAIL                another 5xx                             it refuses our sender: ``ProviderRefused``
RCPT                5xx                                     refused; a bad address where it says so
DATA, end           5xx                                     refused; for its content, or a bad address
MAIL, RCPT, DATA    nothing, or nothing one can read        not handed over: no byte of the body left us
inside the body     nothing                                 deferred: without its end nobody may deliver it
end of the body     nothing, or nothing one can read        uncertain: it may be delivered
end of the body     2xx                                     sent
==================  ======================================  ==============================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from newsletter.delivery.groups import describe
from newsletter.model import Message, Outcome, Trouble, Verdict


class Stage(StrEnum):
    """How far the dialogue about one message has come."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BODY = "body"  # between 354 and the dot
    END = "end of data"  # the dot is out


@dataclass(frozen=True, slots=True)
class Reply:
    """The server's word at one stage."""

    stage: Stage
    code: int | None
    """``None``: the connection was lost, or what came is no reply to this command."""
    text: str
    is_misfit: bool = False
    """Whether something came that is no reply to this command."""

    @property
    def accepts(self) -> bool:
        """Whether the dialogue may go on."""
        return self.code is not None and self.code < 400

    @property
    def closes(self) -> bool:
        """Whether the connection is gone, or of no more use."""
        return self.code in (None, 421)

    @property
    def is_final(self) -> bool:
        """Whether it is a no for good."""
        return self.code is not None and self.code >= 500


_GOES_ON = {Stage.DATA: range(354, 355)}
_ACCEPTED = range(200, 300)
_REFUSED = range(400, 600)
_REFUSES_US = (530, 534, 535, 538)
_NO_REPLY = {Stage.BODY: Verdict.DEFERRED, Stage.END: Verdict.UNCERTAIN}

_STATUS = re.compile(r"\s*[245]\.(\d{1,3}\.\d{1,3})\b")
_TOO_BIG = frozenset({"3.4", "2.3"})
_QUOTA = "4.5"
_POLICY = "7."
_MAILBOX = "2."
_BAD_ADDRESS = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10", "2.1"})
_SAYS_LITTLE = (None, "0.0", "1.0")
_NOT_THE_ADDRESS = re.compile(
    r"spam|block|black|\blist|policy|dmarc|\bspf\b|dkim|relay|denied|frequen|\brate|limit|quota|full\b|"
    r"sender|from address|reputation|authenticat|\bip\b",
    re.IGNORECASE,
)
_QUEUE_ID = re.compile(r"\b(?:queued as |id=)([\w.-]+)", re.IGNORECASE)


def read_reply(stage: Stage, code: int, text: str) -> Reply:
    """The reply, its code ``None`` where it cannot be one to this command."""
    fits = code in _GOES_ON.get(stage, _ACCEPTED) or code in _REFUSED
    if fits:
        return Reply(stage, code, f"{code} {text}")
    return Reply(stage, None, f"no reply to {stage}: {text or code}", is_misfit=True)


def refuses_us(reply: Reply) -> bool:
    """Whether no message can pass before our credentials or our sender are mended."""
    return reply.code in _REFUSES_US or (reply.stage is Stage.MAIL and reply.is_final and not _is_too_big(reply))


def asks_everyone_to_wait(reply: Reply) -> bool:
    """Whether no message can pass for a while: the server closes, or today's quota is used up."""
    return reply.code == 421 or (reply.is_final and _status(reply) == _QUOTA)


def outcome_of(reply: Reply, message: Message) -> Outcome:
    """What the decisive reply means for the message."""
    verdict = _verdict(reply)
    address_is_bad = verdict is Verdict.REFUSED and _is_bad_address(reply)
    queued = _QUEUE_ID.search(reply.text) if verdict is Verdict.SENT else None
    return Outcome(
        verdict=verdict,
        detail=describe(reply.text, message),
        provider_id=queued[1] if queued else None,
        address_is_bad=address_is_bad,
        trouble=None if address_is_bad else _trouble(reply, verdict),
    )


def _verdict(reply: Reply) -> Verdict:
    if reply.code is None:
        return _NO_REPLY.get(reply.stage, Verdict.NOT_HANDED)
    if reply.accepts:
        return Verdict.SENT
    return Verdict.REFUSED if reply.is_final and _status(reply) != _QUOTA else Verdict.DEFERRED


def _trouble(reply: Reply, verdict: Verdict) -> Trouble | None:
    """What the reply says of other messages, one with a bad address aside."""
    if verdict is Verdict.REFUSED and reply.stage is not Stage.RCPT:
        return Trouble.CONTENT
    if verdict is Verdict.DEFERRED and reply.stage is not Stage.MAIL and not asks_everyone_to_wait(reply):
        status = _status(reply) or ""
        is_about_us = status.startswith(_POLICY) or (reply.code == 452 and not status.startswith(_MAILBOX))
        return Trouble.DOMAIN if is_about_us else None
    return None


def _is_bad_address(reply: Reply) -> bool:
    """A hard bounce bars the address for good, so anything that may be about us, or about today, is none."""
    status = _status(reply)
    if status not in _SAYS_LITTLE:
        return status in _BAD_ADDRESS
    return reply.stage is Stage.RCPT and reply.code in (550, 551, 553) and not _NOT_THE_ADDRESS.search(reply.text)


def _is_too_big(reply: Reply) -> bool:
    return reply.code == 552 or _status(reply) in _TOO_BIG


def _status(reply: Reply) -> str | None:
    """Subject and detail of the enhanced status code (RFC 3463), such as ``1.1``."""
    found = _STATUS.match(reply.text, len("550"))
    return found[1] if found else None
