"""The choice of a route: pure, and the same again from what is stored."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.routing import Capacity, Destination, RouteInputs, choose_route, read_inputs
from switchboard.domain.standing import Standing
from switchboard.domain.tags import Tag

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def standing(n: int = 1, *, sitter: str = "s1", client: str | None = None, ended: float | None = None) -> Standing:
    """Window n, active at noon or ended that many minutes before."""
    end = NOON + 60 * MINUTE if ended is None else NOON - ended * MINUTE
    name = client or f"c{n}"
    return Standing(f"w{n}", f"t{n}", name, sitter, n, NOON - (300 - n) * MINUTE, end, active=ended is None)


def inputs(capacity: Capacity = Capacity.SITTER, *standings: Standing, **more: object) -> RouteInputs:
    values: dict[str, object] = {"number_class": "sitter", "number_status": "active", "relay": True} | more
    return RouteInputs(capacity=capacity, arrived_at=NOON, standings=standings, **values)  # type: ignore[arg-type]  # a table of fields


def test_exactly_one_client_in_question_who_is_active_gets_it() -> None:
    route = choose_route(inputs(Capacity.SITTER, standing(1), standing(2, client="c1", ended=5)))
    assert (route.to, route.rule) == (Destination.CLIENT, "sitter_one_client")


def test_a_client_whose_window_ended_lately_is_in_question_too() -> None:
    assert choose_route(inputs(Capacity.SITTER, standing(1), standing(2, ended=59))).to is Destination.HELD
    assert choose_route(inputs(Capacity.SITTER, standing(1), standing(2, ended=60))).to is Destination.CLIENT


def test_with_nobody_active_the_sitter_is_refused() -> None:
    assert choose_route(inputs(Capacity.SITTER, standing(1, ended=5))).rule == "sitter_no_window"
    assert choose_route(inputs(Capacity.SITTER)).rule == "sitter_no_window"


def test_the_same_tag_on_two_clients_names_nobody() -> None:
    one, other = standing(1), Standing("w9", "t9", "c9", "s1", 1, NOON - MINUTE, NOON + MINUTE, active=True)
    assert choose_route(inputs(Capacity.SITTER, one, other, tag=Tag(1))).to is Destination.HELD


@pytest.mark.parametrize(("number", "to"), [(1, Destination.CLIENT), (2, Destination.OWNER), (7, Destination.HELD)])
def test_a_tag_is_a_live_clients_an_ended_ones_or_nobodys(number: int, to: Destination) -> None:
    route = choose_route(inputs(Capacity.SITTER, standing(1), standing(2, ended=30), standing(3), tag=Tag(number)))
    assert route.to is to


def test_a_bare_number_answers_only_what_was_asked_before_it() -> None:
    asked = {"tag": Tag(2, bare=True), "choices": {1: "c1", 2: "c2"}}
    both = (standing(1), standing(2))
    assert choose_route(inputs(Capacity.SITTER, *both, **asked, asked_at=NOON)).to is Destination.ANSWER
    assert choose_route(inputs(Capacity.SITTER, *both, **asked, asked_at=NOON + MINUTE)).to is Destination.HELD
    assert choose_route(inputs(Capacity.SITTER, *both, tag=Tag(2, bare=True))).to is Destination.HELD


def test_overlap_counts_windows_and_is_the_owners() -> None:
    route = choose_route(inputs(Capacity.CLIENT, standing(1), standing(2, sitter="s2"), standing(3, sitter="s2")))
    assert route.reason.startswith("Multiple overlapping active assignment windows (3)")


standings_drawn = st.lists(
    st.builds(
        standing,
        st.integers(1, 4),
        sitter=st.sampled_from(["s1", "s2"]),
        client=st.sampled_from(["c1", "c2", "c3"]),
        ended=st.sampled_from([None, None, 5, 59, 61, 600]),
    ),
    max_size=5,
).map(tuple)
drawn = st.builds(
    RouteInputs,
    capacity=st.sampled_from(Capacity),
    arrived_at=st.just(NOON),
    number_class=st.sampled_from(["front_desk", "sitter", "pool"]),
    number_status=st.sampled_from(["active", "active", "quarantined"]),
    relay=st.booleans(),
    keyword=st.sampled_from([None, None, "stop"]),
    standings=standings_drawn,
    has_thread=st.booleans(),
    locked=st.booleans(),
    gone=st.booleans(),
    mute=st.booleans(),
    unreachable=st.dictionaries(st.sampled_from(["s1", "c1", "c2"]), st.just("opted out")),
    tag=st.one_of(st.none(), st.builds(Tag, st.integers(1, 5), bare=st.booleans())),
    choices=st.one_of(st.none(), st.dictionaries(st.integers(1, 4), st.sampled_from(["c1", "c2"]))),
    asked_at=st.sampled_from([None, NOON - MINUTE, NOON + MINUTE]),
    named=st.sampled_from([None, None, "c1", "c2"]),
    overdue=st.booleans(),
    found_at=st.sampled_from([None, None, NOON + MINUTE, NOON + 120 * MINUTE]),
)


@given(drawn)
def test_replaying_the_stored_inputs_gives_the_same_route(found: RouteInputs) -> None:
    stored = json.loads(json.dumps(found.as_json()))
    assert choose_route(read_inputs(stored)) == choose_route(found)


@given(drawn)
def test_a_text_is_passed_on_only_inside_an_active_window_of_a_reachable_person(found: RouteInputs) -> None:
    route = choose_route(found)
    if route.to not in (Destination.CLIENT, Destination.SITTER):
        return
    assert route.standing in found.standings
    assert route.standing
    assert route.standing.active
    assert found.relay
    other = route.standing.sitter_id if route.to is Destination.SITTER else route.standing.client_id
    assert other not in found.unreachable
    if route.to is Destination.SITTER:
        assert len({one.sitter_id for one in found.standings if one.active}) == 1
    if found.named:
        assert route.to is not Destination.CLIENT or route.standing.client_id == found.named


@given(drawn)
def test_a_keyword_is_never_passed_on(found: RouteInputs) -> None:
    if found.keyword:
        assert choose_route(found).to is Destination.OWNER
