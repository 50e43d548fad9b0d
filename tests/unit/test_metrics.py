"""What CloudWatch is told: one line for each measurement, and none where nobody asked for them."""

import json

import pytest

from switchboard.metrics import Metric, measure


def test_a_measurement_is_one_line_in_cloudwatchs_format_under_the_dimensions_that_are_charted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Switchboard/test")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "switchboard")
    measure(Metric.SEND_ERRORS, code="30003")
    measure(Metric.TEXTS_IN)
    error, text = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    [told] = error["_aws"]["CloudWatchMetrics"]
    assert (told["Namespace"], sorted(told["Dimensions"][0])) == ("Switchboard/test", ["code", "service"])
    assert (error["code"], error["service"], error["SendErrors"]) == ("30003", "switchboard", [1.0])
    assert text["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


@pytest.mark.parametrize(
    "variables", [{}, {"POWERTOOLS_METRICS_NAMESPACE": "x", "POWERTOOLS_METRICS_DISABLED": "true"}]
)
def test_nothing_is_written_where_nobody_asked_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variables: dict[str, str]
) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_NAMESPACE", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    measure(Metric.TEXTS_IN)
    assert capsys.readouterr().out == ""
