"""The inbox's page: files of this package, served with a policy that lets nothing else run."""

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from switchboard.errors import NotFound
from switchboard.web import Request, Response, json_response

_FOLDER = Path(__file__).parent / "pages"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class SignIn:
    """The OpenID Connect provider as the page needs it; an address may be a path of this server."""

    client_id: str
    sign_in_url: str
    exchange_url: str


def answer_page(request: Request, *, sign_in: SignIn) -> Response:
    """The page, one of its files, or where to sign in. Raises NotFound."""
    name = request.path_parameters.get("file", "index.html")
    if name == "sign-in.json":
        found = {
            "clientId": sign_in.client_id,
            "signInUrl": sign_in.sign_in_url,
            "exchangeUrl": sign_in.exchange_url,
        }
        return _with(json_response(200, found), _protected(sign_in))
    file = _files().get(name)
    if file is None:
        raise NotFound
    body, tag = file
    headers = {"content-type": _TYPES[Path(name).suffix], "etag": tag, **_protected(sign_in)}
    if request.headers.get("if-none-match") == tag:
        return {"statusCode": _NOT_MODIFIED, "headers": headers, "body": ""}
    return {"statusCode": 200, "headers": headers, "body": body}


@functools.cache
def _files() -> Mapping[str, tuple[str, str]]:
    """Every file by its name: what is in it, and its tag."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in _FOLDER.iterdir() if path.suffix in _TYPES}
    return {name: (text, f'"{hashlib.sha256(text.encode()).hexdigest()[:20]}"') for name, text in texts.items()}


def _with(response: Response, headers: Mapping[str, str]) -> Response:
    return response | {"headers": {**response["headers"], **headers}}


def _protected(sign_in: SignIn) -> dict[str, str]:
    """Nothing inline, nothing from elsewhere; the page talks to this server and to where it exchanges its code."""
    exchange = urlsplit(sign_in.exchange_url)
    elsewhere = f" {exchange.scheme}://{exchange.netloc}" if exchange.netloc else ""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self'{elsewhere}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {
        "content-security-policy": policy,
        "cache-control": "no-cache",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "referrer-policy": "no-referrer",
        "strict-transport-security": "max-age=31536000",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
