"""Who the owner is on this machine: tokens as an OIDC provider issues them, and its sign-in, without asking anybody.

The tokens are signed with a secret that is in this repository: they protect nothing.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

_KEY = b"switchboard-local-issuer"
ISSUER = "https://issuer.switchboard.example.test"
AUDIENCE = "switchboard-local"
LASTS = timedelta(days=365)


def issue_token(
    *, now: datetime, org: str = "default", lasts: timedelta = LASTS, audience: str = AUDIENCE, **claims: str
) -> str:
    """A token for an organisation's owner, other claims as given."""
    said: dict[str, object] = {"iss": ISSUER, "aud": audience, "sub": "owner", "org": org, "role": "owner"}
    said |= claims
    said |= {"iat": int(now.timestamp()), "exp": int((now + lasts).timestamp())}
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(said)}"
    return f"{signed}.{_signature(signed)}"


def read_token(token: str, *, now: datetime) -> dict[str, str] | None:
    """The claims as API Gateway hands them over, all text; None: not ours, of another audience, or expired."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_signature(signed).encode(), signature.encode("utf-8", "surrogatepass")):
        return None
    claims: dict[str, Any] = json.loads(_bytes(signed.partition(".")[2]))
    good = claims["iss"] == ISSUER and claims["aud"] == AUDIENCE and claims["exp"] > now.timestamp()
    return {name: str(value) for name, value in claims.items()} if good else None


def _part(content: Mapping[str, object]) -> str:
    return _text(json.dumps(content, separators=(",", ":")).encode())


def _signature(signed: str) -> str:
    return _text(hmac.digest(_KEY, signed.encode("utf-8", "surrogatepass"), hashlib.sha256))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
