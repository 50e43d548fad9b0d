"""Messaging databases of any shape, as an earlier application may have left them, for message-numbers."""

from dataclasses import dataclass
from typing import Any

from tests.builders import Sql

PLATFORM = "+15550100000"
# What an adopted database does not have before contract.
LOOSEN = (
    (
        "DROP INDEX IF EXISTS messaging.number_e164, messaging.number_one_active_front_desk,"
        " messaging.masked_number_one_active_per_sitter, messaging.masked_number_one_active_per_number,"
        " messaging.thread_one_open_general, messaging.thread_one_per_sitter, messaging.thread_one_internal"
    ),
    'ALTER TABLE messaging."MessageThread" DROP CONSTRAINT IF EXISTS thread_number',
)
TABLES = ("MessageThread", "SitterMaskedNumber", "MessageNumber", "Booking", "Client", "Sitter")


@dataclass(frozen=True, slots=True)
class Number:
    """One of our numbers; `mask` is the sitter with a masked-number row for it."""

    org: str
    e164: str
    number_class: str
    status: str = "active"
    sitter: str | None = None
    mask: str | None = None
    minute: int = 0


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread; `number` is the place of its number, beyond the last: one that is not there."""

    org: str
    scope: str = "client_booking"
    status: str = "open"
    client: str | None = None
    sitter: str | None = None
    booking: str | None = None
    number: int | None = None
    stored_class: str | None = None
    one_time: bool | None = None
    meet_and_greet: bool = False
    minute: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """A client's or a booking's signals, or whether a sitter works."""

    org: str
    id: str
    flag: bool | None = None
    weekly: bool = False
    client: str | None = None


@dataclass(frozen=True, slots=True)
class Town:
    """All of it, and the pool numbers that clients had before: (number's place, client)."""

    numbers: tuple[Number, ...] = ()
    threads: tuple[Thread, ...] = ()
    clients: tuple[Person, ...] = ()
    sitters: tuple[Person, ...] = ()
    bookings: tuple[Person, ...] = ()
    leases: tuple[tuple[int, str], ...] = ()


def empty(sql: Sql) -> None:
    """No rows left, nor what runs remember."""
    sql("SELECT lending.empty_tables()")


def settle(sql: Sql, town: Town) -> None:
    """Writes the town's rows; ids say what they are and in which place."""
    _people(sql, town)
    for place, number in enumerate(town.numbers):
        _insert(
            sql, "MessageNumber", number.minute, id=f"n{place}", orgId=number.org, provider="twilio", e164=number.e164,
            status=number.status, numberClass=number.number_class, assignedSitterId=number.sitter, isRotating=False,
        )  # fmt: skip
        if number.mask:
            _insert(
                sql, "SitterMaskedNumber", number.minute, id=f"m{place}", orgId=number.org, sitterId=number.mask,
                messageNumberId=f"n{place}", status="active", assignedAt="2025-01-01Z",
            )  # fmt: skip
    for place, thread in enumerate(town.threads):
        _insert(
            sql, "MessageThread", thread.minute, id=f"t{place}", orgId=thread.org, scope=thread.scope,
            status=thread.status, clientId=thread.client, assignedSitterId=thread.sitter,
            bookingId=thread.booking, numberClass=thread.stored_class,
            messageNumberId=None if thread.number is None else f"n{thread.number}", isOneTimeClient=thread.one_time,
            isMeetAndGreet=thread.meet_and_greet, ownerUnreadCount=0,
        )  # fmt: skip
    for place, (number_place, client) in enumerate(town.leases):
        org = town.numbers[number_place].org if number_place < len(town.numbers) else "a"
        sql(
            "INSERT INTO ops.pool_lease (id, org_id, number_id, thread_id, client_id, since, released_at)"
            " VALUES (:id, :org, :number, 'gone', :client, '2024-01-01Z', '2024-02-01Z')",
            id=f"l{place}", org=org, number=f"n{number_place}", client=client,
        )  # fmt: skip


def _people(sql: Sql, town: Town) -> None:
    for person in dict.fromkeys((p.org, p.id) for p in town.clients):
        one = next(p for p in town.clients if (p.org, p.id) == person)
        _insert(
            sql, "Client", 0, orgId=one.org, id=one.id, isRecurringOverride=one.flag, hasWeeklyPlan=one.weekly,
            isGuest=False,
        )  # fmt: skip
    for person in dict.fromkeys((p.org, p.id) for p in town.sitters):
        one = next(p for p in town.sitters if (p.org, p.id) == person)
        _insert(sql, "Sitter", 0, orgId=one.org, id=one.id, active=bool(one.flag))
    for person in dict.fromkeys((p.org, p.id) for p in town.bookings):
        one = next(p for p in town.bookings if (p.org, p.id) == person)
        _insert(
            sql, "Booking", 0, orgId=one.org, id=one.id, clientId=one.client, status="confirmed",
            isRecurring=bool(one.flag), isMeetAndGreet=False, hasWeeklyPlan=one.weekly,
        )  # fmt: skip


def _insert(sql: Sql, table: str, minute: int, **values: Any) -> None:
    values |= {"createdAt": f"2025-01-01T00:{minute:02d}:00Z", "updatedAt": "2025-01-01Z"}
    columns = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(f":{name}" for name in values)
    sql(f'INSERT INTO messaging."{table}" ({columns}) VALUES ({places})', **values)


def picture(sql: Sql) -> list[Any]:
    """Every row, whole, with leases and flags."""
    rows = [sql(f'SELECT to_jsonb(t) FROM messaging."{table}" AS t ORDER BY "orgId", id') for table in TABLES]
    leases = sql("SELECT number_id, thread_id, client_id, released_at FROM ops.pool_lease ORDER BY 1, 2, id")
    return [*rows, leases, sql("SELECT thread_id, reason FROM ops.thread_review ORDER BY 1")]


def outcome(sql: Sql) -> list[Any]:
    """What a run leads to, without the ids that it makes up and its instants."""
    return [
        sql(
            """SELECT t.id, n.e164, t."numberClass", t."maskedNumberE164", t."isOneTimeClient"
               FROM messaging."MessageThread" AS t
               LEFT JOIN messaging."MessageNumber" AS n ON n.id = t."messageNumberId"
               ORDER BY t.id"""
        ),
        sql(
            'SELECT "orgId", e164, "numberClass", status, "ownerId" FROM messaging."MessageNumber"'
            " ORDER BY 1, 2, 3, 4, 5"
        ),
        sql('SELECT "sitterId", "messageNumberId", status FROM messaging."SitterMaskedNumber" ORDER BY 1, 2'),
        sql("SELECT number_id, thread_id, client_id FROM ops.pool_lease WHERE released_at IS NULL ORDER BY 1, 2"),
        sql("SELECT thread_id, reason FROM ops.thread_review ORDER BY 1"),
    ]
