"""No log line of the running stack holds a phone, a name or a word of anybody, through the whole story."""

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, quote_plus

import pytest

from local.aws import client
from local.facts import ROOT
from local.issuer import issue_token
from local.lambdas import INVOKE_PATH
from local.players import INBOUND, Caller, eventually
from local.stack import Stack
from switchboard.cli_machine import Machine
from tests.e2e.town import Town

FALLBACK = "/webhooks/twilio/inbound-fallback"
FIRST, LAST = ("Zebulonia", "Quillamane", "Xanthippe", "Ferdiwald"), ("Brackenfrost", "Wolvermoon", "Tiddlecroft")
SAID = "marmalade unicorn beneath the veranda"


def forms_of(secret: str) -> set[str]:
    """A secret as a log line might hold it: written out, in an address, in JSON, in base64, in hexadecimal."""
    plain = {secret, secret.lower(), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1], secret.encode().hex()}
    digits = "".join(sign for sign in secret if sign.isdigit())
    if secret.startswith("+"):
        plain |= {secret.removeprefix("+"), digits.removeprefix("1"), f"({digits[1:4]}) {digits[4:7]}-{digits[7:]}"}
        plain |= {f"{digits[1:4]}-{digits[4:7]}-{digits[7:]}", f"{digits[1:4]}.{digits[4:7]}.{digits[7:]}"}
    return plain | set(_base64_of(secret))


def _base64_of(secret: str) -> Iterator[str]:
    """The middle of its base64 wherever it begins in what is encoded: the ends depend on what is around it."""
    raw = secret.encode()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode()
        yield encoded[4 if shift else 0 : len(encoded) - 4]


def leaks(lines: list[str], secrets: set[str]) -> list[str]:
    """The lines that hold a secret in any form, and which secret: what a failing test shows."""
    needles = {form: secret for secret in secrets for form in forms_of(secret)}
    return [f"{secret} in: {line}" for line in lines for form, secret in needles.items() if form in line]


@pytest.mark.parametrize(
    "line",
    [
        '{{"message":"text_stored","sender":"{}"}}'.format,
        lambda secret: secret.removeprefix("+"),
        lambda secret: f"GET /Messages.json?To={quote_plus(secret)}&PageSize=50",
        lambda secret: f"From={quote(secret)}&Body=x",
        lambda secret: base64.b64encode(f"MessageSid=SM1&From={secret}&Body=Hello".encode()).decode(),
        lambda secret: base64.b64encode(f"x{secret}yz".encode()).decode(),
        lambda secret: f"key is {secret.encode().hex()}",
    ],
)
@pytest.mark.parametrize("secret", ["+15551234567", "Zebulonia", SAID, "Café Zürich — läuft"])
def test_a_planted_secret_is_found_in_every_form(line: Callable[[str], str], secret: str) -> None:
    assert leaks(["nothing here", line(secret)], {secret}) != []
    assert leaks(["nothing here"], {secret}) == []


def test_a_phone_is_found_however_it_is_written() -> None:
    for line in ("call 555-123-4567", "(555) 123-4567", "555.123.4567", "5551234567", "%2B15551234567"):
        assert leaks([line], {"+15551234567"}) != []


class Story:
    """Everybody's doings on the running stack, with names, phones and words that are nowhere else."""

    def __init__(self, stack: Stack, town: Town) -> None:
        self.stack, self.town = stack, town
        self.api = Caller(stack.addresses.api_url)
        self.jane, self.omar = town.person(FIRST[0], LAST[0]), town.person(FIRST[1], LAST[1])
        self.sam, self.ana = town.person(FIRST[2], LAST[2]), town.person(FIRST[3], LAST[0])
        self.guest = town.person("Nobody", "Known")
        self.said: list[str] = []
        self.thread_id = ""

    @property
    def secrets(self) -> set[str]:
        people = (self.jane, self.omar, self.sam, self.ana, self.guest)
        phones = {one.phone for one in people} | {self.town.owner.phone}
        return {*FIRST, *LAST, *self.said, SAID} | phones

    def words(self, kind: str) -> str:
        """Something that nobody else says."""
        self.said.append(f"{kind} {uuid.uuid4().hex[:12]} {SAID}")
        return self.said[-1]

    def text(self, sender: str, to: str, body: str, path: str = INBOUND, **more: str) -> int:
        form = {
            "MessageSid": f"SM{uuid.uuid4().hex}", "AccountSid": self.town.addresses.twilio_account_sid,
            "From": sender, "To": to, "Body": body, "NumMedia": "0", "FromCity": LAST[2], **more,
        }  # fmt: skip
        return self.town.phones.post(path, form).status

    def inbox(self, method: str, path: str, body: object = None) -> int:
        """The owner, at the inbox."""
        token = issue_token(now=datetime.now(UTC), org=self.town.org_id)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return self.api.call(method, path, json.dumps(body) if body is not None else "", headers).status

    def invoke(self, function: str) -> tuple[int, object]:
        """A function by hand, as its timer does."""
        event = (ROOT / "events" / f"{function}.json").read_text()
        answer = Caller(self.stack.invoke_url).call("POST", f"{INVOKE_PATH}{function}/invocations", event)
        return answer.status, answer.json()


def book(story: Story) -> str:
    """Bookings: made, repeated, unsigned, malformed, swapped to and fro; the masked number."""
    town = story.town
    answer = town.booking(story.jane, story.sam, booking_id="visit")
    story.thread_id = answer.json()["threadId"]
    town.booking(story.omar, story.ana, booking_id="other")
    bad = town.booking(story.jane, story.sam, booking_id="broken", startAt=story.words("no instant"))
    assert bad.status == 400
    assert story.api.call("POST", "/webhooks/booking", story.words("unsigned")).status == 401
    return town.number_of(story.thread_id)


def talk(story: Story, number: str) -> None:
    """Texts both ways, held, to nobody's number, from a guest, by the fallback, unsigned; sending that fails."""
    town, phones = story.town, story.town.phones
    assert story.text(story.jane.phone, number, story.words("hello")) == 200
    assert story.text(story.sam.phone, number, story.words("answer")) == 200
    assert story.text(story.jane.phone, number, f"call me at 415-555-0134 {story.words('held')}") == 200
    assert story.text(story.guest.phone, town.front_desk, story.words("guest")) == 200
    assert story.text(town.owner.phone, town.front_desk, story.words("owner")) == 200
    assert story.text(story.jane.phone, "+15559990001", story.words("nowhere")) == 200
    assert story.text(story.jane.phone, number, story.words("fallback"), path=FALLBACK) == 200
    assert story.text(story.words("no phone"), number, story.words("unreadable")) == 200
    picture = {"NumMedia": "1", "MediaUrl0": "https://example.test/x.jpg", "MediaContentType0": "image/jpeg"}
    assert story.text(story.jane.phone, number, story.words("picture"), **picture) == 200
    assert story.api.call("POST", INBOUND, f"Body={quote(story.words('unsigned'))}").status == 403
    for kind, code in (("http_429", None), ("error", 30007), ("undelivered", 30003), ("http_500", None)):
        phones.fault(kind, code=code)
        assert story.text(story.jane.phone, number, story.words(kind)) == 200
        assert eventually(lambda: faults_left(story) == 0), kind


def faults_left(story: Story) -> int:
    return len(Caller(story.stack.addresses.twilio_url).call("GET", "/simulator/faults").json())


def read_inbox(story: Story) -> None:
    """The owner reads, answers and errs."""
    thread = f"/api/threads/{story.thread_id}"
    assert story.inbox("GET", "/api/threads") == 200
    assert story.inbox("GET", thread) == 200
    assert story.inbox("POST", f"{thread}/messages", {"body": story.words("reply")}) == 201
    assert story.inbox("POST", f"{thread}/messages", {"words": story.words("wrong")}) == 422
    assert story.inbox("GET", f"/api/threads/{quote(story.words('no id'))}") == 404
    assert story.inbox("GET", f"/api/threads?cursor={quote(story.words('cursor'))}") == 400
    assert story.api.call("GET", f"/api/threads?cursor={quote(story.words('no token'))}").status == 401


def stop(story: Story, number: str) -> None:
    """STOP, a wish to stop, and what is kept from those who said it."""
    assert story.text(story.jane.phone, number, "STOP") == 200
    assert story.text(story.sam.phone, number, story.words("kept")) == 200
    assert story.town.booking(story.jane, story.ana, booking_id="visit").status == 200
    assert story.town.booking(story.omar, None, booking_id="other", status="cancelled").status == 200


def lose(story: Story, number: str) -> None:
    """A text whose webhook was lost, found by the daily comparison; housekeeping beside it."""
    at = datetime.now(UTC) - timedelta(minutes=20)
    story.town.phones.lose(sender=story.omar.phone, to=number, body=story.words("lost"), at=at)
    status, answer = story.invoke("reconcile_texts")
    assert status == 200
    assert isinstance(answer, dict)
    assert answer["found"] >= 1
    assert story.invoke("keep_house")[0] == 200


def backfill(story: Story) -> None:
    """A backfill over leads with names and phones, in a dry run."""
    story.town.sql(
        """INSERT INTO intake."Lead" (channel, name, phone, email) VALUES ('sms', :name, :phone, :email)""",
        name=f"{FIRST[0]} {LAST[1]}", phone=story.jane.phone, email=f"{FIRST[1]}@{LAST[2]}.example",
    )  # fmt: skip
    addresses = story.stack.addresses
    machine = Machine(client("stepfunctions", addresses.aws_endpoint_url), addresses.state_machine_arn, poll_s=0.05)
    assert machine.run(backfill="lead-customers", lanes=1, requestedBy="test").succeeded


def test_the_whole_story_leaves_nobody_in_the_logs(stack: Stack, town: Town) -> None:
    assert stack.options.file
    log = stack.options.file.with_name("log")
    story = Story(stack, town)
    number = book(story)
    talk(story, number)
    read_inbox(story)
    lose(story, number)
    stop(story, number)
    backfill(story)
    done = "SELECT count(*) FROM ops.outbound_text WHERE org_id = :org AND state = 'claimed'"
    assert eventually(lambda: town.rows(done) == [[0]])
    lines = log.read_text(errors="replace").splitlines()
    events = {json.loads(line).get("message") for line in lines if line.startswith("{")}
    assert {"text_to_unknown_number", "twilio_not_reached", "lost_text_found", "house_kept"} <= events
    assert leaks(lines, story.secrets) == []
