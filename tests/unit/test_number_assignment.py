"""Which number a thread gets."""

from dataclasses import replace

import pytest

from switchboard.domain.number_assignment import (
    NO_MASKED_NUMBER,
    NO_POOL_NUMBER,
    Numbers,
    OurNumber,
    Pool,
    ThreadFacts,
    assign,
)

DESK, OWN = OurNumber("d", "+15550100000", "front_desk"), OurNumber("s", "+15550100011", "sitter")
LENT, OTHER = OurNumber("p1", "+15550100001", "pool"), OurNumber("p2", "+15550100002", "pool")
THREAD = ThreadFacts(
    id="t", org_id="o", scope="client_booking", is_open=True, client_id="c", sitter_id="s1", is_meet_and_greet=False,
    is_one_time=False, number=None, stored_class=None,
)  # fmt: skip


def numbers(*free: OurNumber, own: OurNumber | None = OWN, had: tuple[str, ...] = ()) -> Numbers:
    return Numbers(DESK, lambda sitter: own, Pool(free, lambda client: had))


def got(thread: ThreadFacts, given: Numbers) -> tuple[str, str | None] | None:
    found = assign(thread, given)
    return (found.number.id, found.review) if found else None


def test_the_first_rule_that_matches_decides() -> None:
    everything = replace(THREAD, is_meet_and_greet=True, is_one_time=True)
    assert got(everything, numbers(LENT)) == ("d", None)
    assert got(replace(THREAD, is_one_time=True), numbers(LENT)) == ("p1", None)
    assert got(THREAD, numbers(LENT)) == ("s", None)
    assert got(replace(THREAD, sitter_id=None), numbers(LENT)) == ("d", None)


@pytest.mark.parametrize("scope", ["client_general", "owner_sitter", "internal"])
def test_other_scopes_have_the_front_desk_before_any_rule(scope: str) -> None:
    assert got(replace(THREAD, scope=scope, is_one_time=True), numbers(LENT)) == ("d", None)


def test_what_is_missing_falls_back_to_the_front_desk_for_review() -> None:
    assert got(THREAD, numbers(own=None)) == ("d", NO_MASKED_NUMBER)
    assert got(replace(THREAD, is_one_time=True), numbers()) == ("d", NO_POOL_NUMBER)


def test_threads_that_are_over_are_lent_nothing_and_need_no_review() -> None:
    assert got(replace(THREAD, is_one_time=True, is_open=False), numbers(LENT)) == ("d", None)
    assert got(replace(THREAD, is_open=False), numbers(own=None)) == ("d", NO_MASKED_NUMBER)


def test_a_pool_number_is_lent_once_and_first_to_the_client_who_had_it() -> None:
    given, thread = numbers(LENT, OTHER, had=("gone", "p2")), replace(THREAD, is_one_time=True)
    assert [got(thread, given), got(thread, given), got(thread, given)] == [
        ("p2", None),
        ("p1", None),
        ("d", NO_POOL_NUMBER),
    ]


def test_a_thread_with_a_number_only_follows_its_class() -> None:
    assert got(replace(THREAD, number=LENT, stored_class="pool"), numbers()) is None
    assert got(replace(THREAD, number=LENT, stored_class="sitter"), numbers()) == ("p1", None)


def test_without_a_front_desk_nothing_falls_back() -> None:
    bare = Numbers(None, lambda sitter: None, Pool((), lambda client: ()))
    assert got(THREAD, bare) is None
