"""How the batch size moves."""

from hypothesis import given
from hypothesis import strategies as st

from switchboard.backfills.sizes import LARGEST, TARGET_MS, Size


def test_a_quick_batch_doubles_the_size_and_a_slow_one_halves_it() -> None:
    assert Size(1_000).after_success(took_ms=10, scanned=1_000) == Size(2_000)
    assert Size(1_000).after_success(took_ms=3_000, scanned=1_000) == Size(500)
    assert Size(1_000).after_success(took_ms=TARGET_MS, scanned=1_000) == Size(1_000)


def test_the_first_batch_is_as_asked_up_to_the_largest() -> None:
    assert [Size.first(asked).now for asked in (1, LARGEST, LARGEST + 1, 100_000)] == [1, LARGEST, LARGEST, LARGEST]


def test_a_lanes_last_few_rows_say_nothing_about_the_time() -> None:
    assert Size(1_000).after_success(took_ms=1, scanned=3) == Size(1_000)


def test_a_delay_halves_down_to_one() -> None:
    size = Size(5)
    for expected in (2, 1, 1):
        size = size.after_delay()
        assert size.now == expected


def test_a_bad_row_is_closed_in_on_and_the_size_comes_back_afterwards() -> None:
    size = Size(1_000)
    tried = []
    while size.now > 1:
        size = size.after_bad_row(scanned=size.now)
        tried.append(size.now)
    assert tried == [500, 250, 125, 62, 31, 15, 7, 3, 1]
    while size.narrow:
        size = size.after_success(took_ms=1, scanned=size.now)
    assert size.now >= 1_000


@given(
    st.integers(1, LARGEST),
    st.lists(
        st.tuples(st.sampled_from(["fine", "late", "bad"]), st.floats(0, 10_000), st.integers(0, 30_000)), max_size=40
    ),
)
def test_the_size_stays_between_one_and_the_largest(start: int, steps: list[tuple[str, float, int]]) -> None:
    size = Size(start)
    for kind, took_ms, scanned in steps:
        if kind == "fine":
            size = size.after_success(took_ms=took_ms, scanned=scanned)
        else:
            size = size.after_delay() if kind == "late" else size.after_bad_row(scanned=scanned)
        assert 1 <= size.now <= LARGEST
