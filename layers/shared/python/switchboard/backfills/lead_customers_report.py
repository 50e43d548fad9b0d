"""lead-customers' report, in the layout that its operators know."""

from collections.abc import Iterator, Mapping
from typing import Any

from switchboard.backfills.definition import Check, Findings, RunFacts
from switchboard.backfills.wording import average, mark, share

LABELS = (
    "Customers created",
    "Customers reused",
    "Leads linked",
    "Leads already linked",
    "Jobs linked",
    "Jobs already linked",
)
TYPES = {"psid": "By PSID", "phone": "By Phone", "email": "By Email", "individual": "Individual"}


def report(run: RunFacts, findings: Findings) -> str:
    """The whole report of a run, or of a verification alone."""
    lines = [] if run.action == "verify" else list(_run(run, findings))
    return "\n".join([*lines, *_health(findings.figures), *_checks(findings.checks)])


def _run(run: RunFacts, findings: Findings) -> Iterator[str]:
    counts = run.counts
    yield "🚀 Starting Batch 3: Customer Backfill"
    yield f"   Mode: {'🔍 DRY RUN' if run.dry_run else '✏️  WRITE'}"
    yield "[1/4] Grouping leads by customer identifiers..."
    yield f"📊 Found {counts.get('Leads found', 0):,} total leads"
    yield f"🔗 Grouped into {_groups(counts):,} potential customers"
    for kind, title in TYPES.items():
        yield f"   - {title}: {counts.get(f'By {kind}', 0):,}"
    if several := counts.get("Several customers match", 0):
        yield f"   ! {several:,} groups match several customers: the oldest was taken"
    yield "[2/4] Creating customers and linking leads..."
    for group in findings.figures.get("groups", ()):
        yield f"   · Customer {group['customer_id']}: {group['leads']:,} lead(s)"
    yield f"   ✓ Created {counts.get('Customers created', 0):,} customer(s)"
    yield f"   ✓ Linked {counts.get('Leads linked', 0):,} lead(s) to customers"
    yield "[3/4] Linking jobs to customers..."
    yield f"   ✓ Linked {counts.get('Jobs linked', 0):,} job(s) to customers"
    yield "[4/4] Recording audit log..."
    yield "   - Skipped: a dry run records nothing" if run.dry_run else "   ✓ Audit log created"
    yield "🔍 DRY RUN COMPLETE" if run.dry_run else "✅ BACKFILL COMPLETE"
    yield "📊 Statistics:"
    for label in (*LABELS, "Errors"):
        yield f"   {label + ':':<23} {counts.get(label, 0):,}"
    yield "📊 Grouping quality:"
    for kind in TYPES:
        groups = counts.get(f"By {kind}", 0)
        leads = counts.get(f"Leads by {kind}", 0)
        yield f"   {kind}: {groups:,} customers, {average(leads, groups)} leads on average"


def _groups(counts: Mapping[str, int]) -> int:
    return sum(counts.get(f"By {kind}", 0) for kind in TYPES)


def _health(state: Mapping[str, Any]) -> Iterator[str]:
    yield "🏥 Health check:"
    yield f"   Customers:    {state['customers']:,}"
    for name, total, linked in (
        ("Leads linked", state["leads"], state["leads_linked"]),
        ("Jobs linked", state["jobs"], state["jobs_linked"]),
    ):
        yield f"   {name + ':':<13} {linked:,} of {total:,} ({share(linked, total)})"


def _checks(checks: tuple[Check, ...]) -> Iterator[str]:
    yield "🔎 Verification:"
    for check in checks:
        actual = f"{check.actual:,}" if isinstance(check.actual, int) else check.actual
        yield f"   {'✓' if check.ok else '✗'} {check.name}: {actual} (expected: {check.expected}) {mark(check.ok)}"
    yield "✅ All checks passed!" if all(check.ok for check in checks) else "❌ Some checks failed"
