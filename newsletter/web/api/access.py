"""Who calls, what they may do, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request, Security, params
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from newsletter.config.settings import Settings
from newsletter.model import ApiToken
from newsletter.pipeline.archiving import Shelf
from newsletter.pipeline.tuning_apart import TriesOut
from newsletter.storage import Storage
from newsletter.web.api.problems import Refused
from newsletter.web.throttle import Throttle

PER_MINUTE = 600
"""Requests of one token."""
RANKINGS_PER_MINUTE = 60
"""Of those, how many may rank a whole edition."""
LONGEST_TOKEN = 200


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the API is about."""

    settings: Settings
    storage: Storage
    tuner: TriesOut
    shelf: Shelf
    requests: Throttle
    rankings: Throttle


async def deployment_of(request: Request) -> Deployment:
    """The deployment that the application was made for."""
    found: Deployment = request.app.state.deployment
    return found


Here = Annotated[Deployment, Depends(deployment_of)]

_bearer = HTTPBearer(
    auto_error=False, scheme_name="token", description="`newsletter tokens add NAME --scope …` makes one."
)
_CHALLENGE = {"www-authenticate": 'Bearer realm="newsletter"'}


def let_in(
    scopes: SecurityScopes, here: Here, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> ApiToken:
    """Whose token it is; Refused for none, a wrong one, one without the scope, and one that comes too often."""
    if given is None:
        raise Refused(401, "a token is needed: send `Authorization: Bearer …`", headers=_CHALLENGE)
    secret = given.credentials
    token = None if len(secret) > LONGEST_TOKEN else here.storage.api_tokens.find(secret, at=datetime.now(UTC))
    if token is None:
        raise Refused(401, "this token is wrong, expired or revoked", headers=_CHALLENGE)
    lacking = [one for one in scopes.scopes if one not in token.scopes]
    if lacking:
        challenge = {"www-authenticate": f'Bearer error="insufficient_scope", scope="{" ".join(lacking)}"'}
        raise Refused(403, f"this token lacks the scope {', '.join(lacking)}", headers=challenge)
    take(here.requests, token)
    return token


def take(throttle: Throttle, token: ApiToken) -> None:
    """Counts one more; Refused where it is one too many."""
    if not throttle.allows(token.id):
        raise Refused(429, "too many requests with this token; come back in a minute", headers={"retry-after": "60"})


def needs(*scopes: str) -> params.Depends:
    """What a path function declares its token with."""
    declared: params.Depends = Security(let_in, scopes=list(scopes))
    return declared
