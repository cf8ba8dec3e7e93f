"""Who may call the API: a token is shown once, and only its hash is here."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from newsletter.errors import UsageError
from newsletter.model import ApiToken
from newsletter.storage.engine import Database
from newsletter.storage.schema import api_tokens

PREFIX = "nl_"
"""By which a token that leaked is known for what it is."""


class ApiTokens:
    """The store of API tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, name: str, scopes: Collection[str], *, at: datetime, expires_at: datetime | None = None
    ) -> tuple[ApiToken, str]:
        """A new token and its secret, which is nowhere else; UsageError where the name is taken."""
        secret = PREFIX + secrets.token_urlsafe(32)
        made = ApiToken(
            id=secrets.token_hex(4), name=name, scopes=frozenset(scopes), created_at=at, expires_at=expires_at
        )
        row = {
            "id": made.id,
            "name": name,
            "token_hash": _hash(secret),
            "scopes": json.dumps(sorted(scopes)),
            "created_at": at,
            "expires_at": expires_at,
        }
        try:
            with self._database.writing() as connection:
                connection.execute(insert(api_tokens), row)
        except IntegrityError:
            raise UsageError(f"{name}: there is a token of this name already; choose another name") from None
        return made, secret

    def find(self, secret: str, *, at: datetime) -> ApiToken | None:
        """Whose secret it is, unless it has expired; that it was used is noted once a day."""
        this = api_tokens.c.token_hash == _hash(secret)
        with self._database.reading() as connection:
            row = connection.execute(select(api_tokens).where(this)).one_or_none()
        found = None if row is None else _token(row)
        if found is None or (found.expires_at is not None and found.expires_at <= at):
            return None
        if found.used_on != at.date():
            with self._database.writing() as connection:
                connection.execute(update(api_tokens).where(this).values(used_on=at.date()))
        return found

    def all(self) -> Sequence[ApiToken]:
        """All of them, by name."""
        with self._database.reading() as connection:
            return [_token(row) for row in connection.execute(select(api_tokens).order_by(api_tokens.c.name))]

    def revoke(self, name: str) -> bool:
        """Ends the token of that name; false where there is none."""
        with self._database.writing() as connection:
            return connection.execute(delete(api_tokens).where(api_tokens.c.name == name)).rowcount > 0


def _token(row: Row[tuple[object, ...]]) -> ApiToken:
    return ApiToken(
        id=row.id,
        name=row.name,
        scopes=frozenset(json.loads(row.scopes)),
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_on=row.used_on,
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
