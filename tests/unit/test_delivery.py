"""What becomes of an outbound text: the ladder, every failure's remedy, ambiguous sends."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.delivery import (
    DISPOSALS,
    STATUS_RANK,
    Decision,
    Disposal,
    Failure,
    LookResult,
    Match,
    NotSent,
    Refused,
    SentMessage,
    Undelivered,
    Unknown,
    after_failure,
    after_look,
    is_known_status,
    match_sent,
    moves_forward,
    validity_period_s,
)

NOW = datetime(2025, 1, 15, 12, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LADDER = [
    {"queued", "accepted", "scheduled"},
    {"sending"},
    {"sent"},
    {"undelivered", "failed", "canceled"},
    {"delivered"},
    {"read"},
]


def decide(outcome: Failure, *, tries: int = 1, fraction: float = 0.0, window_end: datetime | None = None) -> Decision:
    return after_failure(outcome, tries=tries, now=NOW, fraction=fraction, window_end=window_end)


def pause(decision: Decision) -> timedelta:
    assert decision.next_attempt_at is not None
    return decision.next_attempt_at - NOW


def is_final(decision: Decision) -> bool:
    return decision.next_attempt_at is None


def test_a_status_moves_up_the_ladder_and_never_down_or_sideways() -> None:
    rungs = [(status, height) for height, rung in enumerate(LADDER) for status in rung]
    assert {status for status, _ in rungs} == set(STATUS_RANK)
    for (old, low), (new, high) in itertools.product(rungs, rungs):
        assert moves_forward(old, new) is (high > low)


@pytest.mark.parametrize("status", ["receiving", "partially_delivered", "", "DELIVERED", "unknown"])
def test_an_unknown_status_is_ignored(status: str) -> None:
    assert not is_known_status(status)
    assert not moves_forward("queued", status)
    assert not moves_forward(None, status)


def test_any_known_status_follows_none_and_our_own_states() -> None:
    for status in STATUS_RANK:
        assert moves_forward(None, status)
        assert moves_forward("unknown", status)


@given(st.permutations(["queued", "sending", "sent", "undelivered", "delivered", "read"]))
def test_callbacks_in_any_order_end_at_the_highest(statuses: list[str]) -> None:
    held: str | None = None
    for status in statuses:
        if moves_forward(held, status):
            held = status
    assert held == "read"


# The table of errors, as the operators know it: code, class, whether the first failure is final.
TABLE = [
    (429, Disposal.RETRY_WITH_JITTER, False),
    (20429, Disposal.RETRY_WITH_JITTER, False),
    (21211, Disposal.PERMANENT, True),
    (21612, Disposal.PERMANENT, True),
    (21614, Disposal.PERMANENT, True),
    (30006, Disposal.PERMANENT, True),
    (21408, Disposal.PERMANENT_ALARM, True),
    (21610, Disposal.OPT_OUT, True),
    (30004, Disposal.OPT_OUT, True),
    (21611, Disposal.BACK_OFF, False),
    (30001, Disposal.BACK_OFF, False),
    (21602, Disposal.PERMANENT_OUR_FAULT, True),
    (21605, Disposal.PERMANENT_OUR_FAULT, True),
    (21617, Disposal.PERMANENT_OUR_FAULT, True),
    (30003, Disposal.RETRY_LATER, False),
    (30005, Disposal.RETRY_ONCE, False),
    (30008, Disposal.RETRY_ONCE, False),
    (30007, Disposal.PERMANENT_ALARM, True),
    (30022, Disposal.BACK_OFF, False),
    (30023, Disposal.BACK_OFF, False),
    (30034, Disposal.PERMANENT_ALARM, True),
    (14107, Disposal.LOOP_STOP, True),
]


def test_the_table_names_every_code_that_is_handled() -> None:
    assert {code for code, _, _ in TABLE} == set(DISPOSALS)


@pytest.mark.parametrize(("code", "disposal", "final"), TABLE)
def test_each_code_is_dealt_with_as_its_row_says(code: int, disposal: Disposal, final: bool) -> None:
    refused, undelivered = decide(Refused(code, 400)), decide(Undelivered(code))
    assert refused.failure_code == str(code)
    for decision in (refused, undelivered):
        assert (decision.disposal, is_final(decision)) == (disposal, final)
        assert decision.opt_out is (disposal is Disposal.OPT_OUT)
        assert decision.alarm is (disposal.name.startswith(("PERMANENT_", "LOOP")))


@pytest.mark.parametrize("outcome", [Refused(99999, 400), Refused(None, 403), Undelivered(None), Undelivered(63000)])
def test_what_is_not_in_the_table_is_final_and_raises_an_alarm(outcome: Failure) -> None:
    decision = decide(outcome)
    assert (is_final(decision), decision.alarm) == (True, True)


def test_a_429_counts_by_its_status_unless_its_code_says_more() -> None:
    assert not is_final(decide(Refused(None, 429)))
    assert not is_final(decide(Refused(88888, 429)))
    assert decide(Refused(14107, 429)).disposal is Disposal.LOOP_STOP


def test_an_unreachable_handset_is_tried_after_15_minutes_1_hour_4_hours_and_no_more() -> None:
    pauses = [pause(decide(Undelivered(30003), tries=tries, fraction=0.9)) for tries in (1, 2, 3)]
    assert pauses == [15 * MINUTE, HOUR, 4 * HOUR]
    assert is_final(decide(Undelivered(30003), tries=4))


def test_an_unknown_failure_is_tried_once_more() -> None:
    assert not is_final(decide(Undelivered(30005), tries=1))
    assert is_final(decide(Undelivered(30005), tries=2))


@given(tries=st.integers(1, 40), fraction=st.floats(0, 1, exclude_max=True))
def test_a_failed_connection_is_retried_with_a_growing_jittered_pause(tries: int, fraction: float) -> None:
    waited = pause(decide(NotSent("ConnectTimeout"), tries=tries, fraction=fraction))
    full = timedelta(seconds=min(2 ** (tries - 1), 600))
    assert full / 2 <= waited <= full


def test_jitter_spreads_retries_apart() -> None:
    pauses = {pause(decide(Refused(20429, 429), tries=5, fraction=step / 10)) for step in range(10)}
    assert len(pauses) == 10


def test_retries_end_some_time_even_without_a_window() -> None:
    for outcome in (NotSent("x"), Refused(20429, 429), Undelivered(30023)):
        assert is_final(decide(outcome, tries=1_000))


@pytest.mark.parametrize(("asked", "waited"), [(30.0, 30 * SECOND), (0.0, SECOND / 2), (-5.0, SECOND / 2), (1e9, HOUR)])
def test_what_retry_after_asks_for_is_the_least_up_to_an_hour(asked: float, waited: timedelta) -> None:
    assert pause(decide(Refused(20429, 429, retry_after_s=asked))) == waited


@given(
    outcome=st.sampled_from(
        [NotSent("x"), Refused(20429, 429), Undelivered(30003), Undelivered(30005), Refused(21611, 400)]
    ),
    tries=st.integers(1, 60),
    fraction=st.floats(0, 1, exclude_max=True),
    left=st.timedeltas(min_value=-HOUR, max_value=6 * HOUR),
)
def test_nothing_is_retried_at_or_after_the_windows_end(
    outcome: Failure, tries: int, fraction: float, left: timedelta
) -> None:
    free = decide(outcome, tries=tries, fraction=fraction)
    bound = decide(outcome, tries=tries, fraction=fraction, window_end=NOW + left)
    if free.next_attempt_at is not None and free.next_attempt_at < NOW + left:
        assert bound == free
    else:
        assert is_final(bound)
        assert bound.window_ended is not is_final(free)


def test_a_window_ends_before_its_last_instant() -> None:
    at_the_end = decide(Undelivered(30003), window_end=NOW + 15 * MINUTE)
    before = decide(Undelivered(30003), window_end=NOW + 15 * MINUTE + timedelta(microseconds=1))
    assert (is_final(at_the_end), is_final(before)) == (True, False)


def test_an_ambiguous_send_is_looked_up_after_a_minute_whatever_the_window_says() -> None:
    decision = decide(Unknown("ReadTimeout"), tries=9, window_end=NOW - HOUR)
    assert (decision.disposal, pause(decision), decision.empty_looks_needed) == (Disposal.LOOK, MINUTE, 2)


def test_a_dropped_connection_is_looked_up_soon_and_one_empty_look_is_enough() -> None:
    decision = decide(Unknown("ConnectionError", dropped=True))
    assert (decision.disposal, pause(decision), decision.empty_looks_needed) == (Disposal.LOOK, 5 * SECOND, 1)


def message(sid: str, *, body: str = "See you at 5", at: datetime = NOW) -> SentMessage:
    return SentMessage(sid, "+15550100001", "+15555550101", body, "queued", at)


def match(*candidates: SentMessage, known: tuple[str, ...] = ()) -> Match:
    return match_sent(
        candidates,
        body="See you at 5",
        sent_after=NOW + timedelta(milliseconds=700),
        sent_before=NOW + 10 * SECOND,
        known_sids=known,
    )


def test_a_sent_text_is_found_by_body_and_time() -> None:
    assert match(message("SM1"), message("SM2", body="Another")).only_sid == "SM1"
    assert match(message("SM1", body="See you at 5\n")).only_sid == "SM1"


@pytest.mark.parametrize("late", [-6 * SECOND, 16 * SECOND, -HOUR, HOUR])
def test_the_same_words_at_another_time_are_another_text(late: timedelta) -> None:
    assert match(message("SM1", at=NOW + late)).sids == ()


@pytest.mark.parametrize("late", [-5 * SECOND, 0 * SECOND, 15 * SECOND])
def test_clocks_may_differ_by_five_seconds(late: timedelta) -> None:
    assert match(message("SM1", at=NOW + late)).only_sid == "SM1"


def test_a_sid_that_another_event_holds_is_no_match() -> None:
    assert match(message("SM1"), message("SM2"), known=("SM1",)).only_sid == "SM2"
    assert match(message("SM1"), known=("SM1",)).sids == ()


def test_several_possible_messages_are_all_named_once() -> None:
    found = match(message("SM2"), message("SM1"), message("SM1"))
    assert (found.sids, found.only_sid) == (("SM1", "SM2"), None)


def look(
    sids: tuple[str, ...], *, empty_looks: int = 0, needed: int = 2, window_end: datetime | None = None
) -> LookResult:
    return after_look(Match(sids), empty_looks=empty_looks, empty_looks_needed=needed, now=NOW, window_end=window_end)


def test_a_look_finds_asks_or_sends_again_only_after_enough_empty_ones() -> None:
    assert look(("SM1",)) is LookResult.FOUND
    assert look(("SM1", "SM2"), empty_looks=5) is LookResult.ASK_OWNER
    assert look((), empty_looks=1) is LookResult.LOOK_AGAIN
    assert look((), empty_looks=2) is LookResult.SEND_AGAIN
    assert look((), empty_looks=1, needed=1) is LookResult.SEND_AGAIN


def test_nothing_is_sent_again_once_the_window_has_ended() -> None:
    assert look((), empty_looks=2, window_end=NOW) is LookResult.WINDOW_ENDED
    assert look((), empty_looks=2, window_end=NOW + SECOND) is LookResult.SEND_AGAIN
    assert look(("SM1",), empty_looks=2, window_end=NOW) is LookResult.FOUND


@pytest.mark.parametrize(
    ("left", "seconds"),
    [(None, 36_000), (90.9, 90), (36_000, 36_000), (10**7, 36_000), (6, 6), (5.9, 6), (0, 6), (-3_600, 6)],
)
def test_a_text_waits_at_twilio_until_the_windows_end_within_twilios_limits(left: float | None, seconds: int) -> None:
    window_end = None if left is None else NOW + timedelta(seconds=left)
    assert validity_period_s(NOW, window_end) == seconds
