"""account-priorities: the whole state machine against hand-written SQL in one transaction with the same indexes."""

from tests.benchmarks.backfill_rig import BackfillRig, backfill_rig
from tests.benchmarks.figures import Figure

DATA, FLOOR = "account_priorities_data.sql", "account_priorities_floor.sql"
AS_OF = "2025-10-25"
LANES = 16  # so that a process of its own is done with one before the state machine loses patience
LOOK = (
    'SELECT "accountType"::text, "accountPriority"::text, count(*) FROM accounts."Customer" GROUP BY 1, 2 ORDER BY 1, 2'
)


def measure(full: bool) -> list[Figure]:
    """A million customers when full, else two hundred thousand."""
    customers = 1_000_000 if full else 200_000
    with backfill_rig() as rig:
        _, connection = rig.database(DATA, customers=customers)
        floor = rig.floor(connection, FLOOR)
        wanted = connection.run(LOOK)
        connection.close()
        url, connection = rig.database(DATA, customers=customers)
        taken, _ = rig.through_the_machine(url, "account-priorities", dryRun=False, asOf=AS_OF)
        if connection.run(LOOK) != wanted:
            raise RuntimeError("the run and the hand-written SQL came to different results")
        [[longest, batches]] = connection.run("SELECT max(took_ms), count(*) FROM ops.backfill_batch WHERE step <> 3")
        connection.close()
        note = f"{customers:,} customers: {taken:.1f} s against {floor:.1f} s (tests/benchmarks/sql/{FLOOR})"
        return [
            Figure("account-priorities: run ÷ hand-written SQL", taken / floor, 2.0, note=note),
            Figure("account-priorities: longest batch", longest / 1000, 2.0, unit="s", note=f"of {batches:,} batches"),
            *_memory(rig, full),
        ]


def _memory(rig: BackfillRig, full: bool) -> list[Figure]:
    sizes = (10_000, 1_000_000 if full else 100_000)
    peaks = []
    for customers in sizes:
        url, connection = rig.database(DATA, customers=customers)
        connection.close()
        peaks.append(rig.slice_memory(url, "account-priorities", lanes=LANES))
    small, large = peaks
    note = f"{small:.0f} MB at {sizes[0]:,} customers, {large:.0f} MB at {sizes[1]:,}"
    return [
        Figure("account-priorities: peak memory of a slice", max(peaks), 150.0, unit="MB", note=note),
        Figure("account-priorities: memory, large ÷ small", large / small, 1.2, note=note),
    ]
