"""A Twilio that sends nothing: the REST paths of its messages and phone numbers, and what the tests ask of it."""

import base64
import hmac
import re
import threading
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qsl

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from local.openapi_requests import RequestRules
from local.paging import numbered_page, page_answer, page_size, page_uri
from local.simulated_numbers import PhoneNumber, SimulatedNumbers, as_available_resource, as_number_resource
from local.simulated_twilio import (
    ASKING_FAULT_KINDS,
    FAULT_KINDS,
    TOO_MANY_REQUESTS,
    Fault,
    Message,
    RefusedRequest,
    SimulatedTwilio,
    as_listed,
    as_media_resource,
    as_resource,
)
from local.simulator_http import Answer, Request, SimulatorServer, json_answer
from local.status_callbacks import StatusCallbacks


class _FaultsRequest(BaseModel):
    """What POST /simulator/faults takes."""

    model_config = ConfigDict(strict=True, extra="forbid")

    kind: str = Field(pattern=f"^({'|'.join(sorted(FAULT_KINDS))})$")
    code: int | None = None
    times: int = Field(default=1, ge=1, le=10_000)
    on: Literal["send", "ask"] = "send"


class _LostText(BaseModel):
    """What POST /simulator/lost-texts takes; `at` is an instant with its offset, now where it is missing."""

    model_config = ConfigDict(extra="forbid")

    sender: str = Field(alias="from")
    to: str
    body: str = ""
    content_types: list[str] = Field(default_factory=list, alias="contentTypes", max_length=10)
    at: AwareDatetime | None = None


Route = tuple[str, re.Pattern[str], Callable[[Request], Answer]]


class TwilioSimulator:
    """Serves Twilio's paths on a port of 127.0.0.1; 0 is any free one. Status callbacks go to deliver_to.

    Fault kinds beyond the contract: undelivered takes the text and ends it undelivered with the code; lose_callbacks
    takes it to its end (undelivered, where a code is given) and tells nobody. With "on": "ask" a fault meets the next
    list or fetch. refuse drops the connection unanswered, and takes nothing.
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
        self.numbers = SimulatedNumbers()
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
        self.add_route("GET", messages + "/{MessageSid}/Media.json", self._list_media)
        numbers = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers"
        self.add_route("GET", f"{numbers}.json", self._list_numbers)
        self.add_route("POST", f"{numbers}.json", self._buy_number)
        self.add_route("GET", numbers + "/{Sid}.json", self._fetch_number)
        self.add_route("POST", numbers + "/{Sid}.json", self._change_number)
        available = "/2010-04-01/Accounts/{AccountSid}/AvailablePhoneNumbers/{CountryCode}/Local.json"
        self.add_route("GET", available, self._list_available)
        self.add_route("GET", "/simulator/messages", self._show_messages)
        self.add_route("DELETE", "/simulator/messages", self._forget_messages)
        self.add_route("POST", "/simulator/lost-texts", self._lose_text)
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
        message = self.account.take(
            form,
            now=self._now(),
            fails_with=_fails_with(fault),
            calls_back=fault is None or fault.kind != "lose_callbacks",
        )
        answer = json_answer(as_resource(message, account_sid=self.account.account_sid), status=201)
        self._callbacks.deliver(message)
        return Answer(hung=True) if fault and fault.kind == "accept_then_hang" else answer

    def _list(self, request: Request) -> Answer:
        if met := self._met_before_answering(request):
            return met
        asked = dict(request.query)
        found = self.account.find(asked)
        size, page = page_size(request), int(asked.get("Page", 0))
        start = _after_token(found, asked["PageToken"]) if "PageToken" in asked else page * size
        shown = found[start : start + size]
        more = len(found) > start + size
        resources = [as_resource(message, account_sid=self.account.account_sid) for message in shown]
        before = page_uri(request, page - 1) if page else None
        following = page_uri(request, page + 1, after=shown[-1].sid) if more else None
        return page_answer(request, "messages", resources, start=start, before=before, following=following)

    def _list_media(self, request: Request) -> Answer:
        if met := self._met_before_answering(request):
            return met
        message = self.account.message(request.arguments["MessageSid"])
        if message is None:
            raise _not_found()
        account_sid = self.account.account_sid
        resources = [as_media_resource(media, message, account_sid=account_sid) for media in message.media]
        return page_answer(request, "media_list", resources)

    def _fetch(self, request: Request) -> Answer:
        if met := self._met_before_answering(request):
            return met
        message = self.account.message(request.arguments["Sid"])
        if message is None:
            raise _not_found()
        return json_answer(as_resource(message, account_sid=self.account.account_sid))

    def _met_before_answering(self, request: Request) -> Answer | None:
        """What a question meets in place of its answer. Raises RefusedRequest."""
        self._authenticate(request)
        if fault := self.account.next_fault(asking=True):
            return _fault_answer(fault) or Answer(hung=True)
        self._check(request)
        return None

    def _list_numbers(self, request: Request) -> Answer:
        self._authenticate(request)
        self._check(request)
        return numbered_page(
            request, "incoming_phone_numbers", self.numbers.find(dict(request.query)), self._number_resource
        )

    def _fetch_number(self, request: Request) -> Answer:
        self._authenticate(request)
        self._check(request)
        return json_answer(self._number_resource(self.numbers.get(request.arguments["Sid"])))

    def _change_number(self, request: Request) -> Answer:
        return self._write_number(request, lambda form: self.numbers.change(request.arguments["Sid"], form), status=200)

    def _buy_number(self, request: Request) -> Answer:
        return self._write_number(request, lambda form: self.numbers.buy(form, now=self._now()), status=201)

    def _write_number(self, request: Request, write: Callable[[dict[str, str]], PhoneNumber], *, status: int) -> Answer:
        self._authenticate(request)
        fault = self.numbers.next_fault()
        refused = _fault_answer(fault) if fault else None
        if refused:
            return refused
        self._check(request)
        number = write(dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)))
        answer = json_answer(self._number_resource(number), status=status)
        return Answer(hung=True) if fault and fault.kind == "accept_then_hang" else answer

    def _list_available(self, request: Request) -> Answer:
        self._authenticate(request)
        self._check(request)
        found = self.numbers.available(dict(request.query), limit=page_size(request))
        country = request.arguments["CountryCode"]
        return numbered_page(
            request, "available_phone_numbers", found, lambda e164: as_available_resource(e164, country=country)
        )

    def _number_resource(self, number: PhoneNumber) -> dict[str, Any]:
        return as_number_resource(number, account_sid=self.account.account_sid)

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
        shown = [
            {"kind": fault.kind, "code": fault.code, "on": "ask" if fault.asking else "send"}
            for fault in self.account.faults()
        ]
        return json_answer(shown)

    def _lose_text(self, request: Request) -> Answer:
        try:
            lost = _LostText.model_validate_json(request.body)
        except ValidationError:
            return json_answer({"error": "invalid_request"}, status=400)
        at = (lost.at or self._now()).astimezone(UTC)
        message = self.account.hear(
            sender=lost.sender, recipient=lost.to, body=lost.body, at=at, content_types=lost.content_types
        )
        return json_answer({"sid": message.sid}, status=201)

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
        if asked.on == "ask" and asked.kind not in ASKING_FAULT_KINDS:
            return json_answer({"error": "invalid_request", "fields": ["on"]}, status=400)
        self.account.add_faults(asked.kind, code=asked.code, times=asked.times, asking=asked.on == "ask")
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


def _fails_with(fault: Fault | None) -> int | None:
    """The error code with which the delivery of the text ends, where a fault says so."""
    match fault:
        case Fault(kind="undelivered", code=code):
            return code or 30003
        case Fault(kind="lose_callbacks", code=code):
            return code
    return None


def _not_found() -> RefusedRequest:
    return RefusedRequest(20404, "The requested resource was not found", http_status=404)


def _after_token(found: Sequence[Message], token: str) -> int:
    """Where the page begins whose token names the last message of the one before: newer ones do not move it."""
    for place, message in enumerate(found):
        if token == f"PA{message.sid}":
            return place + 1
    raise RefusedRequest(20001, "Invalid PageToken")
