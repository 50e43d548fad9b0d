"""Settings out of the environment."""

from contextlib import nullcontext

import pytest

from switchboard.errors import SettingsInvalid
from switchboard.settings import read_settings
from switchboard.store.statements import Schemas
from tests.conftest import connector_to


def test_every_bad_variable_is_named_and_no_value_is_shown() -> None:
    bad = {"DATABASE_URL": "mysql://secret@host", "SCHEMA_INTAKE": 'x"; DROP', "DATABASE_PORT": "many"}
    with pytest.raises(SettingsInvalid) as caught:
        read_settings(bad)
    message = str(caught.value)
    assert all(name in message for name in bad)
    assert not any(value in message for value in bad.values())


@pytest.mark.parametrize(
    "url", ["postgresql://user:pa/ss@host/db", "postgresql://u:s@host:70000/db", "postgresql://u:s@[pa/db", "pa://host"]
)
def test_a_database_url_that_cannot_be_read_is_refused_without_a_word_of_it(url: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        read_settings({"DATABASE_URL": url})
    told = str(caught.value)
    assert told == "settings are wrong: DATABASE_URL: a URL like postgresql://user:password@host:port/database"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("name", ["intake\n", "in take", "1ntake", "i" * 64, 'in"take', ""])
def test_a_schemas_name_is_a_plain_identifier_to_its_last_character(name: str) -> None:
    with pytest.raises(ValueError, match="plain identifier"):
        Schemas(intake=name)
    if name:
        with pytest.raises(SettingsInvalid, match="SCHEMA_INTAKE"):
            read_settings({"SCHEMA_INTAKE": name})


@pytest.mark.parametrize(("name", "value"), [("BEFORE_IMAGE_DAYS", "9999999999"), ("DATABASE_PORT", "70000")])
def test_a_number_beyond_its_bounds_is_refused_at_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid, match=name):
        read_settings({name: value})


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read_settings({"DATABASE_URL": "", "DATABASE_PORT": ""}).database_port == 5432


def test_a_database_url_wins_over_the_parts() -> None:
    settings = read_settings({"DATABASE_URL": "postgresql://u:p%40@db.test:6000/d", "DATABASE_HOST": "other.test"})
    address = settings.database_address()
    assert (address.host, address.port, address.user, address.password, address.database) == (
        "db.test", 6000, "u", "p@", "d",
    )  # fmt: skip


def test_off_this_machine_the_connection_is_tls_with_a_verified_certificate() -> None:
    remote = read_settings({"DATABASE_URL": "postgresql://u@db.test/d"}).database_address().arguments()
    assert remote["ssl_context"].check_hostname
    local = read_settings({"DATABASE_URL": "postgresql://u@127.0.0.1/d"}).database_address().arguments()
    assert local["ssl_context"] is False


def test_a_server_on_this_machine_that_refuses_is_asked_for_tls() -> None:
    for url in ("postgresql://u@127.0.0.1/d", "postgresql://u@localhost:6000/d", "postgresql://u@/d?host=/run/pg"):
        connector = connector_to(url)
        assert connector.arguments(fresh=False)["ssl_context"] is False
        assert "ssl_context" not in connector.arguments(fresh=True)  # then pg8000 asks, and takes what there is


def test_a_socket_is_reached_through_its_folder() -> None:
    settings = read_settings({"DATABASE_URL": "postgresql://postgres@/postgres?host=/run/pg"})
    assert settings.database_address().arguments()["unix_sock"] == "/run/pg/.s.PGSQL.5432"


@pytest.mark.parametrize(("told", "good"), [("10", True), ("10.1", False), ("60", False), ("0", False)])
def test_a_call_to_twilio_may_not_outlast_the_lease_of_its_thread(told: str, good: bool) -> None:
    with nullcontext() if good else pytest.raises(SettingsInvalid, match="TWILIO_TIMEOUT_S"):
        assert read_settings({"TWILIO_TIMEOUT_S": told}).twilio_timeout_s == float(told)
