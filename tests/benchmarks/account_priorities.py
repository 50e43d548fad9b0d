"""account-priorities: the whole state machine against hand-written SQL with the same indexes, and row by row."""

import functools

import pg8000.native

from tests.benchmarks.backfill_rig import SQL, BackfillRig, backfill_rig, memory, statements, status_time
from tests.benchmarks.figures import Figure

NAME = "account-priorities"
DATA, FLOOR = "account_priorities_data.sql", "account_priorities_floor.sql"
AS_OF = "2025-10-25"
LANES = 16  # of a million customers: a process is done with one before the state machine loses patience
SAMPLE, SLOW_SAMPLE = 2_000, 500  # rows taken one by one, ten times as many when full
LOOK = (
    'SELECT "accountType"::text, "accountPriority"::text, count(*) FROM accounts."Customer" GROUP BY 1, 2 ORDER BY 1, 2'
)


def measure(full: bool) -> list[Figure]:
    """A million customers when full, else a tenth."""
    customers = 1_000_000 if full else 100_000
    with backfill_rig() as rig:
        with rig.database(DATA, rows=customers) as (_, connection):
            floor = rig.floor(connection, FLOOR)
            wanted = connection.run(LOOK)
        with rig.database(DATA, rows=customers) as (url, connection):
            taken = rig.through_the_machine(url, NAME, dryRun=False, asOf=AS_OF)
            if connection.run(LOOK) != wanted:
                raise RuntimeError("the run and the hand-written SQL came to different results")
            [[longest, batches]] = connection.run(
                "SELECT max(took_ms), count(*) FROM ops.backfill_batch WHERE step <> 3"
            )
            asked = status_time(url, NAME)
        note = f"{customers:,} customers: {taken.seconds:.1f} s against {floor:.1f} s (tests/benchmarks/sql/{FLOOR})"
        return [
            Figure(f"{NAME}: run ÷ hand-written SQL", taken.seconds / floor, 2.0, note=note, full=full),
            _against_rows(rig, customers, taken.seconds, full=full),
            _against_rows(rig, customers, None, full=full),
            Figure(
                f"{NAME}: longest transaction", max(taken.longest_s, longest / 1000), 2.0, unit="s",
                note=f"of {batches:,} batches, and of whatever else the run writes; index builds excepted",
            ),
            asked,
            statements(rig, NAME, DATA, asOf=AS_OF),
            *memory(rig, NAME, DATA, sizes=(10_000, customers), lanes=LANES if full else 2),
        ]  # fmt: skip


def _against_rows(rig: BackfillRig, customers: int, seconds: float | None, *, full: bool) -> Figure:
    """What these migrations did before, on the same database; without `seconds` both with a millisecond of network."""
    slowly, sample = seconds is None, (SLOW_SAMPLE if seconds is None else SAMPLE) * (10 if full else 1)
    with rig.database(DATA, rows=customers) as (url, connection):
        for statement in (SQL / FLOOR).read_text(encoding="utf-8").split(";\n")[1:-1]:  # the schema
            connection.run(statement)
        row_by_row = rig.row_by_row(url, functools.partial(_row_by_row, sample=sample), slowly=slowly)
    if seconds is None:
        with rig.database(DATA, rows=customers) as (url, _):
            seconds = rig.through_the_machine(url, NAME, slowly=True, dryRun=False, asOf=AS_OF).seconds
    whole = row_by_row / sample * customers
    return Figure(
        f"{NAME}: statements row by row{', a millisecond away,' if slowly else ''} ÷ run",
        whole / seconds,
        50.0 if slowly else 20.0,
        at_least=True,
        note=f"{customers:,} customers: {whole:,.0f} s (scaled up from {sample:,}) against {seconds:.1f} s",
        full=full,
    )


def _row_by_row(connection: pg8000.native.Connection, *, sample: int) -> None:
    """Each customer is read, classified and given its priority, every statement committed by itself."""
    [*ids] = connection.run('SELECT id FROM accounts."Customer" ORDER BY id LIMIT :sample', sample=sample)
    for [customer_id] in ids:
        run = functools.partial(connection.run, id=customer_id)
        [[last_order_at]] = run('SELECT "lastOrderDate" FROM accounts."Customer" WHERE id = :id')
        name = "PROSPECT" if last_order_at is None or f"{last_order_at:%F}" < "2024-10-25" else "TARGET"
        name = "ACTIVE" if last_order_at is not None and f"{last_order_at:%F}" >= "2025-04-25" else name
        run(
            'UPDATE accounts."Customer" SET "accountType" = cast(:name AS accounts."AccountType") WHERE id = :id',
            name=name,
        )
    for [customer_id] in ids:
        run = functools.partial(connection.run, id=customer_id)
        [[name]] = run('SELECT cast("accountType" AS text) FROM accounts."Customer" WHERE id = :id')
        run(
            'UPDATE accounts."Customer" SET "accountPriority" = cast(:name AS accounts."AccountPriority")'
            " WHERE id = :id",
            name={"ACTIVE": "HIGH", "TARGET": "MEDIUM", "PROSPECT": "LOW"}[name],
        )
