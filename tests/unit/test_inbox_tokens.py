"""Who may call the owner API: the gateway's authorizer, and the claims that it hands on."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.api_gateway import HttpRequest
from local.gateway import Gateway
from local.issuer import issue_token, read_token
from local.lambdas import Lambdas
from switchboard.errors import Forbidden, TokenMissing
from switchboard.inbox import Owner, read_owner
from tests.architecture.sources import ROOT
from tests.inbox_desk import FUNCTIONS

NOW = datetime.now(UTC)


class Silent(Lambdas):
    """Answers with the claims that came in."""

    def invoke(self, name: str, event: dict[str, Any]) -> Any:
        return event["requestContext"]["authorizer"]["jwt"]["claims"]


def unsigned() -> str:
    """A good token's claims, said to need no signature."""
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode()
    return f"{head}.{issue_token(now=NOW).split('.')[1]}."


def status(authorization: str | None) -> int:
    headers = [("Authorization", authorization)] if authorization is not None else []
    gateway = Gateway(Silent(FUNCTIONS, root=ROOT))
    return gateway(HttpRequest("GET", "/api/threads", "", headers, b"", "127.0.0.1")).status


def test_a_good_token_is_let_in() -> None:
    assert status(f"Bearer {issue_token(now=NOW)}") == 200


@pytest.mark.parametrize(
    "authorization",
    [
        None, "", "Bearer", "Bearer ", "Basic abc", "Bearer a.b.c", "Bearer \udcff.x", f"Basic {issue_token(now=NOW)}",
        f"Bearer {issue_token(now=NOW, audience='somebody-else')}",
        f"Bearer {issue_token(now=NOW, iss='https://elsewhere.example.test')}",
        f"Bearer {issue_token(now=NOW - timedelta(hours=2), lasts=timedelta(hours=1))}",
        f"Bearer {unsigned()}", f"Bearer {unsigned()}{issue_token(now=NOW).split('.')[2]}",
        f"Bearer {issue_token(now=NOW)}x", f"Bearer {issue_token(now=NOW)[:-2]}",
    ],
)  # fmt: skip
def test_a_token_that_is_missing_expired_or_somebody_elses_is_401(authorization: str | None) -> None:
    assert status(authorization) == 401


def test_claims_that_were_changed_are_not_believed() -> None:
    head, _, signature = issue_token(now=NOW).split(".")
    forged = issue_token(now=NOW, org="other").split(".")[1]
    assert read_token(f"{head}.{forged}.{signature}", now=NOW) is None


@pytest.mark.parametrize(
    "claims", [{"sub": "u", "org": "o", "role": "owner"}, {"sub": "u", "custom:org": "o", "custom:role": "owner"}]
)
def test_the_claims_say_who_the_owner_is(claims: Mapping[str, str]) -> None:
    assert read_owner(claims) == Owner("u", "o")


@pytest.mark.parametrize(
    "claims",
    [{"sub": "u", "org": "o"}, {"sub": "u", "org": "o", "role": "sitter"}, {"sub": "u", "role": "owner"},
     {"org": "o", "role": "owner"}, {"sub": "u", "org": "", "role": "owner"}, {"sub": "u", "org": 7, "role": "owner"}],
)  # fmt: skip
def test_a_token_without_organisation_or_of_another_role_is_refused(claims: Mapping[str, Any]) -> None:
    with pytest.raises(Forbidden):
        read_owner(claims)


def test_a_call_that_nobody_checked_is_refused() -> None:
    with pytest.raises(TokenMissing):
        read_owner({})
