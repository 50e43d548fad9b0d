"""A Twilio that sends nothing: the REST paths of its Messages resource, and what the tests ask of it."""

import base64
import hmac
import re
import threading
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from local.openapi_requests import RequestRules
from local.simulated_twilio import (
    FAULT_KINDS,
    TOO_MANY_REQUESTS,
    Fault,
    RefusedRequest,
    SimulatedTwilio,
    as_listed,
    as_resource,
)
from local.simulator_http import Answer, Request, SimulatorServer, json_answer
from local.status_callbacks import StatusCallbacks

_DEFAULT_PAGE = 50


class _FaultsRequest(BaseModel):
    """What POST /simulator/faults takes."""

    model_config = ConfigDict(strict=True, extra="forbid")

    kind: str = Field(pattern=f"^({'|'.join(sorted(FAULT_KINDS))})$")
    code: int | None = None
    times: int = Field(default=1, ge=1, le=10_000)


Route = tuple[str, re.Pattern[str], Callable[[Request], Answer]]


class TwilioSimulator:
    """Serves Twilio's paths on a port of 127.0.0.1; 0 is any free one. Status callbacks go to deliver_to.

    Fault kinds beyond the contract: undelivered takes the text and ends it undelivered with the code.
    refuse drops the connection unanswered, and takes nothing.
    """

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        public_base_url: str,
        deliver_to: str | None = None,
        port: int = 0,
        numbers: Collection[str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.auth_token = auth_token
        self.deliver_to = deliver_to
        self.account = SimulatedTwilio(account_sid=account_sid, numbers=numbers)
        self._now = now
        self._rules = RequestRules()
        self._callbacks = StatusCallbacks(
            account_sid=account_sid,
            auth_token=lambda: self.auth_token,
            public_base_url=public_base_url,
            deliver_to=lambda: self.deliver_to,
        )
        self._routes: list[Route] = []
        self._add_own_routes()
        self._server = SimulatorServer(port, answer=self.answer)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="twilio", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        self._callbacks.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop serving; callbacks not yet delivered are given up."""
        self._server.stop()
        self._callbacks.stop()

    def add_route(self, method: str, path: str, answer: Callable[[Request], Answer]) -> None:
        """Serve another path; {name} in it stands for one step, handed over in the request's arguments."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path.replace(".", r"\."))
        self._routes.append((method, re.compile(pattern), answer))

    def _add_own_routes(self) -> None:
        messages = "/2010-04-01/Accounts/{AccountSid}/Messages"
        self.add_route("POST", f"{messages}.json", self._send)
        self.add_route("GET", f"{messages}.json", self._list)
        self.add_route("GET", messages + "/{Sid}.json", self._fetch)
        self.add_route("GET", "/simulator/messages", self._show_messages)
        self.add_route("DELETE", "/simulator/messages", self._forget_messages)
        self.add_route("GET", "/simulator/faults", self._show_faults)
        self.add_route("POST", "/simulator/faults", self._add_faults)
        self.add_route("DELETE", "/simulator/faults", self._forget_faults)

    def answer(self, request: Request) -> Answer:
        """Answer one request as Twilio would."""
        known_path = False
        for method, pattern, handle in self._routes:
            found = pattern.fullmatch(request.path)
            known_path = known_path or found is not None
            if found and method == request.method:
                request.arguments.update(found.groupdict())
                try:
                    return handle(request)
                except RefusedRequest as refusal:
                    return _refusal_answer(refusal)
        status = 405 if known_path else 404
        return _refusal_answer(RefusedRequest(20000 + status, "not found", http_status=status))

    def _send(self, request: Request) -> Answer:
        self._authenticate(request)
        fault = self.account.next_fault()
        refused = _fault_answer(fault) if fault else None
        if refused:
            return refused
        self._check(request)
        form = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        fails_with = (fault.code or 30003) if fault and fault.kind == "undelivered" else None
        message = self.account.take(form, now=self._now(), fails_with=fails_with)
        answer = json_answer(as_resource(message, account_sid=self.account.account_sid), status=201)
        self._callbacks.deliver(message)
        return Answer(hung=True) if fault and fault.kind == "accept_then_hang" else answer

    def _list(self, request: Request) -> Answer:
        self._authenticate(request)
        self._check(request)
        asked = dict(request.query)
        size, page = int(asked.get("PageSize", _DEFAULT_PAGE)), int(asked.get("Page", 0))
        found = self.account.find(asked)
        shown = found[page * size : (page + 1) * size]
        more = len(found) > (page + 1) * size
        resources = [as_resource(message, account_sid=self.account.account_sid) for message in shown]
        return json_answer(
            {
                "messages": resources,
                "page": page,
                "page_size": size,
                "start": page * size,
                "end": page * size + max(len(shown) - 1, 0),
                "uri": _page_uri(request, page),
                "first_page_uri": _page_uri(request, 0),
                "next_page_uri": _page_uri(request, page + 1) if more else None,
                "previous_page_uri": _page_uri(request, page - 1) if page else None,
            }
        )

    def _fetch(self, request: Request) -> Answer:
        self._authenticate(request)
        self._check(request)
        message = self.account.message(request.arguments["Sid"])
        if message is None:
            raise RefusedRequest(20404, "The requested resource was not found", http_status=404)
        return json_answer(as_resource(message, account_sid=self.account.account_sid))

    def _authenticate(self, request: Request) -> None:
        user = self.account.account_sid
        expected = "Basic " + base64.b64encode(f"{user}:{self.auth_token}".encode()).decode()
        given = request.headers.get("Authorization", "")
        if request.arguments["AccountSid"] != user or not hmac.compare_digest(given.encode(), expected.encode()):
            raise RefusedRequest(20003, "Authenticate", http_status=401)

    def _check(self, request: Request) -> None:
        problem = self._rules.problem(
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.headers,
            body=request.body,
        )
        if problem:
            raise RefusedRequest(20001, problem)

    def _show_messages(self, _: Request) -> Answer:
        return json_answer([as_listed(message) for message in self.account.messages()])

    def _forget_messages(self, _: Request) -> Answer:
        self.account.forget_messages()
        return Answer(204)

    def _show_faults(self, _: Request) -> Answer:
        return json_answer([{"kind": fault.kind, "code": fault.code} for fault in self.account.faults()])

    def _forget_faults(self, _: Request) -> Answer:
        self.account.forget_faults()
        return Answer(204)

    def _add_faults(self, request: Request) -> Answer:
        try:
            asked = _FaultsRequest.model_validate_json(request.body)
        except ValidationError:
            return json_answer({"error": "invalid_request"}, status=400)
        if asked.kind == "error" and asked.code is None:
            return json_answer({"error": "invalid_request", "fields": ["code"]}, status=400)
        self.account.add_faults(asked.kind, code=asked.code, times=asked.times)
        return Answer(204)


def _fault_answer(fault: Fault) -> Answer | None:
    """The answer of a fault that takes no text; None for those that do."""
    match fault.kind:
        case "http_429":
            return _refusal_answer(RefusedRequest(TOO_MANY_REQUESTS, "Too Many Requests", http_status=429))
        case "http_500":
            return _refusal_answer(RefusedRequest(20500, "An internal server error has occurred", http_status=500))
        case "error":
            code = fault.code or 0
            status = 429 if code == TOO_MANY_REQUESTS else 400
            return _refusal_answer(RefusedRequest(code, "The simulator was told to refuse", http_status=status))
        case "refuse":
            return Answer(dropped=True)
    return None


def _refusal_answer(refusal: RefusedRequest) -> Answer:
    more = f"https://www.twilio.com/docs/errors/{refusal.code}"
    content = {"code": refusal.code, "message": str(refusal), "more_info": more, "status": refusal.http_status}
    return json_answer(content, status=refusal.http_status)


def _page_uri(request: Request, page: int) -> str:
    kept = [(name, value) for name, value in request.query if name not in {"Page", "PageToken"}]
    return f"{request.path}?{urlencode([*kept, ('Page', str(page)), ('PageToken', f'PA{page}')])}"
