"""The real Twilio client, against the simulator and against servers that misbehave."""

import http.client
import json
import logging
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import urllib3.connection
import urllib3.exceptions

from local.twilio_simulator import TwilioSimulator
from switchboard.domain.delivery import Accepted, NotSent, Refused, SendOutcome, Unknown
from switchboard.errors import SecretUnavailable, TwilioUnavailable
from switchboard.twilio import TwilioCredentials, TwilioSender
from switchboard.twilio_http import MAX_IDLE_S, HttpClient, failure_of

ACCOUNT = "AC" + "0" * 31 + "1"
TOKEN = "token-1"
SENDER, RECIPIENT = "+15550100001", "+15555550101"
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def simulator() -> Iterator[TwilioSimulator]:
    simulator = TwilioSimulator(account_sid=ACCOUNT, auth_token=TOKEN, public_base_url="https://sb.example.test")
    simulator.start()
    yield simulator
    simulator.stop()


class Vault:
    """Credentials that can be rotated; counts the fresh reads."""

    def __init__(self, token: str = TOKEN) -> None:
        self.kept = self.stored = TwilioCredentials(ACCOUNT, token)
        self.fresh_reads = 0

    def __call__(self, *, fresh: bool) -> TwilioCredentials | None:
        if fresh:
            self.fresh_reads += 1
            self.kept = self.stored
        return self.kept


def sender_to(url: str, *, credentials: Vault | None = None, read_timeout_s: float = 5.0) -> TwilioSender:
    return TwilioSender(credentials or Vault(), base_url=url, read_timeout_s=read_timeout_s)


def send(twilio: TwilioSender, body: str = "Hello", **fields: object) -> SendOutcome:
    known = {"sender": SENDER, "recipient": RECIPIENT, "body": body} | fields
    return twilio.send(**known)  # type: ignore[arg-type]  # a test's shorthand


@contextmanager
def server(reply: Callable[[socket.socket, bytes], None]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that reads each request whole and then replies as told; yields its URL and what it got."""
    listener = socket.create_server(("127.0.0.1", 0))
    received: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                received.append(_read_request(connection))
                reply(connection, received[-1])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", received
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    wanted = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < wanted:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(status: str, body: str, *headers: str) -> Callable[[socket.socket, bytes], None]:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", body]
    return lambda connection, _: connection.sendall("\r\n".join(lines).encode())


def test_a_text_is_accepted_as_it_was_written(simulator: TwilioSimulator) -> None:
    body = "Café 🐶 ok & =+% \n" + "x" * 1_500
    outcome = send(
        sender_to(simulator.url),
        body,
        media_urls=[f"https://pictures.example.test/{n}.jpg" for n in range(10)],
        status_callback="https://sb.example.test/webhooks/twilio/status?event=e&attempt=1",
        validity_period_s=90,
    )
    [held] = simulator.account.messages()
    assert outcome == Accepted(held.sid, "queued")
    assert (held.body, held.validity_period_s, len(held.media_urls)) == (body, 90, 10)
    assert held.status_callback == "https://sb.example.test/webhooks/twilio/status?event=e&attempt=1"


def test_a_text_of_pictures_alone_is_accepted(simulator: TwilioSimulator) -> None:
    outcome = send(sender_to(simulator.url), "", media_urls=["https://pictures.example.test/1.jpg"])
    assert isinstance(outcome, Accepted)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("http_429", Refused(20429, 429)),
        ("http_500", Unknown("http_500")),
        ("refuse", Unknown("ConnectionError", dropped=True)),
        ("error", Refused(30003, 400)),
    ],
)
def test_each_fault_of_the_simulator_has_its_outcome_and_takes_nothing(
    simulator: TwilioSimulator, kind: str, outcome: SendOutcome
) -> None:
    simulator.account.add_faults(kind, code=30003, times=1)
    twilio = sender_to(simulator.url)
    assert send(twilio) == outcome
    assert simulator.account.messages() == []
    assert isinstance(send(twilio), Accepted)


def test_a_time_out_after_acceptance_is_unknown_and_the_list_shows_the_text(simulator: TwilioSimulator) -> None:
    simulator.account.add_faults("accept_then_hang", code=None, times=1)
    twilio = sender_to(simulator.url, read_timeout_s=0.3)
    assert send(twilio) == Unknown("ReadTimeout")
    since = datetime.now(UTC) - timedelta(seconds=30)
    [found] = twilio.list_sent(sender=SENDER, recipient=RECIPIENT, since=since)
    assert (found.body, found.sender, found.recipient) == ("Hello", SENDER, RECIPIENT)
    assert abs(found.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert twilio.fetch(found.sid) == found
    assert twilio.list_sent(sender=RECIPIENT, recipient=SENDER, since=since) == []


def test_a_message_that_twilio_does_not_hold_is_none(simulator: TwilioSimulator) -> None:
    assert sender_to(simulator.url).fetch("SM" + "0" * 32) is None


def test_a_refused_connection_means_not_sent(simulator: TwilioSimulator) -> None:
    twilio = sender_to(simulator.url)
    assert isinstance(send(twilio), Accepted)
    simulator.stop()
    assert isinstance(send(twilio), NotSent)
    with pytest.raises(TwilioUnavailable):
        twilio.list_sent(sender=SENDER, recipient=RECIPIENT, since=datetime.now(UTC))


def test_a_name_that_does_not_resolve_means_not_sent() -> None:
    connection = urllib3.connection.HTTPSConnection("api.example.test")
    unresolved = urllib3.exceptions.NameResolutionError("api.example.test", connection, socket.gaierror())
    pool = urllib3.HTTPSConnectionPool("api.example.test")
    error = requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, "/", unresolved))
    assert failure_of(error, retry_after_s=None) == NotSent("ConnectionError")


def test_a_server_without_a_trusted_certificate_never_got_the_text() -> None:
    untrusted = urllib3.exceptions.SSLError(ssl.SSLCertVerificationError())
    pool = urllib3.HTTPSConnectionPool("api.example.test")
    error = requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(pool, "/", untrusted))
    assert isinstance(failure_of(error, retry_after_s=None), NotSent)


def test_a_connect_time_out_means_not_sent() -> None:
    assert failure_of(requests.ConnectTimeout(), retry_after_s=None) == NotSent("ConnectTimeout")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (answering("503 Service Unavailable", "<html>"), Unknown("http_503")),
        (answering("201 Created", "not json"), Unknown("JSONDecodeError")),
        (answering("201 Created", "[]"), Unknown("AttributeError")),
        (answering("201 Created", "{}"), Unknown("answer_without_sid")),
        (answering("400 Bad Request", "<html>"), Refused(400, 400)),
        (answering("302 Found", "", "Location: http://127.0.0.1:1/"), Refused(302, 302)),
        (answering("429 Too Many Requests", "{}", "Retry-After: 7"), Refused(429, 429, retry_after_s=7.0)),
        (answering("429 Too Many Requests", "{}", "Retry-After: soon"), Refused(429, 429)),
        (
            lambda connection, _: connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"),
            Unknown("ChunkedEncodingError"),
        ),
        (lambda connection, _: connection.sendall(b"gibberish"), Unknown("ConnectionError")),
        (lambda connection, _: None, Unknown("ConnectionError", dropped=True)),
    ],
    ids=["503", "no json", "a list", "no sid", "html", "redirect", "429", "429 odd", "cut off", "gibberish", "dropped"],
)
def test_only_what_twilio_said_counts_as_said_and_nothing_is_sent_twice(
    reply: Callable[[socket.socket, bytes], None], outcome: SendOutcome
) -> None:
    with server(reply) as (url, received):
        assert send(sender_to(url)) == outcome
        assert len(received) == 1


def test_an_answer_that_never_comes_is_unknown() -> None:
    left = threading.Event()

    def hang(connection: socket.socket, request: bytes) -> None:
        left.wait(10)

    with server(hang) as (url, received):
        assert send(sender_to(url, read_timeout_s=0.2)) == Unknown("ReadTimeout")
        left.set()
    assert len(received) == 1


def test_a_rotated_token_is_read_anew_and_the_text_goes_out_once(simulator: TwilioSimulator) -> None:
    vault = Vault()
    twilio = sender_to(simulator.url, credentials=vault)
    send(twilio)
    simulator.auth_token = "token-2"
    vault.stored = TwilioCredentials(ACCOUNT, "token-2")
    assert isinstance(send(twilio, "After"), Accepted)
    assert [message.body for message in simulator.account.messages()] == ["Hello", "After"]
    assert vault.fresh_reads == 1
    assert isinstance(send(twilio), Accepted)
    assert vault.fresh_reads == 1


def test_a_rotated_token_is_read_anew_for_questions_too(simulator: TwilioSimulator) -> None:
    vault = Vault("old")
    twilio = sender_to(simulator.url, credentials=vault)
    vault.stored = TwilioCredentials(ACCOUNT, TOKEN)
    assert twilio.list_sent(sender=SENDER, recipient=RECIPIENT, since=datetime.now(UTC)) == []


def test_a_token_that_stays_wrong_is_a_refusal(simulator: TwilioSimulator) -> None:
    vault = Vault("wrong")
    twilio = sender_to(simulator.url, credentials=vault)
    assert send(twilio) == Refused(20003, 401)
    with pytest.raises(TwilioUnavailable):
        twilio.list_sent(sender=SENDER, recipient=RECIPIENT, since=datetime.now(UTC))
    vault.stored = TwilioCredentials(ACCOUNT, TOKEN)
    assert isinstance(send(twilio), Accepted)


def test_a_token_that_was_refused_is_not_tried_again_until_it_has_changed() -> None:
    with server(answering("401 Unauthorized", json.dumps({"code": 20003, "message": "Authenticate"}))) as (
        url,
        received,
    ):
        assert send(sender_to(url)) == Refused(20003, 401)
        assert len(received) == 1


def test_secrets_that_cannot_be_read_mean_not_sent() -> None:
    def away(*, fresh: bool) -> TwilioCredentials:
        raise SecretUnavailable

    assert send(TwilioSender(away, base_url="http://127.0.0.1:1")) == NotSent("SecretUnavailable")
    assert send(TwilioSender(lambda *, fresh: None)) == NotSent("TwilioUnavailable")
    with pytest.raises(TwilioUnavailable):
        TwilioSender(away).fetch("SM" + "0" * 32)


def test_no_log_holds_a_phone_a_body_or_the_token(simulator: TwilioSimulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    twilio = sender_to(simulator.url)
    send(twilio, "A secret body")
    twilio.list_sent(sender=SENDER, recipient=RECIPIENT, since=datetime.now(UTC))
    simulator.stop()
    send(twilio)
    for secret in ("5550100001", "5555550101", "secret body", TOKEN, ACCOUNT):
        assert secret not in caplog.text


def test_an_idle_connection_is_not_used_again() -> None:
    instant = [0.0]

    def keep(connection: socket.socket, request: bytes) -> None:
        connection.settimeout(5)
        while request:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            request = connection.recv(65536)

    with server(keep) as (url, connections):
        client = HttpClient(connect_timeout_s=5, read_timeout_s=5, base_url=url, clock=lambda: instant[0])
        for idle_s in (0.0, MAX_IDLE_S, MAX_IDLE_S + 1):
            instant[0] += idle_s
            assert client.request("GET", "https://api.twilio.com/x?y=1").status_code == 200
        assert len(connections) == 2
        assert connections[0].startswith(b"GET /x?y=1 ")
        client.close()


def test_many_threads_may_send_through_one_sender(simulator: TwilioSimulator) -> None:
    twilio = sender_to(simulator.url)
    outcomes: list[SendOutcome] = []
    threads = [threading.Thread(target=lambda n=n: outcomes.append(send(twilio, str(n)))) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert sorted(int(message.body) for message in simulator.account.messages()) == list(range(16))


def test_importing_the_sender_and_the_signatures_costs_no_http_library() -> None:
    code = (
        "import sys; sys.path.insert(0, 'layers/shared/python'); import switchboard.twilio, switchboard.webhooks;"
        "print(sorted(sys.modules.keys() & {'twilio', 'requests', 'urllib3', 'aiohttp'}))"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_simulator_lists_for_tests_what_was_sent(simulator: TwilioSimulator) -> None:
    send(sender_to(simulator.url))
    connection = http.client.HTTPConnection(simulator.url.removeprefix("http://"))
    connection.request("GET", "/simulator/messages")
    [shown] = json.loads(connection.getresponse().read())
    connection.close()
    assert (shown["from"], shown["to"], shown["body"], shown["mediaUrls"]) == (SENDER, RECIPIENT, "Hello", [])
