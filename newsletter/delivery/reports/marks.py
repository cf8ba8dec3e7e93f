"""What of ours is in a report: the return path of one message, a link of one reader.

A mail leaves with ``bounces+<token>@example.org`` as its envelope sender, so whatever a server has to say of it comes
back to an address that names the delivery, and that nobody else can make up (VERP). Where reports leave it out, the
returned headers have our links in them.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from urllib.parse import unquote

from newsletter.tokens import Purpose, Signer

MAX_LOCAL_PART = 64
_TOKEN = r"([0-9]{1,19}\.[A-Za-z0-9_-]{22})"  # noqa: S105 a pattern
_WAY_OUT = re.compile(r"/u/([A-Za-z0-9_.-]{1,200})")
_WAY_OUT_BY_MAIL = re.compile(r"[?&]subject=unsubscribe(?:%20|\+)([A-Za-z0-9_-]{1,64})")


class Marks:
    """Puts our marks on messages, and finds them again; without keys and an address there are few to find."""

    def __init__(self, keys: Sequence[str] = (), *, address: str | None = None) -> None:
        """``keys`` sign links, newest first; ``address`` is where reports go."""
        self._signers = [Signer([key]) for key in keys]
        self._local, _, self._domain = (address or "").rpartition("@")
        self._address = address
        self._pattern = re.compile(rf"{re.escape(self._local)}\+{_TOKEN}@", re.IGNORECASE) if address else None

    def return_path(self, delivery_id: int) -> str | None:
        """Where reports about this delivery go; ``None`` where no address was set up for them."""
        if not self._address or not self._signers:
            return self._address
        token = self._signers[0].sign(Purpose.RETURN, str(delivery_id))
        path = f"{self._local}+{token}@{self._domain}"
        return path if len(path.rpartition("@")[0]) <= MAX_LOCAL_PART else self._address

    def find_delivery(self, text: str) -> int | None:
        """The delivery that the first return path of ours in the text names."""
        if self._pattern is None:
            return None
        for token in self._pattern.findall(text):
            said = token.partition(".")[0]
            # Some servers write the local part of an address in lower case; what is left of the signature will do.
            ours = (signer.sign(Purpose.RETURN, said) for signer in self._signers)
            if any(hmac.compare_digest(one.lower(), token.lower()) for one in ours):
                return int(said)
        return None

    def find_reader(self, way_out: str) -> str | None:
        """The id of the reader whose ``List-Unsubscribe`` this is."""
        for token in _WAY_OUT.findall(way_out):
            for signer in self._signers:
                if said := signer.read(Purpose.UNSUBSCRIBE, token):
                    return said[0]
        found = _WAY_OUT_BY_MAIL.search(way_out)
        return unquote(found[1]) if found else None
