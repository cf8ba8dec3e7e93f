"""XML of which a character or two are wrong: one bad title costs nobody the rest of the day's papers."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET

from newsletter.errors import SourceError

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_NO_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NO_TAG = re.compile(r"<(?![A-Za-z_/!?])")
_AMPERSAND = re.compile(r"&(?:(?P<reference>#\d{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z]\w{1,30});)?")
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})


def read_xml(body: bytes) -> ET.Element:
    """The root of the document, mended where it must be; raises SourceError where it cannot be or breaks off."""
    try:
        return ET.fromstring(body.lstrip())  # noqa: S314 in a child with bounds; expat expands no external entities
    except (ET.ParseError, ValueError, LookupError) as error:
        mended = None if b"<!DOCTYPE" in body else mend(body.decode("utf-8", "replace"))
        try:
            return ET.fromstring(mended or "")  # noqa: S314 as above, and it declares no entities at all
        except ET.ParseError:
            raise SourceError(f"is no XML, or breaks off: {error}") from error


def mend(document: str) -> str:
    """The document with what is no character left out, and signs and names of HTML as what they mean.

    >>> mend("<a>AT&T, p < 0.05, &eacute;&#7;</a>")
    '<a>AT&amp;T, p &lt; 0.05, é</a>'
    """
    plain = _NO_CHARACTER.sub("", _DECLARATION.sub("", document, count=1))
    return _AMPERSAND.sub(_meant, _NO_TAG.sub("&lt;", plain))


def _meant(match: re.Match[str]) -> str:
    reference = match["reference"]
    if reference in _OF_XML:
        return match[0]
    meant = html.unescape(match[0]) if reference else "&"
    return html.escape(_NO_CHARACTER.sub("", meant), quote=False)
