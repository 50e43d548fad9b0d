"""Leads, jobs and customers as dirty as real ones, what is to become of them by rules written down a second time."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.builders import Sql

CREATED_BY = "backfill-customers.ts"


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead as an application left it; `customer` is a customer's place in the town's list."""

    psid: str | None = None
    phone: str | None = None
    email: str | None = None
    name: str | None = None
    customer: int | None = None
    minute: int = 0
    jobs: tuple[bool, ...] = ()  # whether each job already has the lead's customer


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer that was there before; `made_for` is the key that an earlier run made it for."""

    phone: str | None = None
    email: str | None = None
    made_for: str | None = None


@dataclass(frozen=True, slots=True)
class Town:
    """What is in the database before a run."""

    leads: tuple[Lead, ...]
    customers: tuple[Customer, ...] = field(default=())


def settle(sql: Sql, town: Town) -> list[str]:
    """Writes a town into an empty database; answers with the leads' ids in order."""
    customers = [_customer(place, customer) for place, customer in enumerate(town.customers)]
    leads, jobs = [], []
    for place, lead in enumerate(town.leads):
        row_id = str(UUID(int=(place * 7919 + 1) % 1_000_003 << 100 | place))
        owner = None if lead.customer is None or not customers else customers[lead.customer % len(customers)]["id"]
        leads.append(
            {"id": row_id, "channel": "sms", "messengerPsid": lead.psid, "phone": lead.phone, "email": lead.email,
             "name": lead.name, "customer_id": owner, "created_at": _instant(2025, lead.minute)}
        )  # fmt: skip
        jobs += [{"lead_id": row_id, "customer_id": owner if linked else None} for linked in lead.jobs]
    for table, rows in (("Customer", customers), ("Lead", leads), ("Job", jobs)):
        if rows:
            names = ", ".join(f'"{name}"' for name in rows[0])
            sql(
                f'INSERT INTO intake."{table}" ({names}) SELECT {names}'
                f' FROM jsonb_populate_recordset(cast(NULL AS intake."{table}"), cast(:rows AS jsonb))',
                rows=json.dumps(rows),
            )
    return [str(lead["id"]) for lead in leads]


def _customer(place: int, customer: Customer) -> dict[str, Any]:
    metadata = None
    if customer.made_for:
        metadata = {"createdBy": CREATED_BY, "groupKey": customer.made_for, "leadCount": 0, "note": "kept"}
    return {
        "id": str(UUID(int=1 << 127 | place)), "name": "Old", "phone": customer.phone, "email": customer.email,
        "metadata": metadata, "created_at": _instant(2024, place * 60),
    }  # fmt: skip


def _instant(year: int, minute: int) -> str:
    return (datetime(year, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)).isoformat()


def empty(sql: Sql) -> None:
    """Takes everything out of the database again."""
    sql("SELECT lending.empty_tables()")


def picture(sql: Sql) -> list[list[Any]]:
    """Every business row to the byte, audit rows excepted."""
    return [
        row
        for table in ("Lead", "Job", "Customer", "CustomerAddress")
        for row in sql(f'SELECT t::text FROM intake."{table}" AS t ORDER BY id')
    ]


def outcome(sql: Sql) -> list[list[Any]]:
    """Who belongs to whom, by what customers are rather than by ids that differ from run to run."""
    return sql(
        """SELECT l.id::text, c.name, c.phone, c.email, c.metadata - 'createdAt', c.created_at < '2025-01-01',
                  (SELECT min(o.id::text) FROM intake."Lead" AS o WHERE o.customer_id = l.customer_id),
                  (SELECT array_agg(j.customer_id = l.customer_id ORDER BY 1)
                   FROM intake."Job" AS j WHERE j.lead_id = l.id)
           FROM intake."Lead" AS l LEFT JOIN intake."Customer" AS c ON c.id = l.customer_id ORDER BY l.id"""
    )


def key_of(lead: Lead, row_id: str) -> str:
    """The lead's key by the rules of the specification."""
    if lead.psid and lead.psid.strip():
        return f"psid:{lead.psid}"
    if phone := phone_of(lead.phone):
        return f"phone:{phone}"
    if email := email_of(lead.email):
        return f"email:{email}"
    return f"individual:{row_id}"


def phone_of(text: str | None) -> str | None:
    """ASCII digits; eleven that begin with 1 lose it; ten at least."""
    digits = re.sub(r"[^0-9]", "", text or "")
    if len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    return digits if len(digits) >= 10 else None


def email_of(text: str | None) -> str | None:
    """Trimmed, lower case, with an at sign."""
    trimmed = (text or "").strip().lower()
    return trimmed if "@" in trimmed else None


def groups_of(town: Town, ids: Iterable[str]) -> Mapping[str, list[int]]:
    """The leads of each key, by their places, in the order (created_at, id)."""
    known = list(ids)
    found: dict[str, list[int]] = {}
    for place, lead in enumerate(town.leads):
        found.setdefault(key_of(lead, known[place]), []).append(place)
    for members in found.values():
        members.sort(key=lambda place: (town.leads[place].minute, UUID(known[place]).int))
    return found
