"""lead-customers: groups leads by their strongest identifier, gives each group a customer, links leads and jobs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from switchboard.backfills.definition import (
    Batch,
    Check,
    Decision,
    Definition,
    Findings,
    LaneStart,
    Late,
    RunFacts,
    Step,
    Written,
    applying,
    bounds_by,
    deciding,
    staging,
    undoing,
)
from switchboard.backfills.lead_customers_report import LABELS, report
from switchboard.backfills.wording import share
from switchboard.store.database import Transaction, as_json

SCRIPT, VERSION = "backfill-customers.ts", "batch-3"
AUDIT_ACTION = "backfill_customers"
SHOWN_CUSTOMERS = 1_000

_create = applying("lead_customers.create_customers")
_create_in_orgs = applying("lead_customers.create_customers_in_orgs")
_refresh = applying("lead_customers.refresh_metadata")


def _bounds_of_staged(tx: Transaction, batch: Batch, lanes: int) -> Sequence[LaneStart]:
    tx.rows("lead_customers.analyze_staged")
    return bounds_by("lead_customers.group_bounds")(tx, batch, lanes)


def _apply_create(tx: Transaction, batch: Batch, decision: Decision) -> Written:
    in_orgs = tx.one("lead_customers.has_org")["found"]
    made = (_create_in_orgs if in_orgs else _create)(tx, batch, decision)
    refreshed = _refresh(tx, batch, decision)
    return Written(images=(*made.images, *refreshed.images))


def _forget(tx: Transaction) -> None:
    tx.rows("lead_customers.forget")


def _late(tx: Transaction, batch: Batch) -> Late:
    row = tx.one("lead_customers.late", **batch.values())
    return Late(row["rows"], tuple(row["ids"] or ()), row["kinds"])


def _refusals(tx: Transaction, _params: object, _target_number: int) -> Sequence[str]:
    return [f"{row['name']} is NOT NULL" for row in tx.rows("lead_customers.required_columns")]


def _verify(tx: Transaction, run: RunFacts) -> Findings:
    """The tables as they are, in a dry run as they would be, but for rows that came after the last pass."""
    dry = run.dry_run and run.action == "run"
    state = tx.one("lead_customers.state", dry_run=dry, predicted=dry, run_id=run.id)
    predicted = run.counts if dry else {}
    customers = state["customers"] + predicted.get("Customers created", 0)
    leads_linked = state["leads_linked"] + predicted.get("Leads linked", 0)
    jobs_linked = state["jobs_linked"] + predicted.get("Jobs linked", 0)
    late = run.late.kinds
    leads, jobs = state["leads"] - late.get("leads", 0), state["jobs"] - late.get("jobs", 0)
    mismatches = state["mismatches"] - late.get("jobs of linked leads", 0)
    audits = state["audits"] + (run.action == "run")  # its own is written with this very answer
    checks = (
        Check("Customers Created", ">= 1", customers, customers >= 1 or leads == 0),
        Check("Leads linked", "100.0%", share(leads_linked, leads), leads_linked >= leads),
        Check("Jobs linked", "100.0%", share(jobs_linked, jobs), jobs_linked >= jobs),
        _none("NULL customer_id on Lead", leads - leads_linked),
        _none("NULL customer_id on Job", jobs - jobs_linked),
        _none("Job/lead mismatch", mismatches),
        Check("Audit entries", ">= 1", audits, audits >= 1),
    )
    figures: dict[str, Any] = dict(state) | {
        "customers": customers,
        "leads_linked": leads_linked,
        "jobs_linked": jobs_linked,
    }
    if run.verbose and run.action == "run":
        figures["groups"] = tx.rows("lead_customers.customers_of_run", size=SHOWN_CUSTOMERS)
    return Findings(checks, figures)


def _none(name: str, actual: int) -> Check:
    return Check(name, 0, actual, actual == 0)


def _record(tx: Transaction, run: RunFacts, now: datetime) -> None:
    counts = run.counts
    stats = {
        "customersCreated": counts.get("Customers created", 0),
        "customersSkipped": counts.get("Customers reused", 0),
        "leadsLinked": counts.get("Leads linked", 0),
        "leadsAlreadyLinked": counts.get("Leads already linked", 0),
        "jobsLinked": counts.get("Jobs linked", 0),
        "jobsAlreadyLinked": counts.get("Jobs already linked", 0),
        "errors": [f"{error.row_id}: {error.message} {error.sqlstate}".strip() for error in run.row_errors],
    }
    _add_audit(tx, run.id, AUDIT_ACTION, {"stats": stats}, now)


def _erase(tx: Transaction, run: RunFacts, now: datetime) -> None:
    tx.rows("lead_customers.remove_audit", id=run.target_id)
    counts = {label: run.counts.get(label, 0) for label in ("Restored", "Deleted", "Left alone")}
    _add_audit(tx, run.id, f"{AUDIT_ACTION}_rollback", {"runId": run.target_id, "stats": counts}, now)


def _add_audit(tx: Transaction, row_id: str, action: str, payload: dict[str, Any], now: datetime) -> None:
    whole = {"timestamp": now, **payload, "script": SCRIPT, "version": VERSION}
    tx.rows("lead_customers.add_audit", id=row_id, action=action, payload=as_json(whole), now=now)


DEFINITION = Definition(
    name="lead-customers",
    labels=LABELS,
    tables=tuple(f'{{intake}}."{name}"' for name in ("Lead", "Job", "Customer", "CustomerAddress", "Audit")),
    steps=(
        Step(
            key="survey",
            name="group",
            bounds=bounds_by("lead_customers.customer_bounds"),
            decide=deciding("lead_customers.decide_survey"),
            stage=staging("lead_customers.stage_survey"),
        ),
        Step(
            key="group",
            name="group",
            bounds=bounds_by("lead_customers.lead_bounds"),
            decide=deciding("lead_customers.decide_group"),
            stage=staging("lead_customers.stage_group"),
            catch_up=True,
            weight=2,
        ),
        Step(
            key="create",
            name="create customers and link leads",
            bounds=_bounds_of_staged,
            decide=deciding("lead_customers.decide_create"),
            apply=_apply_create,
            stage=staging("lead_customers.stage_create"),
            catch_up=True,
            weight=4,
        ),
        Step(
            key="link",
            name="create customers and link leads",
            bounds=bounds_by("lead_customers.member_bounds"),
            decide=deciding("lead_customers.decide_link"),
            apply=applying("lead_customers.apply_link"),
            catch_up=True,
            weight=5,
        ),
        Step(
            key="jobs",
            name="link jobs",
            bounds=bounds_by("lead_customers.job_bounds"),
            decide=deciding("lead_customers.decide_jobs"),
            apply=applying("lead_customers.apply_jobs"),
            catch_up=True,
        ),
    ),
    undos={
        kind: undoing(
            decide=f"lead_customers.decide_undo_{kind}",
            apply=f"lead_customers.apply_undo_{kind}",
            lock="lead_customers.lock_undo_customer" if kind == "customer" else None,
            stage=None if kind == "customer" else "lead_customers.stage_undo",
        )
        for kind in ("lead", "job", "metadata", "customer")
    },
    verify=_verify,
    report=report,
    closing_steps=("audit",),
    forget=_forget,
    refusals=_refusals,
    late=_late,
    record=_record,
    erase=_erase,
)
