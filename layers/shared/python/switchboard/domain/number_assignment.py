"""Which number a thread without one gets, for a whole page of threads in their order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from switchboard.domain.numbers import NumberClass, number_class

DESK_SCOPES = ("client_general", "owner_sitter", "internal")
NO_MASKED_NUMBER = "the sitter has no active masked number"
NO_POOL_NUMBER = "no pool number is free"


@dataclass(frozen=True, slots=True)
class OurNumber:
    """One of our numbers and what it is."""

    id: str
    e164: str
    number_class: str


@dataclass(frozen=True, slots=True)
class ThreadFacts:
    """A thread as far as its number goes; `number` is the one that it has, `stored_class` what it says of it."""

    id: str
    org_id: str
    scope: str
    is_open: bool
    client_id: str | None
    sitter_id: str | None
    is_meet_and_greet: bool
    is_one_time: bool
    number: OurNumber | None
    stored_class: str | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """The number that a thread shall have. `review` says why it is not the one that the rule asks for."""

    number: OurNumber
    review: str | None = None
    is_lent: bool = False


class Pool:
    """An organisation's free pool numbers, the next one first; each is given out once."""

    def __init__(self, free: Sequence[OurNumber], had_before: Callable[[str], Sequence[str]]) -> None:
        self._free = {number.id: number for number in free}
        self._had_before = had_before

    def take(self, client_id: str | None) -> OurNumber | None:
        """The free number that the client had last, else the next one."""
        before = self._had_before(client_id) if client_id else ()
        number_id = next((had for had in before if had in self._free), None) or next(iter(self._free), None)
        return self._free.pop(number_id) if number_id else None


@dataclass(frozen=True, slots=True)
class Numbers:
    """What an organisation has to give: its front desk, its sitters' own numbers, its pool."""

    front_desk: OurNumber | None
    of_sitters: Callable[[str], OurNumber | None]
    pool: Pool


def assign(thread: ThreadFacts, numbers: Numbers) -> Assignment | None:
    """What is to change at the thread; None: it is as it should be, or there is no number for it."""
    if thread.number:
        return Assignment(thread.number) if thread.stored_class != thread.number.number_class else None
    wanted = wanted_class(thread)
    if wanted is NumberClass.SITTER:
        own = numbers.of_sitters(thread.sitter_id) if thread.sitter_id else None
        return Assignment(own) if own else _front_desk(numbers, review=NO_MASKED_NUMBER)
    if wanted is NumberClass.POOL:
        lent = numbers.pool.take(thread.client_id)
        return Assignment(lent, is_lent=True) if lent else _front_desk(numbers, review=NO_POOL_NUMBER)
    return _front_desk(numbers)


def wanted_class(thread: ThreadFacts) -> NumberClass:
    """By the rule; only open threads of a booking are lent a pool number."""
    if thread.scope in DESK_SCOPES:
        return NumberClass.FRONT_DESK
    wanted = number_class(
        is_meet_and_greet=thread.is_meet_and_greet,
        is_one_time=thread.is_one_time,
        has_sitter=thread.sitter_id is not None,
    )
    return NumberClass.FRONT_DESK if wanted is NumberClass.POOL and not thread.is_open else wanted


def _front_desk(numbers: Numbers, *, review: str | None = None) -> Assignment | None:
    return Assignment(numbers.front_desk, review) if numbers.front_desk else None
