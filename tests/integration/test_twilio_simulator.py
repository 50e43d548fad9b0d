"""The simulator is as strict as Twilio, shows the faults it is told to, and signs what it calls back."""

import base64
import http.client
import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

import pytest
from jsonschema_path import SchemaPath
from openapi_core import OpenAPI, V30ResponseValidator
from openapi_core.testing import MockRequest, MockResponse

from local.openapi_requests import SPEC_FILE
from local.players import eventually
from local.simulator_http import Answer, Request, json_answer
from local.sms_segments import segment_count
from local.twilio_simulator import TwilioSimulator
from switchboard.webhooks import parse_form, verify_twilio

ACCOUNT, TOKEN = "AC" + "a" * 32, "secret-token"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
PUBLIC = "https://sb.example.test/prod"
GOOD = {"To": "+15555550101", "From": "+15550100001", "Body": "Hello"}
FORM_TYPE = "application/x-www-form-urlencoded"
BASE = datetime(2025, 1, 15, 12, 0, tzinfo=UTC)


class Instant:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = BASE

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Instant:
    return Instant()


@pytest.fixture
def simulator(clock: Instant) -> Iterator[TwilioSimulator]:
    simulator = TwilioSimulator(account_sid=ACCOUNT, auth_token=TOKEN, public_base_url=PUBLIC, now=clock)
    simulator.start()
    yield simulator
    simulator.stop()


def basic(user: str = ACCOUNT, token: str = TOKEN) -> str:
    return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()


def ask(
    simulator: TwilioSimulator,
    method: str,
    path: str,
    body: str | bytes = b"",
    *,
    headers: dict[str, str] | None = None,
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(simulator.url.removeprefix("http://"), timeout=10)
    known = {"Authorization": basic(), "Content-Type": FORM_TYPE} | (headers or {})
    try:
        connection.request(method, path, body, known)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    return answer.status, json.loads(content) if content else None


def send(simulator: TwilioSimulator, form: Any = GOOD, **fields: str) -> tuple[int, Any]:
    return ask(simulator, "POST", MESSAGES, urlencode(form | fields if fields else form))


def fault(simulator: TwilioSimulator, content: Any) -> int:
    return ask(simulator, "POST", "/simulator/faults", json.dumps(content))[0]


def test_our_cut_of_the_specification_is_a_specification() -> None:
    OpenAPI.from_file_path(str(SPEC_FILE))


def test_an_accepted_text_and_a_list_look_as_the_specification_says(simulator: TwilioSimulator) -> None:
    rules = V30ResponseValidator(SchemaPath.from_dict(json.loads(SPEC_FILE.read_text())))
    host = "https://api.twilio.com"
    for method, path, expected in (("post", MESSAGES, 201), ("get", MESSAGES, 200)):
        status, content = ask(simulator, method.upper(), path, urlencode(GOOD) if method == "post" else "")
        assert status == expected
        response = MockResponse(json.dumps(content).encode(), status_code=status, content_type="application/json")
        assert list(rules.iter_errors(MockRequest(host, method, path), response)) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "5555550101"}, 21211),
        ({"To": "+0555550101"}, 21211),
        ({"To": "whatever"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "Acme"}, 21212),
        ({"From": GOOD["To"]}, 21266),
        ({"Body": ""}, 21602),
        ({"Body": " \n"}, 21602),
        ({"Body": "x" * 1_601}, 21617),
        ({"ValidityPeriod": "0"}, 20001),
        ({"ValidityPeriod": "36001"}, 20001),
        ({"ValidityPeriod": "soon"}, 20001),
        ({"StatusCallback": "not an address"}, 20001),
        ({"MediaUrl": "cat.jpg"}, 20001),
        ({"MessagingServiceSid": "MG1"}, 20001),
        ({"RiskCheck": "perhaps"}, 20001),
        ({"ProvideFeedback": "maybe"}, 20001),
    ],
)
def test_what_twilio_refuses_is_refused_with_its_code(
    simulator: TwilioSimulator, change: dict[str, str], code: int
) -> None:
    status, content = send(simulator, **change)
    assert (status, content["code"], content["status"]) == (400, code, 400)
    assert simulator.account.messages() == []


def test_a_text_without_recipient_or_in_json_is_refused(simulator: TwilioSimulator) -> None:
    assert send(simulator, {"From": GOOD["From"], "Body": "x"})[0] == 400
    status, _ = ask(simulator, "POST", MESSAGES, json.dumps(GOOD), headers={"Content-Type": "application/json"})
    assert status == 400


def test_the_longest_texts_and_ten_pictures_are_accepted_and_eleven_are_not(simulator: TwilioSimulator) -> None:
    assert send(simulator, Body="🐶" * 1_600)[0] == 201
    pictures = [("MediaUrl", f"https://pictures.example.test/{n}.jpg") for n in range(11)]
    parties = [("To", GOOD["To"]), ("From", GOOD["From"])]
    status, content = send(simulator, parties + pictures[:10])
    assert (status, content["num_media"], content["sid"][:2]) == (201, "10", "MM")
    assert send(simulator, parties + pictures)[1]["code"] == 21623


def test_only_our_numbers_send_and_nobody_who_opted_out_is_texted(simulator: TwilioSimulator) -> None:
    simulator.account.numbers = {"+15550100002"}
    assert send(simulator)[1]["code"] == 21606
    assert send(simulator, From="+15550100002")[0] == 201
    simulator.account.opted_out.add(GOOD["To"])
    assert send(simulator, From="+15550100002")[1]["code"] == 21610


@pytest.mark.parametrize("authorization", ["", "Basic", basic(token="wrong"), basic(user="AC" + "b" * 32), "Basic é"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", MESSAGES), ("GET", MESSAGES), ("GET", MESSAGES.replace(".json", f"/SM{'0' * 32}.json"))],
)
def test_nothing_is_answered_without_the_accounts_token(
    simulator: TwilioSimulator, method: str, path: str, authorization: str
) -> None:
    status, content = ask(
        simulator, method, path, urlencode(GOOD), headers={"Authorization": authorization.encode().decode("latin-1")}
    )
    assert (status, content["code"]) == (401, 20003)


def test_other_accounts_paths_and_methods_are_refused(simulator: TwilioSimulator) -> None:
    assert ask(simulator, "GET", MESSAGES.replace("a" * 32, "b" * 32))[0] == 401
    assert ask(simulator, "GET", "/nowhere")[0] == 404
    assert ask(simulator, "PUT", MESSAGES)[0] == 405
    assert ask(simulator, "GET", MESSAGES.replace(".json", f"/SM{'0' * 32}.json"))[0] == 404
    assert ask(simulator, "GET", MESSAGES.replace(".json", "/nonsense.json"))[0] == 400


@pytest.mark.parametrize("length", ["-1", "many", "1000001"])
def test_a_request_of_absurd_length_is_refused(simulator: TwilioSimulator, length: str) -> None:
    assert ask(simulator, "POST", MESSAGES, headers={"Content-Length": length})[0] == 413


def test_tests_see_what_was_sent_oldest_first_and_may_have_it_forgotten(simulator: TwilioSimulator) -> None:
    for body in ("one", "two", "three"):
        send(simulator, Body=body)
    status, shown = ask(simulator, "GET", "/simulator/messages")
    assert (status, [message["body"] for message in shown]) == (200, ["one", "two", "three"])
    assert set(shown[0]) == {"sid", "from", "to", "body", "mediaUrls", "status"}
    assert ask(simulator, "DELETE", "/simulator/messages") == (204, None)
    assert ask(simulator, "GET", "/simulator/messages") == (200, [])


def listed(simulator: TwilioSimulator, **filters: str) -> list[str]:
    status, content = ask(simulator, "GET", f"{MESSAGES}?{urlencode(filters)}")
    assert status == 200
    return [message["body"] for message in content["messages"]]


def test_a_list_shows_one_pair_from_a_time_on_newest_first(simulator: TwilioSimulator, clock: Instant) -> None:
    for hours, body in enumerate(("noon", "one", "two")):
        clock.now = BASE + timedelta(hours=hours)
        send(simulator, Body=body)
        send(simulator, Body="to another", To="+15555550102")
        send(simulator, Body="from another", From="+15550100002")
    pair = {"To": GOOD["To"], "From": GOOD["From"]}
    assert listed(simulator, **pair) == ["two", "one", "noon"]
    assert listed(simulator, **pair, **{"DateSent>": "2025-01-15T13:00:00Z"}) == ["two", "one"]
    assert listed(simulator, **pair, **{"DateSent<": "2025-01-15T13:00:00Z"}) == ["one", "noon"]
    assert listed(simulator, **pair, DateSent="2025-01-15") == ["two", "one", "noon"]
    assert listed(simulator, **pair, **{"DateSent>": "2025-01-16"}) == []
    assert ask(simulator, "GET", f"{MESSAGES}?DateSent=yesterday")[0] == 400


def test_the_real_client_reads_a_list_of_several_pages(simulator: TwilioSimulator) -> None:
    from twilio.rest import Client

    from switchboard.twilio_http import HttpClient

    for n in range(23):
        send(simulator, Body=str(n))
    http_client = HttpClient(connect_timeout_s=5, read_timeout_s=5, base_url=simulator.url)
    client = Client(ACCOUNT, TOKEN, http_client=http_client)
    found = [message.body for message in client.messages.list(to=GOOD["To"], page_size=5)]
    http_client.close()
    assert found == [str(n) for n in range(22, -1, -1)]


def lose(simulator: TwilioSimulator, **fields: Any) -> tuple[int, Any]:
    """A text that comes in and whose webhook is never sent."""
    lost = {"from": GOOD["To"], "to": GOOD["From"], "body": "Hello?"} | fields
    return ask(simulator, "POST", "/simulator/lost-texts", json.dumps(lost))


def test_texts_that_arrive_while_a_list_is_read_move_none_of_its_pages(simulator: TwilioSimulator) -> None:
    for n in range(4):
        send(simulator, Body=str(n))
    first = ask(simulator, "GET", f"{MESSAGES}?PageSize=2")[1]
    send(simulator, Body="meanwhile")
    second = ask(simulator, "GET", first["next_page_uri"])[1]
    shown = [message["body"] for page in (first, second) for message in page["messages"]]
    assert shown == ["3", "2", "1", "0"]
    assert second["next_page_uri"] is None
    simulator.account.forget_messages()
    assert ask(simulator, "GET", first["next_page_uri"])[0] == 400


def test_a_lost_text_is_listed_and_fetched_with_its_media_and_is_none_that_was_sent(
    simulator: TwilioSimulator,
) -> None:
    status, lost = lose(simulator, contentTypes=["image/jpeg", "image/png"], at="2025-01-15T10:30:00+01:00")
    assert status == 201
    send(simulator)
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{lost['sid']}"
    sent, heard = ask(simulator, "GET", MESSAGES)[1]["messages"]
    assert heard == ask(simulator, "GET", f"{path}.json")[1]
    assert (heard["direction"], heard["status"], heard["num_media"]) == ("inbound", "received", "2")
    assert heard["date_created"] == "Wed, 15 Jan 2025 09:30:00 +0000"
    assert sent["direction"] == "outbound-api"
    status, media = ask(simulator, "GET", f"{path}/Media.json")
    assert [one["content_type"] for one in media["media_list"]] == ["image/jpeg", "image/png"]
    rules = V30ResponseValidator(SchemaPath.from_dict(json.loads(SPEC_FILE.read_text())))
    response = MockResponse(json.dumps(media).encode(), status_code=status, content_type="application/json")
    request = MockRequest("https://api.twilio.com", "get", f"{path}/Media.json")
    assert list(rules.iter_errors(request, response)) == []
    assert [message["body"] for message in ask(simulator, "GET", "/simulator/messages")[1]] == ["Hello"]


@pytest.mark.parametrize("fields", [{"from": None}, {"at": "2025-01-15T10:30:00"}, {"at": "noon"}, {"media": 1}])
def test_a_lost_text_that_is_not_understood_is_refused(simulator: TwilioSimulator, fields: dict[str, Any]) -> None:
    assert lose(simulator, **fields)[0] == 400


def test_a_fault_can_be_kept_for_the_next_question(simulator: TwilioSimulator) -> None:
    assert fault(simulator, {"kind": "http_429", "on": "ask"}) == 204
    assert fault(simulator, {"kind": "http_500", "on": "ask"}) == 204
    assert fault(simulator, {"kind": "undelivered", "on": "ask"}) == 400
    assert send(simulator)[0] == 201
    assert [ask(simulator, "GET", MESSAGES)[0] for _ in range(3)] == [429, 500, 200]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        ({"kind": "http_429"}, 429, 20429),
        ({"kind": "http_500"}, 500, 20500),
        ({"kind": "error", "code": 21610}, 400, 21610),
        ({"kind": "error", "code": 20429}, 429, 20429),
    ],
)
def test_a_fault_meets_as_many_sending_requests_as_it_was_told(
    simulator: TwilioSimulator, content: dict[str, Any], status: int, code: int
) -> None:
    assert fault(simulator, content | {"times": 2}) == 204
    assert ask(simulator, "GET", MESSAGES)[0] == 200  # not a sending request
    for _ in range(2):
        answered, refusal = send(simulator)
        assert (answered, refusal["code"]) == (status, code)
    assert send(simulator)[0] == 201
    assert len(simulator.account.messages()) == 1


def test_a_refused_connection_gets_no_answer_and_leaves_no_text(simulator: TwilioSimulator) -> None:
    fault(simulator, {"kind": "refuse"})
    with pytest.raises(ConnectionError):
        send(simulator)
    assert simulator.account.messages() == []
    assert send(simulator)[0] == 201


def test_an_accepting_hang_takes_the_text_and_says_nothing(simulator: TwilioSimulator) -> None:
    fault(simulator, {"kind": "accept_then_hang"})
    connection = http.client.HTTPConnection(simulator.url.removeprefix("http://"), timeout=0.3)
    connection.request("POST", MESSAGES, urlencode(GOOD), {"Authorization": basic(), "Content-Type": FORM_TYPE})
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert len(simulator.account.messages()) == 1


def test_faults_queue_up_and_can_be_cleared(simulator: TwilioSimulator) -> None:
    fault(simulator, {"kind": "http_500"})
    fault(simulator, {"kind": "http_429", "times": 5})
    assert [send(simulator)[0] for _ in range(2)] == [500, 429]
    assert len(ask(simulator, "GET", "/simulator/faults")[1]) == 4
    assert ask(simulator, "DELETE", "/simulator/faults") == (204, None)
    assert send(simulator)[0] == 201


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        {"kind": "explode"},
        {"kind": "error"},
        {"kind": "http_429", "times": 0},
        {"kind": "http_429", "times": "2"},
        {"kind": "error", "code": "21610"},
        {"kind": "http_429", "time": 2},
    ],
)
def test_a_fault_that_is_not_understood_is_refused(simulator: TwilioSimulator, content: Any) -> None:
    assert fault(simulator, content) == 400
    assert send(simulator)[0] == 201


Callback = tuple[str, list[tuple[str, str]], str | None]


@contextmanager
def gateway(port: int = 0, *, status: int = 204) -> Iterator[tuple[str, "queue.Queue[Callback]"]]:
    """A gateway that keeps what it gets."""
    received: queue.Queue[Callback] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.put((self.path, parse_form(body), self.headers["X-Twilio-Signature"]))
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


CALLBACK = f"{PUBLIC}/webhooks/twilio/status?event=e%201&attempt=2"


def callbacks(received: "queue.Queue[Callback]", count: int) -> list[Callback]:
    return [received.get(timeout=10) for _ in range(count)]


def statuses(found: list[Callback]) -> list[str]:
    return [dict(form)["MessageStatus"] for _, form, _ in found]


def test_callbacks_come_in_order_through_the_gateway_signed_for_the_public_address(simulator: TwilioSimulator) -> None:
    with gateway() as (api_url, received):
        simulator.deliver_to = api_url
        sid = send(simulator, StatusCallback=CALLBACK + "#rc=2")[1]["sid"]
        found = callbacks(received, 3)
    assert statuses(found) == ["queued", "sent", "delivered"]
    for path, form, signature in found:
        assert path == "/webhooks/twilio/status?event=e%201&attempt=2"
        assert verify_twilio(url=CALLBACK, params=form, signature=signature, auth_tokens=[TOKEN])
        shown = dict(form)
        assert (shown["MessageSid"], shown["To"], shown["From"]) == (sid, GOOD["To"], GOOD["From"])
    assert simulator.account.messages()[0].status == "delivered"


def test_a_text_whose_answer_hangs_is_called_back_for_all_the_same(simulator: TwilioSimulator) -> None:
    fault(simulator, {"kind": "accept_then_hang"})
    with gateway() as (api_url, received):
        simulator.deliver_to = api_url
        sending = threading.Thread(target=_send_in_vain, args=(simulator,))
        sending.start()
        assert statuses(callbacks(received, 3)) == ["queued", "sent", "delivered"]
        simulator.stop()
        sending.join()


def _send_in_vain(simulator: TwilioSimulator) -> None:
    with pytest.raises(ConnectionError):
        send(simulator, StatusCallback=CALLBACK)


def test_a_delivery_can_be_told_to_fail_with_a_code(simulator: TwilioSimulator) -> None:
    fault(simulator, {"kind": "undelivered", "code": 30005})
    with gateway() as (api_url, received):
        simulator.deliver_to = api_url
        assert send(simulator, StatusCallback=CALLBACK)[0] == 201
        found = callbacks(received, 3)
    assert statuses(found) == ["queued", "sent", "undelivered"]
    assert dict(found[-1][1])["ErrorCode"] == "30005"


def ended(simulator: TwilioSimulator, sid: str) -> tuple[str, int | None] | None:
    """The end of a text with its error code, once it has one."""
    shown = ask(simulator, "GET", f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json")[1]
    return (shown["status"], shown["error_code"]) if shown["status"] in ("delivered", "undelivered") else None


def test_callbacks_can_be_lost_and_the_text_comes_to_its_end_all_the_same(simulator: TwilioSimulator) -> None:
    for content in ({"kind": "lose_callbacks"}, {"kind": "lose_callbacks", "code": 30003}):
        fault(simulator, content)
    with gateway() as (api_url, received):
        simulator.deliver_to = api_url
        for _ in range(2):
            send(simulator, StatusCallback=CALLBACK)
        lost = [message.sid for message in simulator.account.messages()]
        told = send(simulator, StatusCallback=CALLBACK)[1]["sid"]
        assert {dict(form)["MessageSid"] for _, form, _ in callbacks(received, 3)} == {told}
    ends = [eventually(partial(ended, simulator, sid)) for sid in lost]
    assert ends == [("delivered", None), ("undelivered", 30003)]


def test_callbacks_wait_for_a_gateway_that_is_not_there_yet(simulator: TwilioSimulator) -> None:
    with gateway() as (api_url, _):
        port = int(api_url.rpartition(":")[2])
    simulator.deliver_to = api_url
    send(simulator, StatusCallback=CALLBACK)
    with gateway(port) as (_, received):
        assert statuses(callbacks(received, 3)) == ["queued", "sent", "delivered"]


def test_a_callback_that_was_answered_is_not_repeated(simulator: TwilioSimulator) -> None:
    with gateway(status=500) as (api_url, received):
        simulator.deliver_to = api_url
        send(simulator, StatusCallback=CALLBACK)
        callbacks(received, 3)
        send(simulator, Body="Another", StatusCallback=CALLBACK)
        assert statuses(callbacks(received, 3)) == ["queued", "sent", "delivered"]
        assert received.empty()


def test_no_callback_leaves_for_another_address(simulator: TwilioSimulator) -> None:
    with gateway() as (api_url, received):
        simulator.deliver_to = api_url
        for other in ("https://elsewhere.example.test/x", f"{PUBLIC}.evil.test/x", f"{api_url}/x"):
            assert send(simulator, StatusCallback=other)[0] == 201
        send(simulator, StatusCallback=CALLBACK)
        assert {path for path, _, _ in callbacks(received, 3)} == {"/webhooks/twilio/status?event=e%201&attempt=2"}
        assert received.empty()


def test_another_page_can_be_served(simulator: TwilioSimulator) -> None:
    def page(request: Request) -> Answer:
        return json_answer(request.arguments)

    simulator.add_route("GET", "/phones/{phone}", page)
    assert ask(simulator, "GET", "/phones/jane") == (200, {"phone": "jane"})


def test_many_at_once_are_all_taken(simulator: TwilioSimulator) -> None:
    threads = [threading.Thread(target=send, args=(simulator,), kwargs={"Body": str(n)}) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(message.body) for message in simulator.account.messages()) == list(range(40))


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ç" * 70, 1),
        ("ç" * 71, 2),
        ("🐶" * 35, 1),
        ("🐶" * 36, 2),
        ("x" * 459, 3),
    ],
)
def test_segments_are_counted_as_the_network_does(body: str, segments: int) -> None:
    assert segment_count(body) == segments
