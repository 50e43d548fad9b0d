"""The function that an operator invokes after a deployment, on an empty database."""

from dataclasses import replace
from typing import Any

import pg8000.native
import pytest

from switchboard.errors import ContractRefused, InvalidRequest
from switchboard.services.migrate_schema import migrate_schema
from switchboard.settings import read_settings
from switchboard.store.connection import Address
from tests.conftest import MIGRATIONS, connector_to

SETTINGS = replace(read_settings({}), migrations_folder=MIGRATIONS)


def migrate(url: str, order: dict[str, Any]) -> list[str]:
    revisions: list[str] = migrate_schema(order, connector=connector_to(url), settings=SETTINGS)["revisions"]
    return revisions


def test_an_empty_order_expands_only(empty_database_url: str) -> None:
    assert all(name.endswith("_expand") for name in migrate(empty_database_url, {}))


def test_both_kinds_make_a_new_database_whole_and_may_be_run_again(empty_database_url: str) -> None:
    order = {"kinds": ["expand", "contract"]}
    first = migrate(empty_database_url, order)
    assert any(name.endswith("_contract") for name in first)
    assert migrate(empty_database_url, order) == first


def test_a_refused_contract_names_the_rows_and_leaves_everything_as_it_was(empty_database_url: str) -> None:
    before = migrate(empty_database_url, {"kinds": ["expand"]})
    connection = pg8000.native.Connection(**Address.from_url(empty_database_url).arguments())
    connection.run(
        'INSERT INTO messaging."MessageNumber" (id, "orgId", e164, "numberClass") '
        "VALUES ('n1', 'default', '+15550100000', 'pool'), ('n2', 'default', '+15550100000', 'pool')"
    )
    connection.close()
    with pytest.raises(ContractRefused, match="n1"):
        migrate(empty_database_url, {"kinds": ["contract"]})
    assert migrate(empty_database_url, {"kinds": ["expand"]}) == before


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"kinds": []}, "kinds"),
        ({"kinds": ["drop"]}, "kinds.0"),
        ({"kind": ["expand"]}, "kind"),
        ({"kinds": "expand"}, "kinds"),
    ],
)
def test_an_order_that_is_not_understood_changes_nothing(order: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        migrate("postgresql://127.0.0.1:1/nowhere", order)
    assert field in refused.value.fields
