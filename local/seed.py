"""Schema and the one organisation that a local stack begins with."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pg8000.native

from local.facts import ROOT
from switchboard.store.connection import Address, Connector
from switchboard.store.statements import Schemas

ORG_ID = "default"
OWNER_PHONE = "+15550109999"
BOOKING_LINK = "https://book.example.test"
FRONT_DESK = "+15550100000"
POOL_NUMBERS = tuple(f"+1555010000{n}" for n in range(1, 4))
SITTER_NUMBERS = tuple(f"+1555010001{n}" for n in range(1, 6))


def prepare_database(url: str, *, schemas: Schemas, now: datetime, new_id: Callable[[], str]) -> None:
    """Brings the schema to its newest revision and adds the organisation where it is missing."""
    from switchboard.store.revisions import upgrade  # SQLAlchemy, which only one of the stack's processes needs

    upgrade(
        Connector(lambda _fresh: Address.from_url(url)),
        folder=ROOT / "migrations" / "schema",
        schemas=schemas,
        default_org_id=ORG_ID,
    )
    connection = pg8000.native.Connection(**Address.from_url(url).arguments())
    try:
        seed(connection, schema=schemas.messaging, now=now, new_id=new_id)
    finally:
        connection.close()


def seed(connection: pg8000.native.Connection, *, schema: str, now: datetime, new_id: Callable[[], str]) -> None:
    """The organisation and its numbers, in one transaction; an organisation that is there stays as it is."""
    connection.run("START TRANSACTION")
    connection.run("SET LOCAL TIME ZONE 'UTC'")
    made = connection.run(
        f"""INSERT INTO "{schema}"."Organization" (id, name, "ownerPhone", "bookingLink", "createdAt", "updatedAt")
            VALUES (:id, 'Switchboard', :phone, :link, :now, :now) ON CONFLICT DO NOTHING RETURNING id""",
        id=ORG_ID, phone=OWNER_PHONE, link=BOOKING_LINK, now=now,
    )  # fmt: skip
    for place, (e164, number_class) in enumerate(_numbers() if made else ()):
        connection.run(
            f"""INSERT INTO "{schema}"."MessageNumber"
                    (id, "orgId", e164, "numberClass", provider, status, "isRotating", "createdAt", "updatedAt")
                VALUES (:id, :org, :e164, :class, 'twilio', 'active', false, :now, :now)""",
            id=new_id(), org=ORG_ID, e164=e164, **{"class": number_class},
            now=now + timedelta(milliseconds=place),  # the oldest is claimed first
        )  # fmt: skip
    connection.run("COMMIT")


def _numbers() -> list[tuple[str, str]]:
    return [
        (FRONT_DESK, "front_desk"),
        *((e164, "pool") for e164 in POOL_NUMBERS),
        *((e164, "sitter") for e164 in SITTER_NUMBERS),
    ]
