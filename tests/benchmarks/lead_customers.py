"""lead-customers: the whole state machine against hand-written SQL, and against a statement for each row."""

import functools
import time
from typing import Any

import pg8000.native

from switchboard import runtime
from switchboard.backfills.control import status
from switchboard.backfills.input import read_input
from switchboard.store.database import Database
from tests.benchmarks.backfill_rig import BackfillRig, backfill_rig
from tests.benchmarks.figures import Figure
from tests.conftest import connector_to

DATA, FLOOR = "lead_customers_data.sql", "lead_customers_floor.sql"
SAMPLE = 2_000


def measure(full: bool) -> list[Figure]:
    """A million leads when full, else two hundred thousand."""
    leads = 1_000_000 if full else 200_000
    with backfill_rig() as rig:
        _, connection = rig.database(DATA, leads=leads)
        floor = rig.floor(connection, FLOOR)
        connection.close()
        url, connection = rig.database(DATA, leads=leads)
        taken, _ = rig.through_the_machine(url, "lead-customers", dryRun=False)
        figures = [
            Figure(
                "lead-customers: run ÷ hand-written SQL", taken / floor, 2.0,
                note=f"{leads:,} leads, {leads // 5:,} jobs: {taken:.1f} s against {floor:.1f} s "
                f"(tests/benchmarks/sql/{FLOOR})",
            ),
            _against_rows(rig, taken / leads),
            *_in_the_books(url, connection),
        ]  # fmt: skip
        connection.close()
        return figures + _memory(rig, full)


def _against_rows(rig: BackfillRig, seconds_a_lead: float) -> Figure:
    """What these migrations did before: statements for each lead, its group and its jobs, each committed by itself."""
    _, connection = rig.database(DATA, leads=SAMPLE)
    began = time.perf_counter()
    _row_by_row(connection)
    row_by_row = (time.perf_counter() - began) / SAMPLE
    connection.close()
    note = f"{row_by_row * 1e6:.0f} µs a lead ({SAMPLE:,} leads) against {seconds_a_lead * 1e6:.0f} µs"
    return Figure(
        "lead-customers: a statement a row ÷ run", row_by_row / seconds_a_lead, 20.0, at_least=True, note=note
    )


def _row_by_row(connection: pg8000.native.Connection) -> None:
    leads = connection.run(
        'SELECT id, ops.lead_key("messengerPsid", phone, email, id::text), name, phone, email FROM intake."Lead"'
        " ORDER BY created_at, id"
    )
    customers: dict[str, Any] = {}
    for lead_id, key, name, phone, email in leads:
        run = functools.partial(connection.run, lead=lead_id)
        run('SELECT customer_id FROM intake."Lead" WHERE id = :lead')
        if key not in customers:
            [[customers[key]]] = connection.run(
                'INSERT INTO intake."Customer" (name, phone, email, metadata)'
                " VALUES (:name, :phone, :email, jsonb_build_object('groupKey', cast(:key AS text))) RETURNING id",
                name=name, phone=phone, email=email, key=key,
            )  # fmt: skip
        run('UPDATE intake."Lead" SET customer_id = :customer WHERE id = :lead', customer=customers[key])
        for [job_id] in run('SELECT id FROM intake."Job" WHERE lead_id = :lead AND customer_id IS NULL'):
            connection.run(
                'UPDATE intake."Job" SET customer_id = :customer WHERE id = :job', customer=customers[key], job=job_id
            )


def _in_the_books(url: str, connection: pg8000.native.Connection) -> list[Figure]:
    [[longest, batches]] = connection.run("SELECT max(took_ms), count(*) FROM ops.backfill_batch")
    database = Database(connector_to(url))
    request, definition = read_input({"backfill": "lead-customers", "action": "status"})
    status(request, definition, database=database, now=runtime.now())
    began = time.perf_counter()
    status(request, definition, database=database, now=runtime.now())
    asked = time.perf_counter() - began
    database.close()
    return [
        Figure("lead-customers: longest batch", longest / 1000, 2.0, unit="s", note=f"of {batches:,} batches"),
        Figure("lead-customers: status", asked * 1000, 50.0, unit="ms", note="warm, from the ledger"),
    ]


def _memory(rig: BackfillRig, full: bool) -> list[Figure]:
    sizes = (10_000, 1_000_000 if full else 100_000)
    peaks = []
    for leads in sizes:
        url, connection = rig.database(DATA, leads=leads)
        connection.close()
        peaks.append(rig.slice_memory(url, "lead-customers"))
    small, large = peaks
    note = f"{small:.0f} MB at {sizes[0]:,} leads, {large:.0f} MB at {sizes[1]:,}"
    return [
        Figure("lead-customers: peak memory of a slice", max(peaks), 150.0, unit="MB", note=note),
        Figure("lead-customers: memory, large ÷ small", large / small, 1.2, note=note),
    ]
