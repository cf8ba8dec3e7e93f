"""Whose fault a refusal is: the address's, the day's, or ours.

A hard bounce bars an address for good, so it takes a word on the address itself: a status that means one (RFC 3463), or
plain English. A full mailbox, a server that is away and a message that was given up are soft; what is refused for its
content, its sender or the sender's reputation says nothing of the address, and is blocked.
"""

from __future__ import annotations

import re

from newsletter.model import EventKind

MAX_WORDS = 4000
"""Of what was said that are looked at."""

HARD, SOFT, BLOCKED = EventKind.BOUNCED_HARD, EventKind.BOUNCED_SOFT, EventKind.BLOCKED

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45][0-5]\d)(?=[ \t:;,-]|$)")

_KNOWN = {
    "1.4": SOFT,  # ambiguous
    "1.5": SOFT,  # "valid", in a refusal
    "1.7": BLOCKED,  # bad sender address
    "1.8": BLOCKED,
    "1.9": SOFT,
    "2.1": HARD,  # disabled
    "2.2": SOFT,  # full
    "2.3": BLOCKED,  # too large
    "2.4": SOFT,
    "3.4": BLOCKED,  # too large
}
_SAYS_LITTLE = frozenset({"0.0", "1.0", "2.0", "5.0"})
_BY_SUBJECT = {"1": HARD, "2": SOFT, "3": SOFT, "4": SOFT, "5": SOFT, "6": BLOCKED, "7": BLOCKED}

_TOO_OFTEN = re.compile(r"too (?:many|quickly|often|fast)|\brate\b|frequen|throttl|try (?:again )?later", re.IGNORECASE)
_FULL = re.compile(
    r"(?:mail ?box|inbox|account|user|recipient|folder|storage|disk|he|she)\S* (?:is |has |was )?(?:been )?"
    r"(?:currently )?(?:full|over|exceed|out of)|over ?quota|quota (?:is )?(?:exceeded|full|reached)|"
    r"exceed\w* (?:\w+ ){0,3}(?:quota|storage|mailbox)|insufficient (?:system )?(?:storage|disk)|"
    r"not enough (?:storage|space)|mailbox ?full",
    re.IGNORECASE,
)
_SENDER = re.compile(
    r"(?:sender|from|return)[- ]?(?:address)?\W* (?:\S+ )?(?:rejected|refused|denied|unknown|invalid|not allowed)|"
    r"sender (?:verif|unknown|not|is)|unknown sender|bad sender|verify sender",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"spam|\bblock(?:ed|ing|s|list)?\b|black ?list|\b(?:rb|dnsb|xb|sb)ls?\b|\bpolic(?:y|ies)\b|dmarc|\bspf\b|dkim|"
    r"relay|denied|not (?:allowed|permitted|authori[sz]ed)|unauthenticated|reputation|authenticat|authori[sz]|banned|"
    r"virus|malware|suspicious|unsolicited|content|message size|size (?:limit|exceed)|"
    r"too (?:large|big)|security|prohibited|reverse dns|\bptr\b|greylist|gr[ae]y ?list|abuse|your ip\b|\bip address\b|"
    r"\bip\b[^.]{0,40}(?:limit|frequency)|phish|filter",
    re.IGNORECASE,
)
_NO_SUCH_USER = re.compile(
    r"(?:no|not a?|unknown|invalid|nonexist\w*|bad|incorrect|inactive|disabled|expired|undeliverable|unrouteable|"
    r"unroutable|unavailable|deleted|no valid|illegal) "
    r"(?:such |a |valid |local |known |registered |gateway |virtual |destination |email |e-mail |mail |smtp |"
    r"recipient )*(?:user|recipient|mailbox|mail box|address|account|person|alias|addressee|name)|"
    r"(?:user|recipient|mailbox|mail box|address|account|alias|addressee|he|she|customer)\S* (?:\S+ )?"
    r"(?:is |was |has been |are |cannot be |could not be |does |do |did )?"
    r"(?:unknown|not (?:found|known|recogni[sz]ed|exist|have|listed|valid|a known|our customer|active|local)|"
    r"n[o']t exist|"
    r"no longer|doesn.?t (?:exist|have)|disabled|inactive|invalid|unrecogni[sz]ed|deactivated|suspended|terminated|"
    r"deleted|removed|closed|unavailable|non-?exist\w*|discontinued|unrouteable)|"
    r"unknown[ -](?:user|recipient|local|address)|user[ -]?unknown|unknown_user|recipient ?not ?found|"
    r"no (?:mailbox|one) (?:here|by|with|at)|no such (?:\w+ )?here|there is no one|"
    r"(?:user|recipient|mailbox|account|address)\b[^.\n]{0,60} (?:does(?: not|n.t) exist|is (?:disabled|inactive))|"
    r"doesn.t have an? \S+ account|"
    r"wasn.t found at|couldn.t be found|could(?: not|n.t) be found|isn.t (?:a valid|listed|found)|"
    r"inactive email address|address rejected\W*(?:$|user|unknown|undeliverable|no such|not )",
    re.IGNORECASE | re.MULTILINE,
)
_NO_SUCH_HOST = re.compile(
    r"(?:host|domain|server|mx)(?: or domain name| name)?(?: \S+)? (?:was |is )?(?:not found|unknown|doesn.t exist|"
    r"does ?n.t exist|does not exist|not exist|invalid|doesn.t receive|does not (?:receive|accept))|"
    r"unknown (?:host|domain|mail domain)|\bno such (?:host|domain)|nxdomain|null ?mx|bad destination (?:mail )?system|"
    r"unrouteable (?:mail )?domain|illegal host/domain|all relevant mx records point to non-existent|"
    r"domain (?:name )?(?:is )?not (?:found|reachable)|doesn.t receive email|could not be resolved to an? mx|"
    r"domain is not reachable",
    re.IGNORECASE,
)
_FOR_NOW = re.compile(r"temporar|tempfail|servfail|timed? ?out|try again", re.IGNORECASE)


def find_status(text: str) -> str | None:
    """The enhanced status code in a text that says most, such as ``5.1.1``: reporters often put a general one first."""
    found = [".".join(parts) for parts in _STATUS.findall(text)]
    found.sort(key=lambda status: (status[0] == "2", status[2:] in _SAYS_LITTLE))
    return found[0] if found else None


def judge_refusal(status: str | None, words: str) -> EventKind:
    """What a message that will not be delivered tells: a hard or a soft bounce, or that it was blocked.

    ``status`` is an enhanced status code where one was given by itself; ``words`` are whatever else the server said,
    with SMTP codes and statuses in them.
    """
    words = words[:MAX_WORDS]
    status = _telling(status, words)
    group, _, detail = (status or "").partition(".")
    subject = detail.partition(".")[0]
    if subject == "7":
        return BLOCKED
    if detail == "2.2" or (_FULL.search(words) and detail not in {"1.1", "1.2", "1.10"}):
        return SOFT
    if detail and detail not in _SAYS_LITTLE and (detail in _KNOWN or subject in {"1", "6"}):
        certain = _KNOWN.get(detail, _BY_SUBJECT.get(subject, SOFT))
        return SOFT if certain is HARD and (group == "4" or (detail == "2.1" and _TOO_OFTEN.search(words))) else certain
    return _judge_words(group, subject, words)


def _judge_words(group: str, subject: str, words: str) -> EventKind:
    """By plain English, for the status is missing or says too little."""
    codes = set(_CODE.findall(words))
    is_for_now = group == "4" or (not group and bool(codes) and all(code[0] == "4" for code in codes))
    if _SENDER.search(words):
        return BLOCKED
    if _NO_SUCH_HOST.search(words) and not _FOR_NOW.search(words):
        return HARD
    if _NO_SUCH_USER.search(words):
        return SOFT if is_for_now else HARD
    if _POLICY.search(words):
        return BLOCKED
    if is_for_now or _FOR_NOW.search(words) or _TOO_OFTEN.search(words):
        return SOFT
    return HARD if _is_final(group, subject, codes) else SOFT


def _is_final(group: str, subject: str, codes: set[str]) -> bool:
    """Whether a no that gives no reason is about the address all the same."""
    if codes:
        return bool({"550", "551", "553"} & codes) and subject in {"", "0", "1", "2", "5"}
    return group == "5" and subject in {"0", "1"}


def _telling(status: str | None, words: str) -> str | None:
    """The status that says most: reporters often put ``5.0.0`` over a remote server's ``5.1.1``."""
    own, quoted = find_status(status or ""), find_status(words)
    if own is None or (own[2:] in _SAYS_LITTLE and quoted is not None and quoted[2:] not in _SAYS_LITTLE):
        return quoted or own
    return own
