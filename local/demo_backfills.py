"""The demo's story of the three backfills: seeded, tried, done, done again, verified, and one of them undone."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pg8000.native

from local.aws import client
from local.narrator import Narrator
from local.stack import Stack
from switchboard.cli_machine import Execution, Machine
from switchboard.store.connection import Address

LEADS, ACCOUNTS, THREADS = 3_000, 5_394, 6
_LOOK_EVERY_S = 0.4

SEED = (
    f"""INSERT INTO intake."Lead" (channel, name, "messengerPsid", phone, email, created_at)
        SELECT 'sms', 'Lead ' || n, CASE WHEN n % 3 = 0 THEN 'psid-' || n % 800 END,
               CASE WHEN n % 3 = 1 THEN '(555) 555-' || lpad((n % 900)::text, 4, '0') END,
               CASE WHEN n % 3 = 2 THEN 'User' || n % 700 || '@Example.com ' END,
               timestamptz '2025-01-01Z' + n * interval '1 minute'
        FROM generate_series(1, {LEADS}) AS n""",
    """INSERT INTO intake."Job" (lead_id, status) SELECT id, 'booked' FROM intake."Lead" WHERE name LIKE '%7'""",
    """INSERT INTO accounts."Tenant" (slug, name) VALUES ('sales', 'Sales')""",
    f"""INSERT INTO accounts."Customer" ("tenantId", name, "lastOrderDate")
        SELECT t.id, 'Account ' || n,
               CASE WHEN n <= 3512 THEN now() - interval '10 days' WHEN n <= 4601 THEN now() - interval '8 months'
                    WHEN n % 2 = 0 THEN now() - interval '3 years' END
        FROM accounts."Tenant" AS t, generate_series(1, {ACCOUNTS}) AS n""",
    f"""INSERT INTO messaging."MessageThread" (id, "orgId", scope, "clientId", status)
        SELECT 'adopted-thread-' || n, 'default', 'client_general', 'adopted-client-' || n, 'open'
        FROM generate_series(1, {THREADS}) AS n""",
)

EXPECTED: Mapping[str, Mapping[str, int]] = {
    "message-numbers": {"Errors": 0, "Threads updated": THREADS},
    "lead-customers": {"Errors": 0, "Leads linked": LEADS},
    "account-priorities": {"Errors": 0, "ACTIVE customers updated": 3_512, "HIGH priority": 3_512},
}


def play(stack: Stack, narrator: Narrator) -> None:
    """The whole story. Raises StoryBroken where a step does not do what it should."""
    with _scene(stack, narrator) as scene:
        for statement in SEED:
            scene.sql.run(statement)
        for name, expected in EXPECTED.items():
            _tell(scene, name, expected)
        _undo(scene, "lead-customers")


@dataclass
class _Scene:
    """The state machine, the database, and the runs so far."""

    narrator: Narrator
    machine: Machine
    sql: pg8000.native.Connection
    runs: dict[str, str]

    def run(self, name: str, **fields: Any) -> Execution:
        """A whole execution, its progress shown while it works."""
        arn = self.machine.start(backfill=name, lanes=2, requestedBy="demo", **fields)
        return self.machine.wait(arn, _looking(self, name))

    def counts(self, title: str, ended: Execution) -> dict[str, int]:
        """Shows an execution's counts; it has to have succeeded."""
        self.narrator.check(f"{title}: {ended.error or 'SUCCEEDED'} {_why(ended)}".rstrip(), ended.succeeded)
        counts: dict[str, int] = ended.output["counts"]
        shown = ", ".join(f"{label} {count:,}" for label, count in counts.items() if count or label == "Errors")
        self.narrator.event(f"  {shown}")
        return counts


def _why(ended: Execution) -> str:
    return str((ended.cause or {}).get("message") or (ended.cause or {}).get("checks") or "")


def _looking(scene: _Scene, name: str) -> Callable[[], None]:
    """Asks how far the run is, now and then."""
    last, told = [time.monotonic()], [""]

    def look() -> None:
        if time.monotonic() - last[0] < _LOOK_EVERY_S:
            return
        found = scene.machine.run(backfill=name, action="status")
        last[0] = time.monotonic()
        line = (
            f"{found.output['percent']:.0f} %, {found.output['rowsPerSecond']:,} rows a second"
            if found.succeeded
            else ""
        )
        if line and found.output["status"] == "running" and line != told[0]:
            scene.narrator.event(f"  … {line}")
            told[0] = line

    return look


@contextmanager
def _scene(stack: Stack, narrator: Narrator) -> Iterator[_Scene]:
    addresses = stack.addresses
    states = client("stepfunctions", addresses.aws_endpoint_url)
    sql = pg8000.native.Connection(**Address.from_url(addresses.database_url).arguments())
    try:
        yield _Scene(narrator, Machine(states, addresses.state_machine_arn, poll_s=0.05), sql, {})
    finally:
        sql.close()


def _tell(scene: _Scene, name: str, expected: Mapping[str, int]) -> None:
    tell = scene.narrator
    tell.chapter(f"Backfill {name}: dry run, real run, second run, verification")
    predicted = scene.counts("dry run", scene.run(name))
    done = scene.run(name, dryRun=False)
    counts = scene.counts("real run", done)
    scene.runs[name] = done.output["runId"]
    tell.event("  the report:")
    for line in done.output["report"].splitlines():
        tell.event(f"  │ {line}")
    tell.check("the dry run predicted the real run's counts", predicted == counts)
    wrong = {label: counts.get(label) for label, count in expected.items() if counts.get(label) != count}
    tell.check("and they are what was seeded", not wrong)
    again = scene.counts("second run", scene.run(name, dryRun=False))
    changed = {label for label in expected if label != "Errors" and again[label]}
    tell.check("a second run changes nothing", not changed)
    verified = scene.run(name, action="verify")
    tell.check("verification: every check holds", verified.succeeded)


def _undo(scene: _Scene, name: str) -> None:
    tell = scene.narrator
    tell.chapter(f"The run of {name} is rolled back")
    predicted = scene.counts("dry run of the rollback", scene.run(name, action="rollback", runId=scene.runs[name]))
    undone = scene.counts("rollback", scene.run(name, action="rollback", runId=scene.runs[name], dryRun=False))
    tell.check("the dry run predicted the rollback's counts", predicted == undone)
    [[leads, customers]] = scene.sql.run(
        'SELECT count(customer_id), (SELECT count(*) FROM intake."Customer") FROM intake."Lead"'
    )
    tell.check("no lead has a customer, and no customer is left", (leads, customers) == (0, 0))
