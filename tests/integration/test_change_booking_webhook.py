"""POST /webhooks/booking through the deployed handler: every row of the contract's answers."""

import base64
import hashlib
import hmac
import importlib.util
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.signing import sign_booking
from switchboard import errors, runtime
from switchboard.flags import Flags
from switchboard.store.database import Database, Limits
from tests.booking_desk import JANE, SAM, BookingDesk, opened_desk, snapshot
from tests.builders import Sql
from tests.conftest import connector_to
from tests.fakes import ListQueue

HANDLER = Path(__file__).parents[2] / "functions" / "change_booking" / "handler.py"
OLD_SECRET = "whsec_" + "b2xkLXNlY3JldC1vbGQtc2VjcmV0LW9sZC1zZWM="
NEW_SECRET = "whsec_" + "bmV3LXNlY3JldC1uZXctc2VjcmV0LW5ldy1zZWM="
NOW = datetime(2025, 1, 10, 12, tzinfo=UTC)
MAX_BYTES = 256 * 1024


class LiveSecrets:
    """The booking system's secrets: those known here, and those that Secrets Manager has by now."""

    def __init__(self) -> None:
        self.known: list[str] | None = [NEW_SECRET]
        self.live: list[str] | None = None

    def get(self, secret_id: str) -> dict[str, Any]:
        if self.known is None:
            raise errors.SecretUnavailable
        return {"secrets": self.known}

    def reread(self, secret_id: str) -> dict[str, Any] | None:
        return {"secrets": self.live} if self.live is not None else None


class Webhook:
    """The booking system's end of the wire."""

    def __init__(self, desk: BookingDesk, secrets: LiveSecrets) -> None:
        self.desk = desk
        self.secrets = secrets
        self.flags = Flags(enable_proactive_thread_creation=True)
        self.database = desk.database
        specification = importlib.util.spec_from_file_location("change_booking_handler", HANDLER)
        assert specification is not None
        assert specification.loader is not None
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        self._handle = module.lambda_handler

    def send(
        self,
        told: dict[str, Any] | str | bytes | None = None,
        *,
        webhook_id: str = "msg-1",
        secret: str = NEW_SECRET,
        signed_at: datetime = NOW,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:
        body, is_bytes = told, isinstance(told, bytes)
        if isinstance(body, bytes):
            body = base64.b64encode(body).decode()
        elif not isinstance(body, str):
            body = json.dumps(body if body is not None else snapshot())
        signed = sign_booking(body=body, message_id=webhook_id, secret=secret, now=signed_at)
        event = {
            "rawPath": "/webhooks/booking",
            "rawQueryString": "",
            "headers": signed | (headers or {}),
            "requestContext": {"http": {"method": "POST"}, "timeEpoch": int(NOW.timestamp() * 1000)},
            "body": body,
            "isBase64Encoded": is_bytes,
        }
        response = self._handle(event, None)
        return response["statusCode"], json.loads(response["body"])


@pytest.fixture
def webhook(database: Database, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> Webhook:
    found = Webhook(opened_desk(database, sql), LiveSecrets())
    monkeypatch.setattr(runtime, "now", lambda: NOW)
    monkeypatch.setattr(runtime, "secrets", lambda: found.secrets)
    monkeypatch.setattr(runtime, "flags", lambda: lambda: found.flags)
    monkeypatch.setattr(runtime, "database", lambda: found.database)
    monkeypatch.setattr(runtime, "send_queue", lambda: found.desk.queue)
    return found


EVENTS = Path(__file__).parents[2] / "events"


def stored_events(webhook: Webhook) -> int:
    return webhook.desk.count("ops.booking_event")


def test_a_signed_assignment_is_answered_with_its_thread_and_window(webhook: Webhook) -> None:
    status, answer = webhook.send()
    assert status == 200
    assert answer == {
        "outcome": "created",
        "reason": None,
        "threadId": webhook.desk.thread()["id"],
        "windowId": webhook.desk.thread()["window_id"],
        "numberClass": "sitter",
    }


def test_with_the_flag_off_the_snapshot_is_stored_and_nothing_else(webhook: Webhook) -> None:
    webhook.flags = Flags()
    status, answer = webhook.send()
    assert (status, answer["outcome"], answer["reason"]) == (200, "skipped", "flag_off")
    assert webhook.desk.count('messaging."Booking"') == 1


def test_a_deferred_event_is_answered_202_and_stored(webhook: Webhook) -> None:
    webhook.desk.sql("""DELETE FROM messaging."MessageNumber" WHERE "numberClass" = 'sitter'""")
    status, answer = webhook.send()
    assert (status, answer["outcome"], answer["reason"]) == (202, "deferred", "sitter_number_missing")
    assert answer["threadId"] is None
    assert webhook.desk.count("ops.booking_event", "next_attempt_at IS NOT NULL") == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-signature": "v1,bm90IHRoZSBzaWduYXR1cmU="},
        {"webhook-signature": ""},
        {"webhook-id": ""},
        {"webhook-id": "another"},
        {"webhook-timestamp": "yesterday"},
        {"webhook-timestamp": ""},
    ],
)
def test_a_request_without_a_good_signature_is_refused_and_not_stored(
    webhook: Webhook, headers: dict[str, str]
) -> None:
    assert webhook.send(headers=headers) == (401, {"error": "unauthorized"})
    assert stored_events(webhook) == 0


@pytest.mark.parametrize("off_by", [timedelta(minutes=5, seconds=1), timedelta(minutes=-5, seconds=-1)])
def test_a_signature_outside_five_minutes_is_refused(webhook: Webhook, off_by: timedelta) -> None:
    assert webhook.send(signed_at=NOW + off_by)[0] == 401
    assert stored_events(webhook) == 0


@pytest.mark.parametrize("off_by", [timedelta(minutes=5), timedelta(minutes=-5)])
def test_a_signature_within_five_minutes_is_accepted(webhook: Webhook, off_by: timedelta) -> None:
    assert webhook.send(signed_at=NOW + off_by)[0] == 200


def test_either_of_two_live_secrets_will_do(webhook: Webhook) -> None:
    webhook.secrets.known = [NEW_SECRET, OLD_SECRET]
    assert webhook.send(secret=OLD_SECRET)[0] == 200
    assert webhook.send(webhook_id="msg-2")[0] == 200


def test_any_of_several_signatures_will_do(webhook: Webhook) -> None:
    body = json.dumps(snapshot())
    good = sign_booking(body=body, message_id="msg-1", secret=NEW_SECRET, now=NOW)["webhook-signature"]
    bad = sign_booking(body=body, message_id="msg-1", secret=OLD_SECRET, now=NOW)["webhook-signature"]
    assert webhook.send(body, headers={"webhook-signature": f"{bad} {good}"})[0] == 200


def test_a_rotated_secret_is_read_again_after_a_failure(webhook: Webhook) -> None:
    webhook.secrets.known, webhook.secrets.live = [OLD_SECRET], [NEW_SECRET]
    assert webhook.send()[0] == 200


def test_an_unreadable_secret_is_503_not_401(webhook: Webhook) -> None:
    webhook.secrets.known = None
    assert webhook.send()[0] == 503


def test_a_body_over_256_kilobytes_is_refused_before_its_signature_is_looked_at(webhook: Webhook) -> None:
    padding = "x" * (MAX_BYTES - len(json.dumps(snapshot() | {"padding": ""})))
    fits = json.dumps(snapshot() | {"padding": padding})
    assert len(fits) == MAX_BYTES
    assert webhook.send(fits)[0] == 200
    assert webhook.send(fits + " ", headers={"webhook-signature": ""})[0] == 413
    assert stored_events(webhook) == 1


def test_the_signature_is_looked_at_before_the_schema(webhook: Webhook) -> None:
    assert webhook.send("not json", headers={"webhook-signature": ""})[0] == 401


@pytest.mark.parametrize(
    "body", ["not json", "", "[]", "null", "42", '"text"', "{", "\ufeff{}", '{"a": "\\ud800"}', "[" * 5000]
)
def test_what_is_no_json_object_is_refused(webhook: Webhook, body: str) -> None:
    status, answer = webhook.send(body)
    assert (status, answer) == (400, {"error": "invalid_request", "fields": ["body"]})
    assert stored_events(webhook) == 0


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("type", "booking.deleted", "type"),
        ("type", None, "type"),
        ("occurredAt", "2025-01-04T12:00:00", "occurredAt"),
        ("occurredAt", 1736330400, "occurredAt"),
        ("occurredAt", "1736330400", "occurredAt"),
        ("occurredAt", "2025-01-04", "occurredAt"),
        ("occurredAt", None, "occurredAt"),
        ("data", None, "data"),
        ("data.orgId", 7, "data.orgId"),
        ("data.orgId", "", "data.orgId"),
        ("data.orgId", "nobody", "data.orgId"),
        ("data.booking", None, "data.booking"),
        ("data.booking.id", "", "data.booking.id"),
        ("data.booking.id", 12, "data.booking.id"),
        ("data.booking.id", "a\u0000b", "data.booking.id"),
        ("data.booking.id", "x" * 201, "data.booking.id"),
        ("data.booking.status", "lost", "data.booking.status"),
        ("data.booking.status", None, "data.booking.status"),
        ("data.booking.startAt", "2025-01-15T10:00:00", "data.booking.startAt"),
        ("data.booking.startAt", "tomorrow", "data.booking.startAt"),
        ("data.booking.startAt", "9999-12-31T23:59:59Z", "data.booking.startAt"),
        ("data.booking.endAt", "2025-01-15T09:59:59Z", "data.booking.endAt"),
        ("data.booking.isRecurring", "yes", "data.booking.isRecurring"),
        ("data.booking.isRecurring", 1, "data.booking.isRecurring"),
        ("data.booking.service", ["Drop-ins"], "data.booking.service"),
        ("data.client", "client-1", "data.client"),
        ("data.client.id", None, "data.client.id"),
        ("data.client.phone", 15555550101, "data.client.phone"),
        ("data.client.hasWeeklyPlan", "no", "data.client.hasWeeklyPlan"),
        ("data.sitter", [], "data.sitter"),
        ("data.sitter.id", {}, "data.sitter.id"),
        ("data.sitter.active", "true", "data.sitter.active"),
    ],
)
def test_a_field_that_breaks_the_contract_is_named_without_its_value(
    webhook: Webhook, path: str, value: object, field: str
) -> None:
    told: dict[str, Any] = snapshot()
    *folders, name = path.split(".")
    inner = told
    for folder in folders:
        inner = inner[folder]
    inner[name] = value
    assert webhook.send(told) == (400, {"error": "invalid_request", "fields": [field]})
    assert stored_events(webhook) == 0


def test_all_wrong_fields_are_named_at_once(webhook: Webhook) -> None:
    told = snapshot(startAt="never", status="lost")
    assert webhook.send(told)[1]["fields"] == ["data.booking.startAt", "data.booking.status"]


def test_unknown_fields_are_ignored_and_missing_ones_have_their_defaults(webhook: Webhook) -> None:
    told = snapshot(colour="blue", client={"id": "client-1", "phone": "+15555550101", "hasWeeklyPlan": True})
    told["data"]["sitter"] = {"id": "sitter-1", "phone": "+15555550102", "shoeSize": 44}
    del told["data"]["booking"]["isRecurring"], told["data"]["booking"]["isMeetAndGreet"]
    told["version"] = {"deep": [1, {"er": None}]}
    assert webhook.send(told)[1]["outcome"] == "created"


@pytest.mark.parametrize("service", ["DROP-INS & more 🐕", "housesitting", "Housesitting ", "24/7  Care"])
def test_a_service_spelt_otherwise_gets_an_hour_each_side(webhook: Webhook, service: str) -> None:
    webhook.send(snapshot(service=service))
    [window] = webhook.desk.windows()
    assert window["start"] == datetime(2025, 1, 15, 9, tzinfo=UTC)


@pytest.mark.parametrize("phone", ["(555) 555-0101", "555.555.0101", "1 555 555 0101", "+1 555-555-0101"])
def test_a_formatted_us_phone_is_normalised(webhook: Webhook, phone: str) -> None:
    assert webhook.send(snapshot(client=JANE | {"phone": phone}))[0] == 200
    assert webhook.desk.sql('SELECT phone FROM messaging."Client"') == [["+15555550101"]]


@pytest.mark.parametrize("who", ["client", "sitter"])
@pytest.mark.parametrize("phone", ["555-0101", "n/a", "+0155", "", None, "+1555555010100000"])
def test_a_phone_that_cannot_be_read_defers_what_needs_it(webhook: Webhook, who: str, phone: str | None) -> None:
    person: Any = (JANE if who == "client" else SAM) | {"phone": phone}
    status, answer = webhook.send(snapshot(**{who: person}))
    assert (status, answer["outcome"], answer["reason"]) == (202, "deferred", "phone_invalid")
    assert webhook.desk.count('messaging."MessageThread"', "scope = 'client_booking'") == 0
    assert webhook.desk.count('messaging."MessageNumber"', '"assignedSitterId" IS NOT NULL') == 0


def test_a_phone_that_cannot_be_read_does_not_hinder_a_closing(webhook: Webhook) -> None:
    webhook.send()
    told = snapshot(minute=1, event_type="booking.cancelled", client=JANE | {"phone": "lost"})
    assert webhook.send(told, webhook_id="msg-2")[1]["outcome"] == "closed"
    assert webhook.desk.windows() == []


def test_nul_characters_in_names_do_no_harm(webhook: Webhook) -> None:
    assert webhook.send(snapshot(client=JANE | {"firstName": "Ja\u0000ne"}))[0] == 200
    assert webhook.desk.sql('SELECT "firstName" FROM messaging."Client"') == [["Jane"]]


def test_what_only_looks_like_an_escaped_nul_is_kept(webhook: Webhook) -> None:
    assert webhook.send(snapshot(client=JANE | {"firstName": "\\u0000"}))[0] == 200
    assert webhook.desk.sql('SELECT "firstName" FROM messaging."Client"') == [["\\u0000"]]


@pytest.mark.parametrize("body", [b"\xff\xfe{}", json.dumps(snapshot()).encode().replace(b"Jane", b"J\xe9n\xe9")])
def test_a_signed_body_that_is_not_text_is_400_and_not_401(webhook: Webhook, body: bytes) -> None:
    content = f"msg-1.{int(NOW.timestamp())}.".encode() + body
    mac = hmac.new(base64.b64decode(NEW_SECRET.removeprefix("whsec_")), content, hashlib.sha256).digest()
    headers = {"webhook-signature": f"v1,{base64.b64encode(mac).decode()}"}
    assert webhook.send(body, headers=headers) == (400, {"error": "invalid_request", "fields": ["body"]})
    assert stored_events(webhook) == 0


def test_a_webhook_id_too_long_to_be_one_is_refused(webhook: Webhook) -> None:
    assert webhook.send(webhook_id="m" * 255)[0] == 200
    assert webhook.send(webhook_id="m" * 5000) == (400, {"error": "invalid_request", "fields": ["webhook-id"]})


def test_a_request_without_a_signature_is_401_whether_the_secret_can_be_read_or_not(webhook: Webhook) -> None:
    webhook.secrets.known = None
    assert webhook.send(headers={"webhook-signature": ""})[0] == 401


def test_an_event_that_could_not_be_stored_is_503(webhook: Webhook) -> None:
    def unreachable() -> None:
        raise ConnectionRefusedError

    webhook.database = Database(unreachable)
    assert webhook.send()[0] == 503


def test_trouble_after_storing_is_202_and_the_event_is_settled_later(webhook: Webhook) -> None:
    webhook.desk.sql('ALTER TABLE messaging."AssignmentWindow" RENAME TO away')
    status, answer = webhook.send()
    assert (status, answer["outcome"], answer["reason"]) == (202, "deferred", None)
    webhook.desk.sql('ALTER TABLE messaging.away RENAME TO "AssignmentWindow"')
    assert webhook.desk.retry(after=timedelta(minutes=1)) == 1
    assert len(webhook.desk.windows()) == 1


def test_an_event_that_was_never_settled_passes_the_flag_as_it_is_then(webhook: Webhook) -> None:
    webhook.send(webhook_id="msg-0")
    webhook.send(snapshot(minute=1, event_type="booking.cancelled"), webhook_id="msg-1")
    webhook.desk.sql('ALTER TABLE messaging."AssignmentWindow" RENAME TO away')
    webhook.send(snapshot(minute=2), webhook_id="msg-2")
    webhook.desk.sql('ALTER TABLE messaging.away RENAME TO "AssignmentWindow"')
    webhook.desk.may_create = False
    assert webhook.desk.retry(after=timedelta(minutes=1)) == 1
    assert webhook.desk.windows() == []


def test_an_older_event_does_not_take_the_place_of_a_newer_one_that_was_never_settled(webhook: Webhook) -> None:
    webhook.send(webhook_id="msg-0")
    webhook.desk.sql('ALTER TABLE messaging."AssignmentWindow" RENAME TO away')
    webhook.send(snapshot(minute=5, event_type="booking.cancelled"), webhook_id="msg-1")
    webhook.desk.sql('ALTER TABLE messaging.away RENAME TO "AssignmentWindow"')
    webhook.send(snapshot(minute=3, endAt="2025-01-15T15:00:00Z"), webhook_id="msg-2")
    assert webhook.desk.retry(after=timedelta(minutes=1)) == 1
    assert webhook.desk.windows() == []


def test_a_booking_that_is_held_elsewhere_does_not_make_the_sender_wait(webhook: Webhook, database_url: str) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        other = Database(connector_to(database_url))
        with other.transaction() as tx:
            tx.script("SELECT pg_advisory_xact_lock(hashtextextended('booking default booking-1', 0))")
            held.set()
            done.wait(30)
        other.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(30)
    webhook.database = Database(connector_to(database_url), limits=Limits(lock_ms=100))
    answered = webhook.send()
    done.set()
    holder.join()
    webhook.database.close()
    assert answered[0] == 202
    assert webhook.desk.retry(after=timedelta(minutes=1)) == 1
    assert len(webhook.desk.windows()) == 1


def test_no_phone_or_name_is_in_any_answer(webhook: Webhook) -> None:
    webhook.desk.queue = ListQueue()
    answers = [
        webhook.send(snapshot(client=JANE | {"phone": "555-0101"})),
        webhook.send(snapshot(startAt="+15555550101", client=JANE | {"id": ""}), webhook_id="msg-2"),
    ]
    assert "0101" not in json.dumps(answers)
    assert "Jane" not in json.dumps(answers)


@pytest.mark.parametrize(
    ("names", "outcomes"),
    [
        (["assigned", "moved", "reassigned", "unassigned"], ["created", "moved", "reassigned", "unassigned"]),
        (["assigned", "reassigned", "completed"], ["created", "reassigned", "closed"]),
        (["assigned", "reassigned", "cancelled"], ["created", "reassigned", "closed"]),
        (["cancelled", "assigned"], ["skipped", "skipped"]),
    ],
)
def test_the_files_in_events_do_what_their_names_say(webhook: Webhook, names: list[str], outcomes: list[str]) -> None:
    found = []
    for name in names:
        event = json.loads((EVENTS / f"change_booking_{name}.json").read_text())
        found.append(webhook.send(event["body"], webhook_id=f"msg-{name}")[1]["outcome"])
    assert found == outcomes
