"""Sales accounts for tests: rows of the accounts schema, and looks at them."""

from datetime import datetime
from typing import Any

from switchboard.domain.account_classes import Cutoffs
from tests.builders import Sql

AS_OF = "2025-10-25"


def account_class(last_order_at: datetime | None, found: Cutoffs) -> str:
    """What ops.account_class is to answer; an order in the future is ACTIVE, none is PROSPECT."""
    if last_order_at is None or last_order_at < found.target_from:
        return "PROSPECT"
    return "ACTIVE" if last_order_at >= found.active_from else "TARGET"


def add_tenant(sql: Sql) -> str:
    """A tenant; answers with its id."""
    [[tenant]] = sql("INSERT INTO accounts.\"Tenant\" (slug, name) VALUES ('t', 'T') RETURNING id::text")
    return str(tenant)


def add_customers(
    sql: Sql, *last_orders: datetime | str | None, account_type: str | None = None, tenant: str | None = None
) -> list[str]:
    """Customers with these last orders, in this order."""
    tenant = tenant or add_tenant(sql)
    return [
        str(
            sql(
                'INSERT INTO accounts."Customer" (id, "tenantId", "lastOrderDate", "accountType", "updatedAt")'
                " VALUES (gen_random_uuid(), CAST(:tenant AS uuid), CAST(:at AS timestamptz),"
                " CAST(CAST(:type AS text) AS accounts.\"AccountType\"), '2025-01-01Z') RETURNING id::text",
                tenant=tenant,
                at=at,
                type=account_type,
            )[0][0]
        )
        for at in last_orders
    ]


def classes(sql: Sql) -> list[Any]:
    """Every customer's class, by last order."""
    return [row[0] for row in sql('SELECT "accountType"::text FROM accounts."Customer" ORDER BY "lastOrderDate", id')]


def snapshot(sql: Sql) -> list[Any]:
    """Every customer whole, and the schema's objects."""
    return [
        sql('SELECT to_jsonb(c) FROM accounts."Customer" AS c ORDER BY id'),
        sql(
            "SELECT c.relname, c.relkind FROM pg_class AS c WHERE c.relnamespace = 'accounts'::regnamespace ORDER BY 1"
        ),
        sql(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class AS c"
            " JOIN pg_attribute AS a ON a.attrelid = c.oid"
            " WHERE c.relnamespace = 'accounts'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2"
        ),
        sql("SELECT typname FROM pg_type WHERE typnamespace = 'accounts'::regnamespace ORDER BY 1"),
        sql("SELECT conname FROM pg_constraint WHERE connamespace = 'accounts'::regnamespace ORDER BY 1"),
    ]
