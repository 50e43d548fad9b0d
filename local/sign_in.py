"""The local provider's sign-in: OpenID Connect's authorization code with PKCE, and everybody is the owner."""

import base64
import hashlib
import secrets
import threading
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from local.api_gateway import HttpAnswer, HttpRequest, json_answer
from local.issuer import AUDIENCE, issue_token
from switchboard import runtime

SIGN_IN_PATH, EXCHANGE_PATH = "/local/sign-in", "/local/exchange"


@dataclass(frozen=True, slots=True)
class _Code:
    redirect_uri: str
    challenge: str


class SignIn:
    """Hands out codes and takes each once, for a token."""

    def __init__(self) -> None:
        self._codes: dict[str, _Code] = {}
        self._lock = threading.Lock()

    def answer(self, request: HttpRequest) -> HttpAnswer | None:
        """None: the request is not for the provider."""
        match (request.method, request.path):
            case ("GET", path) if path == SIGN_IN_PATH:
                return self._sign_in(dict(parse_qsl(request.query)), own=_host(request))
            case ("POST", path) if path == EXCHANGE_PATH:
                return self._exchange(dict(parse_qsl(request.body.decode("utf-8", "replace"))))
        return None

    def _sign_in(self, asked: dict[str, str], *, own: str) -> HttpAnswer:
        redirect_uri, challenge = asked.get("redirect_uri", ""), asked.get("code_challenge", "")
        good = (
            asked.get("response_type") == "code"
            and asked.get("client_id") == AUDIENCE
            and asked.get("code_challenge_method") == "S256"
            and challenge
            and urlsplit(redirect_uri)[:2] == ("http", own)
        )
        if not good:
            return json_answer(400, {"error": "invalid_request"})
        code = secrets.token_urlsafe()
        with self._lock:
            self._codes[code] = _Code(redirect_uri, challenge)
        back = urlencode({"code": code, "state": asked.get("state", "")})
        return HttpAnswer(302, [("location", f"{redirect_uri}?{back}"), ("cache-control", "no-store")], b"")

    def _exchange(self, asked: dict[str, str]) -> HttpAnswer:
        with self._lock:
            code = self._codes.pop(asked.get("code", ""), None)
        verifier = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if code is None or code.challenge != challenge or code.redirect_uri != asked.get("redirect_uri"):
            return json_answer(400, {"error": "invalid_grant"})
        return json_answer(200, {"id_token": issue_token(now=runtime.now()), "token_type": "Bearer"})


def _host(request: HttpRequest) -> str:
    return next((value for name, value in request.headers if name.lower() == "host"), "")
