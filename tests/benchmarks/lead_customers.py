"""lead-customers: the whole state machine against hand-written SQL, and against statements row by row."""

import functools
from typing import Any

import pg8000.native

from tests.benchmarks.backfill_rig import BackfillRig, backfill_rig, memory, statements, status_time
from tests.benchmarks.figures import Figure

NAME = "lead-customers"
DATA, FLOOR = "lead_customers_data.sql", "lead_customers_floor.sql"
LANES = 8  # of a million leads: a process is done with one before the state machine loses patience
SAMPLE, SLOW_SAMPLE = 2_000, 500  # rows taken one by one, ten times as many when full


def measure(full: bool) -> list[Figure]:
    """A million leads and two hundred thousand jobs when full, else a tenth."""
    leads = 1_000_000 if full else 100_000
    with backfill_rig() as rig:
        with rig.database(DATA, rows=leads) as (_, connection):
            floor = rig.floor(connection, FLOOR)
        with rig.database(DATA, rows=leads) as (url, connection):
            taken = rig.through_the_machine(url, NAME, dryRun=False)
            [[longest, batches]] = connection.run("SELECT max(took_ms), count(*) FROM ops.backfill_batch")
            asked = status_time(url, NAME)
        sizes = f"{leads:,} leads, {leads // 5:,} jobs"
        note = f"{sizes}: {taken.seconds:.1f} s against {floor:.1f} s (tests/benchmarks/sql/{FLOOR})"
        return [
            Figure(f"{NAME}: run ÷ hand-written SQL", taken.seconds / floor, 2.0, note=note, full=full),
            _against_rows(rig, leads, taken.seconds, full=full),
            _against_rows(rig, leads, None, full=full),
            Figure(
                f"{NAME}: longest transaction", max(taken.longest_s, longest / 1000), 2.0, unit="s",
                note=f"of {batches:,} batches, and of whatever else the run writes",
            ),
            asked,
            statements(rig, NAME, DATA),
            *memory(rig, NAME, DATA, sizes=(10_000, leads), lanes=LANES if full else 1),
        ]  # fmt: skip


def _against_rows(rig: BackfillRig, leads: int, seconds: float | None, *, full: bool) -> Figure:
    """What these migrations did before, on the same database; without `seconds` both with a millisecond of network."""
    slowly, sample = seconds is None, (SLOW_SAMPLE if seconds is None else SAMPLE) * (10 if full else 1)
    with rig.database(DATA, rows=leads) as (url, _):
        row_by_row = rig.row_by_row(url, functools.partial(_row_by_row, sample=sample), slowly=slowly)
    if seconds is None:
        with rig.database(DATA, rows=leads) as (url, _):
            seconds = rig.through_the_machine(url, NAME, slowly=True, dryRun=False).seconds
    whole = row_by_row / sample * leads
    return Figure(
        f"{NAME}: statements row by row{', a millisecond away,' if slowly else ''} ÷ run",
        whole / seconds,
        50.0 if slowly else 20.0,
        at_least=True,
        note=f"{leads:,} leads: {whole:,.0f} s (scaled up from {sample:,} leads) against {seconds:.1f} s",
        full=full,
    )


def _row_by_row(connection: pg8000.native.Connection, *, sample: int) -> None:
    """Statements for each lead, its group and its jobs, each committed by itself."""
    leads = connection.run(
        'SELECT id, ops.lead_key("messengerPsid", phone, email, id::text), name, phone, email FROM intake."Lead"'
        " ORDER BY created_at, id LIMIT :sample",
        sample=sample,
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
