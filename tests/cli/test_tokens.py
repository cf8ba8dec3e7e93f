"""Tokens of the API: made, shown once, listed, ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from product import Deployment


def test_a_token_is_shown_once_and_only_its_hash_is_kept(deployment: Deployment) -> None:
    made = deployment(
        "tokens", "add", "dashboard", "--scope", "status:read", "--scope", "editions:read", "--days", "30"
    )
    secret = made.out.strip()
    assert (made.code, secret[:3]) == (0, "nl_")
    assert len(secret) > 40
    (listed,) = deployment("tokens", "list", "--json").json["tokens"]
    assert (listed["name"], listed["scopes"], listed["used_on"]) == (
        "dashboard",
        ["editions:read", "status:read"],
        None,
    )
    ends = datetime.fromisoformat(listed["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29) < ends <= timedelta(days=30)
    table = deployment("tokens", "list").out
    assert "dashboard" in table
    assert secret not in table
    for file in deployment.folder.glob("var/*"):
        assert secret[3:].encode() not in file.read_bytes()


def test_a_revoked_token_is_gone_and_its_name_is_free(deployment: Deployment) -> None:
    assert "no tokens" in deployment("tokens", "list").out
    deployment("tokens", "add", "one", "--scope", "status:read")
    again = deployment("tokens", "add", "one", "--scope", "status:read")
    assert (again.code, again.out) == (2, "")
    assert "a token of this name already" in again.err
    assert deployment("tokens", "revoke", "one").out == "revoked one\n"
    assert deployment("tokens", "revoke", "one").code == 2
    assert deployment("tokens", "add", "one", "--scope", "status:read").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("one",), "--scope"),
        (("one", "--scope", "everything"), "status:read"),
        ((" ", "--scope", "status:read"), "name"),
        (("a\nb", "--scope", "status:read"), "name"),
    ],
)
def test_a_mistake_makes_no_token(deployment: Deployment, arguments: tuple[str, ...], said: str) -> None:
    made = deployment("tokens", "add", *arguments)
    assert (made.code, made.out) == (2, "")
    assert said in made.err
    assert deployment("tokens", "list", "--json").json["tokens"] == []
