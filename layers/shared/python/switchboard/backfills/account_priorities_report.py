"""account-priorities' reports, in the layouts that its operators know: of a run, and of a verification."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from switchboard.backfills.account_priorities_checks import CHECKED
from switchboard.backfills.account_schema import ACCOUNT_TYPE, Column, EnumType, Index, Validation
from switchboard.backfills.definition import Check, Findings, RunFacts
from switchboard.backfills.wording import share
from switchboard.domain.account_classes import PRIORITIES

STEPS = ("Customer Classification", "Verify Classification", "Phase 2 Migration", "Verify Phase 2 Tables",
         "Update Account Priorities", "Record Migration")  # fmt: skip
Figures = Mapping[str, Any]


def report(run: RunFacts, findings: Findings) -> str:
    """The report of a run, or of a verification."""
    lines = _verification(findings) if run.action == "verify" else _run(run, findings)
    return "\n".join(lines)


def _run(run: RunFacts, findings: Findings) -> Iterator[str]:
    figures = findings.figures
    yield "🚀 LEORA CRM - PHASE 2 DATABASE MIGRATION"
    yield "=" * 48
    if run.dry_run:
        yield "   Mode: 🔍 DRY RUN"
    yield from ("", "Step 1: Customer Classification")
    for name in PRIORITIES:
        yield f"  ✓ {name} customers updated: {run.counts.get(f'{name} customers updated', 0):,}"
    yield from ("", "Step 2: Verify Customer Classification")
    yield from _shares(figures["classes"], tuple(PRIORITIES), figures["customers"])
    yield _unclassified(figures["classes"].get(None, 0))
    yield from ("", "Step 3: Phase 2 Schema Migration", _schema(run, figures))
    yield from ("", "Step 4: Verify Phase 2 Tables", *_objects(figures, foreseen=run.dry_run))
    yield from ("", "Step 5: Update Account Priorities")
    for name, priority in PRIORITIES.items():
        yield f"  ✓ {priority} priority ({name}): {run.counts.get(f'{priority} priority', 0):,} customers"
    yield from ("", "Step 6: Record Migration", _record(figures))
    yield from _summary(run, findings)


def _shares(counts: Mapping[str | None, int], known: Sequence[str], total: int) -> Iterator[str]:
    further = sorted(name for name in counts if name is not None and name not in known)
    for name in (*known, *further):
        yield f"  {name}: {counts.get(name, 0):,} ({_share(counts.get(name, 0), total)})"
    if unset := counts.get(None, 0):
        yield f"  null: {unset:,} ({_share(unset, total)})"


def _share(part: int, total: int) -> str:
    return share(part, total) if total else "0.0%"


def _unclassified(customers: int) -> str:
    return f"  ✗ {customers:,} customers are not classified" if customers else "  ✓ All customers are classified!"


def _schema(run: RunFacts, figures: Figures) -> str:
    if run.dry_run:
        return f"  🔍 Phase 2 migration SQL would make {figures['missing']:,} objects"
    return "  ✓ Phase 2 migration SQL executed successfully"


def _objects(figures: Figures, *, foreseen: bool) -> Iterator[str]:
    for table, rows in figures["rows"].items():
        if rows is None:
            yield f"  🔍 {table} table would be made" if foreseen else f"  ✗ {table} table is missing"
        else:
            yield f"  ✓ {table} table exists ({rows:,} rows)"
    for table in ("CallPlan", "Customer"):
        problems = figures["problems"][f"{table} Columns"]
        yield f"  ✗ {table}: {'; '.join(problems.values())}" if problems else f"  ✓ {table} has Phase 2 columns"


def _record(figures: Figures) -> str:
    if figures.get("record_problem") is not None:
        return f"  ⚠ Migration record could not be created ({figures['record_problem']})"
    if figures.get("record_is_own"):
        return f"  ✓ Created migration record: {figures['record']}"
    if figures["record"]:
        return f"  ✓ Migration record exists: {figures['record']}"
    return "  - Skipped: a dry run records nothing"


def _summary(run: RunFacts, findings: Findings) -> Iterator[str]:
    failed = [check for check in findings.checks if not check.ok]
    yield from ("", "📊 MIGRATION SUMMARY", "=" * 65)
    for number, name in enumerate(STEPS, 1):
        warned = name == "Record Migration" and findings.figures.get("record_problem") is not None
        yield f"{'⚠' if warned else '✓'} Step {number}: {name}"
    yield ""
    for check in failed:
        yield f"✗ {check.name}: {_shown(check.actual)} (expected: {_shown(check.expected)})"
    if failed:
        yield f"❌ {len(failed)} checks failed"
    elif run.dry_run:
        yield "🔍 DRY RUN COMPLETE: nothing was changed"
    else:
        yield f"🎉 All {len(STEPS)} migration steps completed successfully!"


def _shown(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else value


def _verification(findings: Findings) -> Iterator[str]:
    figures = findings.figures
    yield "🔍 PHASE 2 DATABASE VERIFICATION"
    for name, objects in CHECKED.items():
        yield from ("", f"📋 Verifying {name}...")
        for wanted in objects:
            yield _object(wanted, figures, figures["problems"][name])
    yield from ("", "📋 Verifying Data Counts...", *_data(figures))
    yield from _verdict(findings.checks)


def _object(wanted: Any, figures: Figures, problems: Mapping[str, str]) -> str:
    name = wanted.full_name if isinstance(wanted, Column) else wanted.name
    title = _title(wanted)
    return f"✗ {title}: {problems[name]}" if name in problems else f"✓ {title}{_detail(wanted, figures['found'])}"


def _title(wanted: Any) -> str:
    if isinstance(wanted, Index):
        return f"{wanted.table}.{wanted.name}"
    if isinstance(wanted, Validation):
        return f"{wanted.reference.table}.{wanted.reference.column} -> {wanted.reference.target}"
    return wanted.name if isinstance(wanted, (Column, EnumType)) else f"Table: {wanted.name}"


def _detail(wanted: Any, found: Figures) -> str:
    if isinstance(wanted, EnumType):
        extra = wanted.further_labels(found)
        return f": {', '.join(wanted.labels)}" + (f" (also: {', '.join(extra)})" if extra else "")
    if not isinstance(wanted, Column):
        return ""
    column = found["tables"][wanted.table][wanted.name]
    kind = "USER-DEFINED" if column["is_enum"] else column["kind"]
    null = f" (nullable: {'YES' if column['is_nullable'] else 'NO'})" if wanted.table == "Customer" else ""
    return f": {kind}{null}"


def _data(figures: Figures) -> Iterator[str]:
    yield "Customer Classification:"
    yield from _shares(figures["classes"], ACCOUNT_TYPE.labels, figures["customers"])
    yield f"  Total: {figures['customers']:,}"
    yield from ("", "Account Priority:")
    yield from _shares(figures["priorities"], sorted(PRIORITIES.values()), figures["customers"])
    yield from ("", "Phase 2 Tables:")
    for table, rows in figures["rows"].items():
        yield f"  {table}: missing" if rows is None else f"  {table}: {rows:,} rows"
    if figures["unfit"]:
        yield f"✗ {figures['unfit']:,} customers without a class, or with another priority than their class has"


def _verdict(checks: Sequence[Check]) -> Iterator[str]:
    yield from ("", "=" * 60, "  VERIFICATION SUMMARY", "=" * 60)
    for check in checks:
        yield f"{'✓' if check.ok else '✗'} {check.name}"
    failed = sum(not check.ok for check in checks)
    yield from ("", f"❌ {failed} verification checks failed" if failed else "🎉 All verification checks passed!")
