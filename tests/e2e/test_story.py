"""The product's promises over HTTP, with real signatures, on the running stack."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.players import INBOUND, Caller, eventually
from local.stack import Stack
from tests.e2e.town import Person, Town

FORBIDDEN = 403


class Visit:
    """Jane's booking with Sam, on now."""

    def __init__(self, town: Town) -> None:
        self.jane, self.sam = town.person("Jane", "Doe"), town.person("Sam", "Lee")
        answer = town.booking(self.jane, self.sam, booking_id="visit")
        assert answer.status == 200, answer.body
        self.answer = answer.json()
        self.thread_id: str = self.answer["threadId"]
        self.number = town.number_of(self.thread_id)


@pytest.fixture
def visit(town: Town) -> Visit:
    return Visit(town)


def relayed(town: Town, sender: Person, to: str, body: str, *, recipient: Person, arrives_as: str) -> bool:
    """Sends a text; whether it has arrived, after a while, as it should."""
    assert town.phones.text(sender=sender.phone, to=to, body=body).status == 200
    return eventually(lambda: arrives_as in town.bodies(recipient.phone))


def test_a_signed_booking_makes_thread_number_and_window(visit: Visit) -> None:
    assert visit.answer["outcome"] == "created"
    assert visit.answer["numberClass"] == "sitter"
    assert visit.answer["windowId"]


def test_texts_go_both_ways_under_one_number(town: Town, visit: Visit) -> None:
    assert relayed(town, visit.jane, visit.number, "Hello", recipient=visit.sam, arrives_as="Jane D.: Hello")
    assert relayed(town, visit.sam, visit.number, "On my way", recipient=visit.jane, arrives_as="On my way")
    for message in town.phones.received(visit.jane.phone) + town.phones.received(visit.sam.phone):
        assert message["from"] == visit.number


def test_a_delivered_text_is_known_to_be_delivered(town: Town, visit: Visit) -> None:
    assert relayed(town, visit.jane, visit.number, "Hello", recipient=visit.sam, arrives_as="Jane D.: Hello")
    statement = """SELECT "deliveryStatus" FROM messaging."MessageEvent"
                   WHERE "orgId" = :org AND direction = 'outbound'"""
    assert eventually(lambda: town.rows(statement) == [["delivered"]])


def test_a_number_in_a_text_is_held_and_only_sender_and_owner_hear_of_it(town: Town, visit: Visit) -> None:
    town.phones.text(sender=visit.jane.phone, to=visit.number, body="call me at 415-555-0134")
    assert eventually(lambda: town.bodies(visit.jane.phone) and town.bodies(town.owner.phone))
    assert "***-***-0134" in town.bodies(town.owner.phone)[0]
    assert town.bodies(visit.sam.phone) == []


def test_after_stop_nothing_is_sent_to_that_person_but_the_confirmation(town: Town, visit: Visit) -> None:
    town.phones.text(sender=visit.jane.phone, to=visit.number, body="STOP")
    assert eventually(lambda: len(town.bodies(visit.jane.phone)) == 1)
    town.phones.text(sender=visit.sam.phone, to=visit.number, body="All done here")
    unread = 'SELECT max("ownerUnreadCount") FROM messaging."MessageThread" WHERE "orgId" = :org AND id = :id'
    assert eventually(lambda: town.rows(unread, id=visit.thread_id)[0][0] >= 1)
    assert len(town.bodies(visit.jane.phone)) == 1


def test_fifty_deliveries_of_one_text_at_once_are_relayed_once(town: Town, visit: Visit) -> None:
    sid = f"SM{uuid.uuid4().hex}"

    def deliver(_: int) -> int:
        return town.phones.text(sender=visit.jane.phone, to=visit.number, body="Once", sid=sid).status

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(deliver, range(50))) == {200}
    assert relayed(town, visit.jane, visit.number, "Then", recipient=visit.sam, arrives_as="Jane D.: Then")
    assert town.bodies(visit.sam.phone) == ["Jane D.: Once", "Jane D.: Then"]


def test_an_unsigned_text_is_refused_and_not_stored(stack: Stack, town: Town, visit: Visit) -> None:
    body = f"MessageSid=SM1&From=%2B15555550101&To={visit.number.replace('+', '%2B')}&Body=Hi"
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": "bm8="}
    assert Caller(stack.addresses.api_url).call("POST", INBOUND, body, headers).status == FORBIDDEN
    assert town.rows("SELECT count(*) FROM ops.inbound_text WHERE org_id = :org") == [[0]]


def test_a_text_to_the_fallback_address_is_relayed_too(town: Town, visit: Visit) -> None:
    form = {
        "MessageSid": f"SM{uuid.uuid4().hex}", "AccountSid": town.addresses.twilio_account_sid,
        "From": visit.jane.phone, "To": visit.number, "Body": "By the back door", "NumMedia": "0",
    }  # fmt: skip
    assert town.phones.post("/webhooks/twilio/inbound-fallback", form).status == 200
    assert eventually(lambda: town.bodies(visit.sam.phone) == ["Jane D.: By the back door"])


def test_two_organisations_that_share_a_clients_phone_see_nothing_of_each_other(stack: Stack, town: Town) -> None:
    other = Town(stack.addresses, town.sql)
    here, there = Visit(town), Visit(other)
    moved = town.booking(there.jane, here.sam, booking_id="shared")
    assert moved.json()["outcome"] == "created"
    number = town.number_of(moved.json()["threadId"])
    assert relayed(town, there.jane, number, "Only here", recipient=here.sam, arrives_as="[2] Jane D.: Only here")
    assert other.bodies(there.sam.phone) == []
    statement = 'SELECT count(*) FROM messaging."MessageEvent" WHERE "orgId" = :org'
    assert other.rows(statement) == [[0]]
