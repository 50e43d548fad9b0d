"""Numbers as code: what differs at Twilio is shown, and set only where asked to."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from local.simulated_numbers import DEMO_URL, SimulatedNumbers
from local.twilio_simulator import TwilioSimulator
from switchboard import twilio_numbers
from switchboard.domain.webhook_addresses import WebhookAddresses
from switchboard.errors import InvalidRequest, TwilioUnavailable
from switchboard.services.point_numbers import point_numbers
from switchboard.twilio import TwilioCredentials
from switchboard.twilio_numbers import TwilioNumbers
from tests.delivery_stage import ACCOUNT, BASE_URL, TOKEN

INBOUND = f"{BASE_URL}/webhooks/twilio/inbound#rc=2&rp=ct,rt,5xx&rt=4500"
FALLBACK = f"{BASE_URL}/webhooks/twilio/inbound-fallback"
FIVE = [f"+1555010000{n}" for n in range(5)]


@pytest.fixture
def account(stage_simulator: TwilioSimulator) -> Iterator[SimulatedNumbers]:
    yield stage_simulator.numbers
    stage_simulator.numbers.forget()


def numbers_at(url: str, *, read_timeout_s: float = 5.0) -> TwilioNumbers:
    return TwilioNumbers(
        lambda *, fresh: None if fresh else TwilioCredentials(ACCOUNT, TOKEN),
        base_url=url,
        read_timeout_s=read_timeout_s,
    )


@pytest.fixture
def twilio(stage_simulator: TwilioSimulator) -> TwilioNumbers:
    return numbers_at(stage_simulator.url)


def point(twilio: TwilioNumbers, **order: Any) -> dict[str, Any]:
    return point_numbers(order, twilio=twilio, public_base_url=BASE_URL)


def addresses(account: SimulatedNumbers) -> set[tuple[str, str, str, str]]:
    return {(n.sms_url, n.sms_method, n.sms_fallback_url, n.sms_fallback_method) for n in account.all()}


def test_what_differs_is_shown_field_by_field_and_nothing_is_changed(
    account: SimulatedNumbers, twilio: TwilioNumbers
) -> None:
    [number] = account.own([FIVE[0]])
    account.change(number.sid, {"SmsMethod": "GET"})
    answer = point(twilio)
    assert answer["drift"] == [
        {
            "number": FIVE[0],
            "sid": number.sid,
            "outcome": "drift",
            "applicationSid": None,
            "changes": [
                {"field": "SmsUrl", "found": DEMO_URL, "wanted": INBOUND},
                {"field": "SmsMethod", "found": "GET", "wanted": "POST"},
                {"field": "SmsFallbackUrl", "found": "", "wanted": FALLBACK},
            ],
        }
    ]
    assert addresses(account) == {(DEMO_URL, "GET", "", "POST")}


def test_applied_every_number_of_every_page_points_here_and_a_second_run_finds_nothing(
    account: SimulatedNumbers, twilio: TwilioNumbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twilio_numbers, "_PAGE", 2)
    account.own(FIVE)
    answer = point(twilio, apply=True)
    assert [(found["number"], found["outcome"]) for found in answer["drift"]] == [(e164, "set") for e164 in FIVE]
    assert addresses(account) == {(INBOUND, "POST", FALLBACK, "POST")}
    assert point(twilio)["drift"] == []


def test_only_the_numbers_that_were_named_are_touched_and_unknown_ones_are_told(
    account: SimulatedNumbers, twilio: TwilioNumbers
) -> None:
    account.own(FIVE)
    answer = point(twilio, apply=True, numbers=[FIVE[3], "+15550999999"])
    assert (answer["numbers"], answer["notInAccount"]) == (1, ["+15550999999"])
    assert [one.e164 for one in account.all() if one.sms_url == INBOUND] == [FIVE[3]]


def test_a_number_that_an_application_holds_is_told_and_never_called_done(
    account: SimulatedNumbers, twilio: TwilioNumbers
) -> None:
    [number] = account.own([FIVE[0]])
    number.sms_application_sid = "AP" + "0" * 32
    assert point(twilio, apply=True)["drift"][0]["outcome"] == "application"
    [again] = point(twilio)["drift"]
    assert (again["changes"], again["applicationSid"]) == ([], number.sms_application_sid)


def test_a_number_that_cannot_text_is_left_alone(account: SimulatedNumbers, twilio: TwilioNumbers) -> None:
    account.own([FIVE[0]], can_text=False)
    answer = point(twilio, apply=True)
    assert (answer["numbers"], answer["cannotText"], answer["drift"]) == (1, 1, [])
    assert addresses(account) == {(DEMO_URL, "POST", "", "POST")}


@pytest.mark.parametrize(
    ("kind", "code", "outcome"), [("error", 21402, "refused 21402"), ("http_429", None, "refused 20429"),
                                  ("http_500", None, "failed http_500"), ("refuse", None, "failed ConnectionError")]
)  # fmt: skip
def test_what_twilio_refuses_is_told_and_the_others_are_set_all_the_same(
    account: SimulatedNumbers, twilio: TwilioNumbers, kind: str, code: int | None, outcome: str
) -> None:
    account.own(FIVE[:3])
    account.add_faults(kind, code=code)
    answer = point(twilio, apply=True)
    assert [found["outcome"] for found in answer["drift"]] == [outcome, "set", "set"]
    assert [found["outcome"] for found in point(twilio, apply=True)["drift"]] == ["set"]


def test_a_slow_twilio_costs_one_time_out_and_the_next_run_sees_what_it_took(
    account: SimulatedNumbers, stage_simulator: TwilioSimulator
) -> None:
    account.own(FIVE[:1])
    account.add_faults("accept_then_hang")

    class Hasty(TwilioNumbers):
        """Waits hardly for the answer to a change, and as long as ever for all others."""

        def point(self, sid: str, addresses: WebhookAddresses) -> Any:
            return numbers_at(stage_simulator.url, read_timeout_s=0.5).point(sid, addresses)

    hasty = Hasty(lambda *, fresh: TwilioCredentials(ACCOUNT, TOKEN), base_url=stage_simulator.url)
    assert point(hasty, apply=True)["drift"][0]["outcome"] == "failed ReadTimeout"
    assert point(hasty)["drift"] == []


def test_two_at_once_do_no_harm(account: SimulatedNumbers, stage_simulator: TwilioSimulator) -> None:
    account.own(FIVE)
    runs = [threading.Thread(target=lambda: point(numbers_at(stage_simulator.url), apply=True)) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert addresses(account) == {(INBOUND, "POST", FALLBACK, "POST")}


def test_an_account_without_numbers_has_nothing_to_set(account: SimulatedNumbers, twilio: TwilioNumbers) -> None:
    assert point(twilio, apply=True)["drift"] == []


def test_a_twilio_that_is_away_is_no_account_without_numbers() -> None:
    with pytest.raises(TwilioUnavailable):
        point(numbers_at("http://127.0.0.1:1"))


@pytest.mark.parametrize(
    ("order", "field"), [({"apply": "yes"}, "apply"), ({"aply": True}, "aply"), ({"numbers": "+1"}, "numbers")]
)
def test_an_order_that_is_not_understood_changes_nothing(order: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        point(numbers_at("http://127.0.0.1:1"), **order)
    assert refused.value.fields == (field,)
