"""A backfill as small as they come, for the tests: takes the white space off leads' names."""

from switchboard.backfills.definition import (
    Check,
    Definition,
    Findings,
    RunFacts,
    Step,
    applying,
    bounds_by,
    deciding,
    undoing,
)
from switchboard.store.database import Transaction


def _verify(tx: Transaction, run: RunFacts) -> Findings:
    wrong = tx.one("trim_names.wrong")["rows"]
    left = wrong - (run.counts.get("Names trimmed", 0) if run.dry_run else 0)
    return Findings((Check("Names with white space", 0, left, left == 0),))


def _report(run: RunFacts, findings: Findings) -> str:
    lines = [f"Names trimmed: {run.counts.get('Names trimmed', 0):,}"]
    return "\n".join([*lines, *(f"{check.name}: {check.actual}" for check in findings.checks)])


DEFINITION = Definition(
    name="trim-names",
    labels=("Names trimmed",),
    tables=('{intake}."Lead"',),
    steps=(
        Step(
            key="names",
            name="names",
            bounds=bounds_by("trim_names.bounds"),
            decide=deciding("trim_names.decide"),
            apply=applying("trim_names.apply"),
        ),
    ),
    undos={"name": undoing(decide="trim_names.decide_undo", apply="trim_names.apply_undo")},
    verify=_verify,
    report=_report,
)
