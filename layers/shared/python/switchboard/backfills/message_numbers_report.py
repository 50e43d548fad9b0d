"""message-numbers' checks and report, in the layout that its operators know."""

from collections.abc import Iterator, Mapping
from typing import Any

from switchboard.backfills.definition import Check, Findings, RunFacts
from switchboard.backfills.message_numbers_threads import WITHOUT, class_label
from switchboard.backfills.wording import mark
from switchboard.store.database import Transaction

LABELS = (
    "Front desk numbers created",
    "Front desk numbers promoted",
    "Sitter masked numbers created",
    "Pool numbers created",
    "Threads updated",
    "Threads flagged for review",
    "Classification fields updated",
)
SHOWN_ORGS = 20
CLASSES = ("front_desk", "pool", "sitter")


def verify(tx: Transaction, run: RunFacts) -> Findings:
    """The tables as they are, in a dry run as they would be, but for rows that came after the last pass."""
    foreseen = run.dry_run and run.action == "run"
    state = tx.one("message_numbers.state", foreseen=foreseen)
    by_class: dict[str | None, int] = {row["class"]: row["threads"] for row in state["by_class"] or ()}
    figures = dict(state) | {"by_org": state["by_org"] or (), "by_class": by_class}
    if foreseen:
        figures |= _foreseen(run, state)
    late = run.late.kinds
    without = int(state["organisations"] - state["with_one_desk"]) - late.get("organisations", 0)
    missing = figures["missing"] - late.get("missing", 0)
    mismatches = figures["mismatches"] - late.get("mismatches", 0)
    checks = (
        Check("Front desk numbers per org", "1 for each org", _desks(figures, without), without == 0),
        Check(
            "Sitter masked numbers",
            f"<= {figures['sitters']}",
            figures["masks"],
            figures["masks"] <= figures["sitters"],
        ),
        Check("Threads missing messageNumberId", 0, missing, missing == 0),
        Check("Threads of another class than their number", 0, mismatches, mismatches == 0),
    )
    return Findings(checks, figures)


def _foreseen(run: RunFacts, state: Mapping[str, Any]) -> dict[str, Any]:
    counts = run.counts
    by_class: dict[str | None, int] = {name: counts.get(class_label(name), 0) for name in CLASSES}
    missing = counts.get(WITHOUT, 0)
    return {
        "masks": state["masks"] + counts.get("Sitter masked numbers created", 0),
        "pool": state["pool"] - counts.get("Promoted from the pool", 0),
        "missing": missing,
        "mismatches": 0,
        "by_class": {name: threads for name, threads in by_class.items() if threads}
        | ({None: missing} if missing else {}),
    }


def _desks(figures: Mapping[str, Any], without: int) -> str:
    if not without:
        return "1 for each org"
    wrong = [f"{row['org_id']}: {row['desks']}" for row in figures["by_org"] if row["desks"] != 1][:SHOWN_ORGS]
    return ", ".join(wrong) + (f" and {without - len(wrong):,} more" if without > len(wrong) else "")


def report(run: RunFacts, findings: Findings) -> str:
    """The whole report of a run, or of a verification alone."""
    lines = [] if run.action == "verify" else list(_run(run))
    return "\n".join([*lines, *_proof(findings)])


def _run(run: RunFacts) -> Iterator[str]:
    counts = run.counts
    yield "🚀 Starting Message Numbers Backfill"
    yield f"   Mode: {'🔍 DRY RUN' if run.dry_run else '✏️  WRITE'}"
    yield "✅ DRY RUN COMPLETE" if run.dry_run else "✅ BACKFILL COMPLETE"
    yield "📊 Statistics:"
    for label in (*LABELS, "Errors"):
        yield f"   {label}: {counts.get(label, 0):,}"
    yield ""


def _proof(findings: Findings) -> Iterator[str]:
    figures = findings.figures
    desks, masks, missing, classes = findings.checks[:4]
    if not figures["desks"] and not any(row["desks"] for row in figures["by_org"]):
        yield "Front Desk Numbers Per Org: (empty)" + ("" if desks.ok else f" {mark(False)}")
    else:
        yield "Front Desk Numbers Per Org:"
        for row in figures["by_org"]:
            good = row["desks"] == 1
            if desks.ok and not good:
                yield f"  - Org {row['org_id']}: {row['desks']:,} (after the last pass)"
            else:
                yield f"  {'✓' if good else '✗'} Org {row['org_id']}: {row['desks']:,} (expected: 1) {mark(good)}"
    yield f"Sitter Masked Numbers: {figures['masks']:,}" + ("" if masks.ok else f" ({_expected(masks)}) {mark(False)}")
    yield f"Pool Numbers: {figures['pool']:,}"
    yield f"Threads Missing messageNumberId: {missing.actual:,} (expected: 0) {mark(missing.ok)}"
    if not classes.ok:
        yield f"Threads Of Another Class Than Their Number: {classes.actual:,} (expected: 0) {mark(False)}"
    yield "Threads By Number Class:"
    for name, threads in sorted(figures["by_class"].items(), key=lambda pair: (pair[0] is None, pair[0] or "")):
        yield f"  {name or 'null'}: {threads:,}"
    yield "✅ All checks passed!" if all(check.ok for check in findings.checks) else "❌ Some checks failed"


def _expected(check: Check) -> str:
    return f"expected: {check.expected}"
