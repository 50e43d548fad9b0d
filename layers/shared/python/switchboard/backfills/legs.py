"""Which steps a run goes through: passes over its definition's steps, or a rollback's way back; counted from 1."""

from dataclasses import dataclass

from switchboard.backfills.definition import Definition, Step
from switchboard.backfills.rollback import undo_steps
from switchboard.backfills.runs import Run
from switchboard.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Leg:
    """One step in one pass."""

    number: int
    pass_number: int
    step: Step
    ends_pass: bool


def leg_of(tx: Transaction, definition: Definition, run: Run, number: int) -> Leg | None:
    """The leg with this number; None: there is none (an empty definition, or the way back is at its end)."""
    if run.action == "rollback":
        steps = undo_steps(tx, definition, run)
        return Leg(number, 1, steps[number - 1], number == len(steps)) if 0 < number <= len(steps) else None
    first = definition.steps
    if number <= len(first):
        return Leg(number, 1, first[number - 1], number == len(first))
    again = [step for step in first if step.catch_up]
    if not again:
        return None
    later, place = divmod(number - len(first) - 1, len(again))
    return Leg(number, later + 2, again[place], place == len(again) - 1)
