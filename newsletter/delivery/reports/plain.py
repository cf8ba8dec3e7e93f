"""Bounces in plain English, without a part for machines: qmail, Exim, older Gmail and many a home-made one."""

from __future__ import annotations

import re

from newsletter.delivery.refusals import judge_refusal
from newsletter.delivery.reports.addresses import addresses_in, is_daemon
from newsletter.delivery.reports.parts import RETURNED, Mail, read_headers, readable_header
from newsletter.delivery.reports.status import Told
from newsletter.model import EventKind
from newsletter.text import one_line

MAX_RECIPIENTS = 20
MAX_SPOKEN = 20_000
"""Characters of what a report says itself."""

_SUBJECT = re.compile(
    r"undeliver|returned mail|return(?:ed)? to sender|mail (?:delivery )?(?:fail|error|problem|system error)|"
    r"delivery (?:status|failure|fail|report|notification|has failed|unsuccessful|problem|error|delayed|suspend)|"
    r"failure notice|could ?n.?t be delivered|could not be delivered|not delivered|non-?deliver|unable to deliver|"
    r"rejected|mail failed|message (?:status|delivery|not)|delayed mail|warning: (?:message|could not)|bounce",
    re.IGNORECASE,
)
_REPLY = re.compile(r"^\s*(?:re|aw|sv|fwd?|wg|tr)(?:\[\d+\])?:", re.IGNORECASE)
_AUTOMATIC_SUBJECT = re.compile(
    r"\b(?:auto(?:matic|mated|matische)?[ -]?(?:reply|response|answer|antwort)|out of (?:the )?office|vacation|"
    r"away until|abwesen|on (?:leave|holiday)|réponse automatique|auto:|confirm|verification|challenge)",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"deliver(?:y|ed)? (?:to |of )?[^.\n]{0,60}(?:fail|not possible|impossible|permanently)|"
    r"could(?: not|n.t) (?:be |deliver)|unable to (?:deliver|send|be delivered)|undeliver|not be delivered|"
    r"was ?n.t (?:able to|delivered)|not delivered|wasn.t able to deliver|permanent(?:ly)? (?:error|fail|fatal)|"
    r"failed permanently|return(?:ed|ing) (?:to|message)|"
    r"delivery (?:attempt|failed|has failed|failure|error)|failed (?:address|recipient|to deliver)|no valid recipients|"
    r"mailbox (?:is )?(?:full|unavailable)|user unknown|unknown user|does not exist|error has occurred|bounced|"
    r"did not reach|has been rejected|was rejected|were not able|was not delivered|cannot be delivered|"
    r"can.t be delivered|following (?:address|recipient)\S* (?:had|fail)",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"(?:not yet been|has not been|hasn.t been|has been) (?:delivered|delayed|queued)[^.]{0,99}"
    r"(?:delay|yet|retr|try|hour|minut)|(?:delivery|message)[^.\n]{0,40}(?:delayed|is delayed)|"
    r"will (?:be )?(?:retr|continue|keep|try)|still (?:being|trying)|no action is required|do not need to resend|"
    r"this is (?:a )?warning (?:message )?only|"
    r"temporarily (?:deferred|delayed)|could not send message for past",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"given up|giving up|permanent|will not be retried|not be retried|(?<!non-)fatal|failed after i sent|"
    r"no longer (?:be )?(?:retr|try)|undeliverable|returned to sender|time-?out expired|"
    r"retry time(?:out)? (?:was )?(?:not reached|exceeded)",
    re.IGNORECASE,
)
_COPY_BELOW = re.compile(
    r"^[ \t>|*=_-]{0,80}(?:this is a copy of (?:the|your) message|below (?:this line )?is (?:a copy of|the)|"
    r"a copy of the (?:original )?(?:message|mail)|(?:begin |the )?(?:original|returned|undelivered|unsent) "
    r"(?:message|mail)\b(?! (?:was|to|could|you))|message (?:text|header|headers|body) follow|"
    r"(?:returned|included|original) (?:message|mail|headers)(?: header\w*)? (?:follow|is|are|below)|"
    r"copy of (?:the )?(?:original )?message|text of (?:the )?(?:original )?message|"
    r"start of (?:the )?(?:returned|original) message)[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_BARE_COPY = re.compile(
    r"\n\n(?=(?:Return-Path|Received|MIME-Version|Message-ID|From|DKIM-Signature)[ \t]*:[^\n]*\n)", re.IGNORECASE
)
_LISTED = re.compile(
    r"^[ \t>*-]{0,20}<?([^\s<>:;,]{1,64}@[^\s<>:;,]{1,200}?)>?[ \t]*(?::|;|$|\(|\.\.\.| - | \.\.\.|<mailto:|[ \t]+\S)",
    re.MULTILINE,
)


def read_plain(mail: Mail) -> list[Told]:
    """What the mail says of each recipient; empty where it is no bounce but an answer, by a person or a machine."""
    headers = mail.headers
    subject = readable_header(headers.first("subject"))
    named = [address for value in headers.all("x-failed-recipients") for address in addresses_in(value)]
    spoken, returned = _cut_off_copy(mail)
    if not named and not _is_bounce(mail, subject, spoken):
        return []
    recipients = named or _recipients(mail, spoken, returned)
    words = spoken
    return [
        Told(
            _judge(subject, words, address if len(recipients) > 1 else ""), (address,), one_line(_near(words, address))
        )
        for address in recipients[:MAX_RECIPIENTS]
    ]


def _is_bounce(mail: Mail, subject: str, spoken: str) -> bool:
    if _REPLY.search(subject) or _AUTOMATIC_SUBJECT.search(subject) or mail.report_type not in {"", "delivery-status"}:
        return False
    if mail.report_type == "delivery-status":
        return True
    says_so = bool(_FAILED.search(spoken) or _DELAYED.search(spoken))
    return is_daemon(mail.headers) and says_so and (bool(_SUBJECT.search(subject)) or _names_a_machine(mail))


def _names_a_machine(mail: Mail) -> bool:
    return bool(re.search(r"mailer-?daemon|postmaster|mail delivery", mail.headers.first("from"), re.IGNORECASE))


def _cut_off_copy(mail: Mail) -> tuple[str, str]:
    """What the report says itself, and the mail that it is about."""
    texts = [
        part.text for part in mail.parts if part.kind not in RETURNED and part.kind in {"text/plain", "text/html", ""}
    ]
    spoken = "\n\n".join(texts[:1] if mail.kind == "multipart/alternative" else texts)
    returned = "\n\n".join(part.text for part in mail.of_kind(*RETURNED))
    cuts = [found for found in (_COPY_BELOW.search(spoken), _BARE_COPY.search(spoken)) if found]
    if cuts:
        first = min(cuts, key=lambda found: found.start())
        spoken, returned = spoken[: first.start()], spoken[first.end() :] + "\n\n" + returned
    return spoken[:MAX_SPOKEN], returned.lstrip()


def _recipients(mail: Mail, spoken: str, returned: str) -> list[str]:
    """The addresses in the report that are not the reporter's or ours; else those the message was for."""
    headers = mail.headers
    ours = {
        a.lower() for value in headers.all("to", "delivered-to", "from", "x-original-to") for a in addresses_in(value)
    }
    original = read_headers(returned)
    intended = [a for value in original.all("to", "x-original-to") for a in addresses_in(value)]
    senders = {a.lower() for value in original.all("from", "return-path", "reply-to") for a in addresses_in(value)}
    listed = [address for line in _LISTED.findall(spoken) for address in addresses_in(line)]
    others = [a for a in addresses_in(spoken) if a.lower() not in ours]
    meant = {a.lower() for a in intended}
    certain = [a for a in others if a.lower() in meant and a.lower() not in senders]
    if certain:
        return list(dict.fromkeys(certain))
    named = [a for a in dict.fromkeys(listed) if a.lower() not in ours | senders]
    others = [a for a in others if a.lower() not in senders and not _is_a_helpers(a)]
    return named or others[:1] or ([] if len(intended) > 1 and not spoken else intended[:1])


def _is_a_helpers(address: str) -> bool:
    return bool(
        re.match(r"(?:postmaster|mailer-daemon|abuse|support|help\w*|admin\w*|noc|webmaster)@", address, re.IGNORECASE)
    )


def _judge(subject: str, words: str, address: str) -> EventKind:
    about = _near(words, address) if address else words
    given_up = _GIVEN_UP.search(words)
    if not given_up and (_DELAYED.search(words) or re.search(r"delayed|warning", subject, re.IGNORECASE)):
        return EventKind.DEFERRED
    return judge_refusal(None, about)


def _near(words: str, address: str) -> str:
    """What stands behind the address, up to the next one."""
    start = words.lower().find(address.lower()) if address else -1
    if start < 0:
        return words
    behind = words[start + len(address) :]
    following = re.search(r"\n[ \t]*<?[^\s<>@]+@[^\s<>@]+>?[ \t]*:?[ \t]*\n", behind)
    return behind[: following.start()] if following else behind
