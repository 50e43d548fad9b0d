"""message-numbers: a front desk for each organisation, a number for each thread, the class of each client."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import StrictStr, field_validator

from switchboard.backfills.definition import (
    Batch,
    Decision,
    Definition,
    Late,
    RowError,
    Step,
    Written,
    applying,
    bounds_by,
    staging,
    undoing,
)
from switchboard.backfills.errors import InvalidInput
from switchboard.backfills.message_numbers_report import LABELS, report, verify
from switchboard.backfills.message_numbers_threads import decide_classification, decide_threads
from switchboard.backfills.params import Params
from switchboard.domain.phone import is_e164, to_e164
from switchboard.store.database import Transaction, as_json
from switchboard.store.numbers import hold_name

PARAMETER = "TWILIO_PHONE_NUMBER"


class RunParams(Params):
    """The platform's own number; without it the SSM parameter TWILIO_PHONE_NUMBER counts."""

    frontDeskNumber: StrictStr | None = None  # noqa: N815  the contract's name

    @field_validator("frontDeskNumber")
    @classmethod
    def _is_e164(cls, text: str | None) -> str | None:
        if text is not None and not is_e164(text):
            raise ValueError("a number in E.164, such as +15550100000")
        return text


def _fill_params(params: Mapping[str, Any], parameters: Callable[[], Mapping[str, str]]) -> Mapping[str, Any]:
    if params["frontDeskNumber"] is not None:
        return params
    stored = parameters().get(PARAMETER, "").strip()
    number = to_e164(stored) if stored else None
    if stored and number is None:
        raise InvalidInput(f"{PARAMETER}: the stored parameter is not a phone number")
    return {"frontDeskNumber": number}


def _decide_numbers(tx: Transaction, batch: Batch) -> Decision:
    """Front desks and masks of the next organisations."""
    found = [row["id"] for row in tx.rows("message_numbers.organisations", **_place(batch))]
    orgs, following = found[: batch.size], found[batch.size :]
    if not orgs:
        return Decision(next_key=None, scanned=0)
    hold(tx, batch, orgs)
    row = tx.one(
        "message_numbers.decide_numbers",
        orgs=orgs,
        front_desk=batch.params["frontDeskNumber"],
        first_without=tx.one("message_numbers.first_without_desk")["id"],
        run_number=batch.run_number,
        **{"pass": batch.pass_number},
    )
    return Decision(
        next_key=_key(following[0]) if following else None,
        scanned=len(orgs),
        counts=row["counts"],
        first_key=_key(orgs[0]),
        first_id=orgs[0],
        errors=tuple(RowError(e["key"], e["row_id"], e["message"]) for e in row["errors"] or ()),
        values={"desks": as_json(row["desks"] or []), "masks": as_json(row["masks"] or [])},
    )


def hold(tx: Transaction, batch: Batch, orgs: list[str]) -> None:
    """In a real run nobody else gives or takes these organisations' numbers until the batch is written."""
    if not batch.dry_run:
        tx.rows("message_numbers.hold", names=[hold_name(org) for org in sorted(set(orgs))])


def _place(batch: Batch) -> dict[str, Any]:
    return {"after": batch.after, "until": batch.until, "size": batch.size}


def _key(org_id: str) -> str:
    return as_json([org_id])


_write_numbers = applying("message_numbers.apply_numbers")
_write_threads = applying("message_numbers.apply_threads")
_write_classification = applying("message_numbers.apply_classification")


def _apply_numbers(tx: Transaction, batch: Batch, decision: Decision) -> Written:
    return _write_numbers(tx, batch, decision) if decision.scanned else Written()


def _apply_threads(tx: Transaction, batch: Batch, decision: Decision) -> Written:
    return _write_threads(tx, batch, decision) if decision.values.get("changes") else Written()


def _apply_classification(tx: Transaction, batch: Batch, decision: Decision) -> Written:
    return _write_classification(tx, batch, decision) if decision.values.get("changes") else Written()


_note_numbers = staging("message_numbers.stage_numbers")
_note_threads = staging("message_numbers.stage_threads")


def _stage_numbers(tx: Transaction, batch: Batch, decision: Decision) -> None:
    if batch.dry_run and decision.scanned:
        _note_numbers(tx, batch, decision)


def _stage_threads(tx: Transaction, batch: Batch, decision: Decision) -> None:
    if batch.dry_run and decision.values.get("changes"):
        _note_threads(tx, batch, decision)


def _decide_threads(tx: Transaction, batch: Batch) -> Decision:
    return decide_threads(tx, batch, lambda orgs: hold(tx, batch, orgs))


def _late(tx: Transaction, batch: Batch) -> Late:
    if batch.dry_run:
        return Late()
    row = tx.one("message_numbers.late", run_number=batch.run_number, size=batch.size)
    return Late(row["rows"], tuple(row["ids"] or ()), row["kinds"])


def _forget(tx: Transaction) -> None:
    tx.rows("message_numbers.forget")


DEFINITION = Definition(
    name="message-numbers",
    labels=LABELS,
    tables=tuple(
        f'{{messaging}}."{name}"'
        for name in ("MessageThread", "MessageNumber", "SitterMaskedNumber", "Booking", "Client", "Sitter")
    ),
    steps=(
        Step(
            key="numbers",
            name="numbers",
            bounds=bounds_by("message_numbers.bounds"),
            decide=_decide_numbers,
            apply=_apply_numbers,
            stage=_stage_numbers,
            catch_up=True,
        ),
        Step(
            key="threads",
            name="threads",
            bounds=bounds_by("message_numbers.bounds"),
            decide=_decide_threads,
            apply=_apply_threads,
            stage=_stage_threads,
            catch_up=True,
        ),
        Step(
            key="classification",
            name="classification",
            bounds=bounds_by("message_numbers.bounds"),
            decide=decide_classification,
            apply=_apply_classification,
            catch_up=True,
        ),
    ),
    undos={
        "thread": undoing(
            decide="message_numbers.decide_undo_thread",
            apply="message_numbers.apply_undo_thread",
            stage="message_numbers.stage_undo",
        ),
        "one_time": undoing(decide="message_numbers.decide_undo_one_time", apply="message_numbers.apply_undo_one_time"),
        "promoted_number": undoing(
            decide="message_numbers.decide_undo_promoted_number", apply="message_numbers.apply_undo_promoted_number"
        ),
        **{
            kind: undoing(
                decide=f"message_numbers.decide_undo_{kind}",
                apply=f"message_numbers.apply_undo_{kind}",
                lock=f"message_numbers.lock_undo_{kind}",
            )
            for kind in ("mask", "created_number")
        },
    },
    verify=verify,
    report=report,
    run_params=RunParams,
    fill_params=_fill_params,
    forget=_forget,
    late=_late,
)
