"""Addresses in running text, and which senders are machines."""

from __future__ import annotations

import re

from newsletter.delivery.reports.parts import Headers

_ADDRESS = re.compile(
    r"(?:\"[^\"\s@]{1,64}\"|[^\s<>()\[\]\\,;:@\"'|=]{1,64}+(?:=[^\s<>()\[\]\\,;:@\"'|=]{1,64}+){0,4}+)"
    r"@(?:\[[0-9A-Fa-f.:]{3,45}\]|[\w-]{1,63}(?:\.[\w-]{1,63}){0,10})"
)
_DAEMONS = re.compile(
    r"(?:mailer[-_ ]?(?:daemon|agent)|mail[-_ ]?(?:daemon|deliver\w*|system)|"
    r"post-?(?:master|office)|maildelivery|mail_?gate|"
    r"(?:mail)?bounces?|delivery-?(?:status|subsystem)|ndr|mdaemon|symantec_antivirus)(?:[+=.-][^@]*)?",
    re.IGNORECASE,
)


def addresses_in(text: str) -> list[str]:
    """All mail addresses in a text, each once, in its order.

    >>> addresses_in("<Ada@example.org>: user unknown (ada@example.org, bob@example.net.)")
    ['Ada@example.org', 'ada@example.org', 'bob@example.net']
    """
    found = (one.strip("`'\"").removeprefix("mailto:").rstrip(".-_") for one in _ADDRESS.findall(text))
    return list(dict.fromkeys(one for one in found if not one.startswith("@")))


def is_daemon(headers: Headers) -> bool:
    """Whether a mail comes from the post itself: nobody's envelope, or the name of a machine."""
    paths = headers.all("return-path", "x-envelope-from", "envelope-from")
    if any(path.replace(" ", "") == "<>" for path in paths):
        return True
    senders = [address for value in (*paths, *headers.all("from", "sender")) for address in addresses_in(value)]
    if any(_DAEMONS.fullmatch(address.rpartition("@")[0]) for address in senders):
        return True
    return bool(re.match(r"\W*mailer-?daemon\W*$", headers.first("from"), re.IGNORECASE))
