"""Rates and keys of providers that would fail later are told when they are read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.config.settings import Rate

SENDGRID = "provider: {kind: sendgrid, api_key: SG.x, webhook_key: junk}"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("provider: {kind: files, rate: {per_second: 1.0e-300}}", "expected"),
        ("provider: {kind: files, rate: {per_domain: {example.org: {per_second: 1.0e-9}}}}", "per_second"),
        ("provider: {kind: files, rate: {per_domain: {example.org: {}}}}", "`example.org` has no limit"),
        (
            "provider: {kind: files, rate: {per_domain: {EXAMPLE.org: {per_day: 1}, example.org: {per_day: 2}}}}",
            "`example.org` is there twice; expected one entry a domain",
        ),
        (SENDGRID, "expected the verification key that SendGrid shows"),
    ],
)
def test_what_is_wrong_is_told(with_lines: Callable[[str], list[str]], lines: str, told: str) -> None:
    (problem,) = with_lines(lines + "\n")
    assert told in problem
    assert problem.startswith("config/newsletter.yaml:")


@pytest.mark.parametrize("rate", [{"per_second": 0.00002}, {"per_domain": {"Example.org": {"per_day": 1}}}])
def test_slow_is_not_wrong(rate: dict[str, object]) -> None:
    assert Rate.model_validate(rate).model_dump(exclude_defaults=True) != {}
