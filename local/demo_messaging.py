"""The demo's story of masked texting: Jane books, Sam sits, and neither sees the other's number."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pg8000.native

from local.aws import client
from local.narrator import Narrator
from local.players import INBOUND, BookingSystem, Caller, Phones, eventually
from local.seed import FRONT_DESK, OWNER_PHONE
from local.stack import Stack
from switchboard.store.connection import Address

JANE, SAM, ANA = "+15555550101", "+15555550102", "+15555550103"
_NAMES = {JANE: "Jane", SAM: "Sam", ANA: "Ana", OWNER_PHONE: "The owner"}
_SITTERS = {SAM: ("sitter-sam", "Sam", "Lee"), ANA: ("sitter-ana", "Ana", "Ruiz")}


def play(stack: Stack, narrator: Narrator) -> None:
    """The whole story. Raises StoryBroken where a step does not do what it should."""
    _switch_on_new_threads(stack)
    with _scene(stack, narrator) as scene:
        _book(scene)
        _talk(scene)
        _hold_back(scene)
        _swap_sitter(scene)
        _opt_out(scene)


def _switch_on_new_threads(stack: Stack) -> None:
    ssm = client("ssm", stack.addresses.aws_endpoint_url)
    name = f"{stack.addresses.flags_path}/ENABLE_PROACTIVE_THREAD_CREATION"
    ssm.put_parameter(Name=name, Type="String", Value="true", Overwrite=True)


@dataclass
class _Scene:
    """The stack's stage, and what has been seen on it so far."""

    narrator: Narrator
    bookings: BookingSystem
    phones: Phones
    api: Caller
    sql: pg8000.native.Connection
    thread_id: str = ""
    number: str = ""
    seen: int = 0

    def assign(self, sitter: str, *, webhook_id: str) -> dict[str, Any]:
        """The booking system tells that a sitter is assigned to Jane's visit, which is on now."""
        now = datetime.now(UTC)
        sitter_id, first, last = _SITTERS[sitter]
        booking = {
            "id": "booking-1", "service": "Drop-ins", "status": "confirmed", "isRecurring": True,
            "startAt": f"{now - timedelta(minutes=30):%Y-%m-%dT%H:00:00Z}",
            "endAt": f"{now + timedelta(hours=2):%Y-%m-%dT%H:00:00Z}",
        }  # fmt: skip
        data = {
            "orgId": "default", "booking": booking,
            "client": {"id": "client-jane", "firstName": "Jane", "lastName": "Doe", "phone": "(555) 555-0101"},
            "sitter": {"id": sitter_id, "firstName": first, "lastName": last, "phone": sitter},
        }  # fmt: skip
        event = {"type": "booking.assigned", "occurredAt": now.isoformat(), "data": data}
        answer = self.bookings.tell(event, webhook_id=webhook_id)
        self.narrator.check("the booking system is answered 200", answer.status == 200)  # noqa: PLR2004  HTTP's own
        found: dict[str, Any] = answer.json()
        return found

    def write(self, sender: str, body: str) -> None:
        """Somebody texts the masked number."""
        self.narrator.event(f"{_NAMES[sender]} texts {self.number}: “{body}”")
        answer = self.phones.text(sender=sender, to=self.number, body=body)
        self.narrator.check("Twilio is answered 200 with an empty TwiML", answer.body.endswith(b"<Response/>"))

    def arrives(self, *phones: str) -> dict[str, dict[str, Any]]:
        """Waits until the next texts have arrived on exactly these phones, and shows them."""
        eventually(lambda: len(self.phones.sent()) >= self.seen + len(phones), within_s=15)
        new = self.phones.sent()[self.seen :]
        self.seen += len(new)
        for message in new:
            self.narrator.phone(_NAMES.get(message["to"], message["to"]), message["from"], message["body"])
        expected = " and ".join(_NAMES[phone] for phone in phones)
        self.narrator.check(
            f"one text arrives for {expected}, none for anybody else",
            sorted(message["to"] for message in new) == sorted(phones),
        )
        real = [phone for phone in _NAMES if any(phone in m["body"] or phone == m["from"] for m in new)]
        self.narrator.check("nobody's real number shows", not real)
        return {message["to"]: message for message in new}


@contextmanager
def _scene(stack: Stack, narrator: Narrator) -> Iterator[_Scene]:
    addresses = stack.addresses
    sql = pg8000.native.Connection(**Address.from_url(addresses.database_url).arguments())
    try:
        yield _Scene(narrator, BookingSystem(addresses), Phones(addresses), Caller(addresses.api_url), sql)
    finally:
        sql.close()


def _book(scene: _Scene) -> None:
    tell = scene.narrator
    tell.chapter("A sitter is assigned: thread, number and window are there before anybody texts")
    tell.event("The booking system calls the signed webhook: Sam sits for Jane, today.")
    webhook_id = f"msg_{uuid.uuid4().hex}"
    answer = scene.assign(SAM, webhook_id=webhook_id)
    tell.check("a thread and a window were made", answer["outcome"] == "created" and answer["windowId"])
    scene.thread_id = answer["threadId"]
    scene.number = _number_of(scene)
    tell.check(f"the thread has Sam's own masked number, {scene.number}", answer["numberClass"] == "sitter")
    tell.event("The booking system sends the same event once more.")
    again = scene.assign(SAM, webhook_id=webhook_id)
    tell.check("it changes nothing: duplicate", (again["reason"], again["threadId"]) == ("duplicate", scene.thread_id))
    tell.event("Somebody without the secret calls the webhook, and Twilio's.")
    statuses = [scene.api.call("POST", path, "{}").status for path in ("/webhooks/booking", INBOUND)]
    tell.check("401 and 403, nothing is stored", statuses == [401, 403])


def _talk(scene: _Scene) -> None:
    tell = scene.narrator
    tell.chapter("Both text one number, and neither sees the other's")
    scene.write(JANE, "Hi! Bella's leash hangs by the door.")
    relayed = scene.arrives(SAM)[SAM]
    tell.check(
        "it comes from the masked number, with Jane's name before it",
        (relayed["from"], relayed["body"]) == (scene.number, "Jane D.: Hi! Bella's leash hangs by the door."),
    )
    scene.write(SAM, "Found it, we are off to the park.")
    answered = scene.arrives(JANE)[JANE]
    tell.check(
        "the reply comes from the same number, as it was written",
        (answered["from"], answered["body"]) == (scene.number, "Found it, we are off to the park."),
    )
    delivered = eventually(lambda: _outbound_statuses(scene) == ["delivered", "delivered"])
    tell.check("Twilio's signed callbacks have marked both as delivered", delivered)


def _hold_back(scene: _Scene) -> None:
    tell = scene.narrator
    tell.chapter("Contact details are held back, however they are written")
    scene.write(JANE, "Next time just call me: four one five, 555 oh one three four")
    arrived = scene.arrives(JANE, OWNER_PHONE)
    tell.check("Jane gets a neutral notice from the number she texted", arrived[JANE]["from"] == scene.number)
    notice = arrived[OWNER_PHONE]
    tell.check(
        "the owner is told from the front desk, with the number blacked out",
        notice["from"] == FRONT_DESK and "***" in notice["body"] and "four one five" not in notice["body"],
    )
    scene.write(JANE, "Sorry! Her pills: 2 tablets at 5:30, gate code 4471.")
    tell.check("an ordinary text with numbers passes", "gate code 4471" in scene.arrives(SAM)[SAM]["body"])


def _swap_sitter(scene: _Scene) -> None:
    tell = scene.narrator
    tell.chapter("Another sitter takes over: the old one is out at once")
    tell.event("The booking system calls the signed webhook: Ana sits for Jane instead.")
    answer = scene.assign(ANA, webhook_id=f"msg_{uuid.uuid4().hex}")
    tell.check("the thread, its window and its number moved", answer["outcome"] == "reassigned")
    old, scene.number = scene.number, _number_of(scene)
    tell.check(f"the thread has Ana's number now, {scene.number}", old != scene.number)
    scene.write(JANE, "Hi Ana, welcome!")
    tell.check("Ana gets it", scene.arrives(ANA)[ANA]["body"] == "Jane D.: Hi Ana, welcome!")


def _opt_out(scene: _Scene) -> None:
    tell = scene.narrator
    tell.chapter("STOP is obeyed for the person, on every number")
    scene.write(JANE, "STOP")
    stopped = eventually(lambda: scene.phones.received(JANE)[-1]["body"].startswith("You will get no more texts"))
    tell.check("Jane gets the one confirmation", stopped)
    _show_rest(scene)
    before = len(scene.phones.received(JANE))
    scene.write(ANA, "Bella had a great walk.")
    kept = eventually(lambda: _kept_from_jane(scene))
    tell.check("Ana's text is kept from her, and is in the owner's inbox with the reason", kept)
    _show_rest(scene)
    tell.check("nothing more arrives on Jane's phone", len(scene.phones.received(JANE)) == before)


def _show_rest(scene: _Scene) -> None:
    new = scene.phones.sent()[scene.seen :]
    scene.seen += len(new)
    for message in new:
        scene.narrator.phone(_NAMES.get(message["to"], message["to"]), message["from"], message["body"])


def _number_of(scene: _Scene) -> str:
    statement = 'SELECT "maskedNumberE164" FROM messaging."MessageThread" WHERE id = :id'
    return str(scene.sql.run(statement, id=scene.thread_id)[0][0])


def _outbound_statuses(scene: _Scene) -> list[str]:
    statement = """SELECT "deliveryStatus" FROM messaging."MessageEvent"
                   WHERE "threadId" = :id AND direction = 'outbound' ORDER BY "createdAt", id"""
    return [row[0] for row in scene.sql.run(statement, id=scene.thread_id)]


def _kept_from_jane(scene: _Scene) -> bool:
    statement = """SELECT e."metadataJson", t."ownerUnreadCount" FROM messaging."MessageEvent" e
                   JOIN messaging."MessageThread" t ON t.id = e."threadId"
                   WHERE e.body = 'Bella had a great walk.' AND e.direction = 'inbound'"""
    return any(unread > 0 and "opted" in (metadata or "").lower() for metadata, unread in scene.sql.run(statement))
