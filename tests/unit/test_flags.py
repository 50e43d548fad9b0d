"""Feature flags: cached, robust against SSM's absence, safe by default."""

import pytest

from switchboard.domain.anti_poaching import AntiPoachingMode
from switchboard.flags import MAX_AGE_S, FlagReader, Flags, read_flags


class Parameters:
    """SSM with a switch, counting how often it is asked."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.away = False
        self.asked = 0

    def __call__(self) -> dict[str, str]:
        self.asked += 1
        if self.away:
            raise ConnectionError
        return dict(self.values)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_releases_are_off_and_protections_on_where_nothing_is_set() -> None:
    assert read_flags({}) == Flags(
        enable_proactive_thread_creation=False,
        anti_poaching_mode=AntiPoachingMode.ENFORCE,
        enable_sms_relay=True,
        enable_number_provisioning=False,
    )


@pytest.mark.parametrize("text", ["true", "TRUE", " True "])
def test_a_flag_is_read_whatever_its_case_and_spaces(text: str) -> None:
    assert read_flags({"ENABLE_PROACTIVE_THREAD_CREATION": text}).enable_proactive_thread_creation


def test_what_cannot_be_understood_keeps_its_last_value() -> None:
    before = Flags(anti_poaching_mode=AntiPoachingMode.SHADOW, enable_sms_relay=False)
    found = read_flags({"ANTI_POACHING_MODE": "maybe", "ENABLE_SMS_RELAY": "1"}, before=before)
    assert found.anti_poaching_mode is AntiPoachingMode.SHADOW
    assert not found.enable_sms_relay


def test_a_change_is_seen_once_the_kept_values_are_half_a_minute_old() -> None:
    parameters, clock = Parameters(ENABLE_SMS_RELAY="true"), Clock()
    flags = FlagReader(parameters, clock=clock)
    assert flags().enable_sms_relay
    parameters.values["ENABLE_SMS_RELAY"] = "false"
    clock.seconds = MAX_AGE_S - 1
    assert flags().enable_sms_relay
    clock.seconds = MAX_AGE_S
    assert not flags().enable_sms_relay
    assert parameters.asked == 2


def test_while_ssm_is_away_the_last_known_values_hold() -> None:
    parameters, clock = Parameters(ANTI_POACHING_MODE="off"), Clock()
    flags = FlagReader(parameters, clock=clock)
    assert flags().anti_poaching_mode is AntiPoachingMode.OFF
    parameters.away = True
    clock.seconds = 3_600
    assert flags().anti_poaching_mode is AntiPoachingMode.OFF


def test_before_ssms_first_answer_the_safe_defaults_hold_and_it_is_not_asked_for_every_text() -> None:
    parameters = Parameters(ANTI_POACHING_MODE="off")
    parameters.away = True
    flags = FlagReader(parameters, clock=Clock())
    assert [flags() for _ in range(5)] == [Flags()] * 5
    assert parameters.asked == 1
