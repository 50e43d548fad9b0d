"""API Gateway HTTP API: events of payload format 2.0 out of HTTP requests, HTTP answers out of function results."""

import base64
import json
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from local.template import Function

MAX_BODY_BYTES = 10 * 1024 * 1024
_TEXT = re.compile(r"^(text/.*|application/(json|xml|javascript|.*\+json|.*\+xml))$")
_DOMAIN = "localhost"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as it came over the wire; header names keep their order and may repeat."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What goes back over the wire."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """The function that a request is for."""

    function: Function
    route_key: str
    path_parameters: dict[str, str]
    open_to_all: bool


class RouteTable:
    """Finds the function of a method and path, by the routes of the template."""

    def __init__(self, functions: Iterable[Function]) -> None:
        found = [(route, function) for function in functions for route in function.routes]
        self._routes = [
            (route, function, re.compile(_pattern(route.path)))
            for route, function in sorted(found, key=lambda pair: "{" in pair[0].path)
        ]

    def find(self, method: str, path: str) -> Target | None:
        """The function, or None where no route matches."""
        for route, function, pattern in self._routes:
            match = pattern.fullmatch(path) if route.method in (method, "ANY") else None
            if match:
                parameters = {name: unquote(value) for name, value in match.groupdict().items()}
                return Target(function, f"{route.method} {route.path}", parameters, route.open_to_all)
        return None


def _pattern(path: str) -> str:
    greedy = re.sub(r"\\\{(\w+)\\\+\\\}", r"(?P<\1>.+)", re.escape(path))
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", greedy)


def event_for(
    request: HttpRequest, target: Target, *, now: datetime, claims: dict[str, str] | None = None
) -> dict[str, Any]:
    """The event that API Gateway would make of a request."""
    headers = _joined(request.headers)
    body, encoded = _body(request.body, headers.get("content-type", ""))
    context: dict[str, Any] = {
        "accountId": "123456789012",
        "apiId": "local",
        "domainName": headers.get("host", _DOMAIN),
        "domainPrefix": "local",
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": str(uuid.uuid4()),
        "routeKey": target.route_key,
        "stage": "$default",
        "time": now.astimezone(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }
    if claims is not None:
        context["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": target.route_key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": {name: value for name, value in headers.items() if name != "cookie"},
        "requestContext": context,
        "isBase64Encoded": encoded,
    }
    if "cookie" in headers:
        event["cookies"] = [cookie.strip() for cookie in headers["cookie"].split(";")]
    if request.query:
        event["queryStringParameters"] = _joined(parse_qsl(request.query, keep_blank_values=True), lower=False)
    if target.path_parameters:
        event["pathParameters"] = target.path_parameters
    if request.body:
        event["body"] = body
    return event


def _joined(pairs: Iterable[tuple[str, str]], *, lower: bool = True) -> dict[str, str]:
    """Repeated names become one, their values joined by commas."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower() if lower else name
        found[key] = f"{found[key]},{value}" if key in found else value
    return found


def _body(raw: bytes, content_type: str) -> tuple[str, bool]:
    """Text types travel as text; forms, pictures and all else in base64."""
    if _TEXT.match(content_type.partition(";")[0].strip().lower()):
        try:
            return raw.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(raw).decode("ascii"), True


def answer_for(result: Any) -> HttpAnswer:
    """The HTTP answer that API Gateway would make of a function's result."""
    if not isinstance(result, dict) or "statusCode" not in result:
        return json_answer(200, result)
    body = result.get("body") or ""
    raw = base64.b64decode(body) if result.get("isBase64Encoded") else str(body).encode("utf-8", "surrogatepass")
    headers = [(str(name), str(value)) for name, value in (result.get("headers") or {}).items()]
    headers += [("set-cookie", cookie) for cookie in result.get("cookies") or ()]
    if raw and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain; charset=utf-8"))
    return HttpAnswer(int(result["statusCode"]), headers, raw)


def json_answer(status: int, body: Any) -> HttpAnswer:
    """An answer of API Gateway's own, or a bare result."""
    return HttpAnswer(status, [("content-type", "application/json")], json.dumps(body).encode())
