"""What a check of a rendered message finds."""

from __future__ import annotations

from dataclasses import replace

from rendering.invented import Render

from newsletter.rendering.inspection import find_problems


def test_a_digest_has_no_problems(render: Render) -> None:
    assert find_problems(render()) == []


def test_problems_have_their_place(render: Render) -> None:
    html = '<p>\n<img src="x"><a href="javascript:x">x</a><a>y</a><img alt="" src="x"></p>' + " " * 95_000
    message = replace(render(), html=html, raw=b"a\r\n" + b"x" * 999)
    assert find_problems(message) == [
        f"html: {len(html)} bytes; Gmail hides what comes after about 102,000, and 95000 is our limit",
        "raw line 2: 999 bytes; mail servers take 998",
        "html:2:1: a picture without alt text",
        "html:2:14: a link to javascript:x",
        "html:2:42: a link to nowhere",
    ]
