"""The inbox's page: what it is made of, what it may do, and the local provider that it signs in with."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from local.api_gateway import HttpRequest
from local.issuer import AUDIENCE, read_token
from local.sign_in import EXCHANGE_PATH, SIGN_IN_PATH, SignIn
from switchboard import inbox_page, runtime
from switchboard.errors import NotFound
from switchboard.web import Request
from tests.builders import NOON

PAGES = Path(inbox_page.__file__).parent / "pages"
FILES = sorted(PAGES.iterdir())
PROVIDER = inbox_page.SignIn("client", "https://id.example.test/authorize", "https://id.example.test/token")


def ask(file: str | None = None, *, tag: str = "", sign_in: inbox_page.SignIn = PROVIDER) -> dict[str, Any]:
    parameters = {"file": file} if file is not None else {}
    headers = {"if-none-match": tag} if tag else {}
    request = Request("GET", "/inbox", "", headers, b"", NOON, {}, parameters)
    return inbox_page.answer_page(request, sign_in=sign_in)


def test_all_of_the_page_is_under_a_hundred_kilobytes() -> None:
    assert sum(path.stat().st_size for path in FILES) < 100_000


def test_the_page_names_only_files_that_are_served() -> None:
    named = {name for path in FILES for name in re.findall(r'(?:"inbox/|from "\./)([a-z_-]+\.\w+)"', path.read_text())}
    assert "api.js" in named
    assert {name: ask(name)["statusCode"] for name in named} == dict.fromkeys(named, 200)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_on_the_page_runs_inline_comes_from_elsewhere_or_writes_markup(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=\"|javascript:", text) == []
    assert set(re.findall(r"https?://[^\"'\s/]+", text)) <= {"http://www.w3.org"}
    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage", text)
        == []
    )


@pytest.mark.parametrize("file", [None, *[path.name for path in FILES], "sign-in.json"])
def test_every_answer_carries_the_policy(file: str | None) -> None:
    headers = ask(file)["headers"]
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self' https://id.example.test",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["x-content-type-options"] == "nosniff"


def test_a_provider_on_this_server_needs_no_place_in_the_policy() -> None:
    own = inbox_page.SignIn("client", "/local/sign-in", "/local/exchange")
    assert "connect-src 'self';" in ask(sign_in=own)["headers"]["content-security-policy"]


def test_an_unchanged_file_is_not_sent_again() -> None:
    tag = ask("inbox.js")["headers"]["etag"]
    assert (ask("inbox.js", tag=tag)["statusCode"], ask("inbox.js", tag='"old"')["statusCode"]) == (304, 200)


@pytest.mark.parametrize("name", ["", "..", "../inbox.py", "/etc/passwd", "inbox.js\x00", "nothing.js", "__init__.py"])
def test_nothing_but_the_pages_own_files_is_served(name: str) -> None:
    with pytest.raises(NotFound):
        ask(name)


VERIFIER = "a-verifier-that-only-this-page-knows"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASKED = {
    "response_type": "code", "client_id": AUDIENCE, "redirect_uri": "http://127.0.0.1:8787/inbox", "state": "s",
    "code_challenge": CHALLENGE, "code_challenge_method": "S256",
}  # fmt: skip


def begin(provider: SignIn, **changes: str) -> Any:
    headers = [("Host", "127.0.0.1:8787")]
    return provider.answer(HttpRequest("GET", SIGN_IN_PATH, urlencode(ASKED | changes), headers, b"", "127.0.0.1"))


def exchange(provider: SignIn, code: str, **changes: str) -> tuple[int, Any]:
    form = {"code": code, "code_verifier": VERIFIER, "redirect_uri": ASKED["redirect_uri"]} | changes
    answer = provider.answer(HttpRequest("POST", EXCHANGE_PATH, "", [], urlencode(form).encode(), "127.0.0.1"))
    assert answer is not None
    return answer.status, json.loads(answer.body)


def code_of(answer: Any) -> str:
    return parse_qs(urlsplit(dict(answer.headers)["location"]).query)["code"][0]


def test_the_local_provider_hands_out_a_token_for_a_code_once() -> None:
    provider = SignIn()
    back = begin(provider)
    assert back.status == 302
    assert dict(back.headers)["location"].startswith("http://127.0.0.1:8787/inbox?code=")
    status, found = exchange(provider, code_of(back))
    claims = read_token(found["id_token"], now=runtime.now())
    assert claims is not None
    assert (status, claims["org"], claims["role"]) == (200, "default", "owner")
    assert exchange(provider, code_of(back))[0] == 400


def test_a_code_is_worth_nothing_without_its_verifier() -> None:
    provider = SignIn()
    assert exchange(provider, code_of(begin(provider)), code_verifier="another")[0] == 400


@pytest.mark.parametrize(
    "changes",
    [{"redirect_uri": "http://elsewhere.example.test/inbox"}, {"client_id": "x"}, {"code_challenge_method": "plain"},
     {"code_challenge": ""}, {"response_type": "token"}],
)  # fmt: skip
def test_the_local_provider_refuses_what_is_not_the_pages_own_question(changes: dict[str, str]) -> None:
    assert begin(SignIn(), **changes).status == 400
