-- Sales customers: a third ordered within six months before 25 October 2025, a third within a year, the rest before or never.
INSERT INTO accounts."Tenant" (slug, name) SELECT 'tenant-' || n, 'Tenant ' || n FROM generate_series(1, 10) AS n;

INSERT INTO accounts."Customer" ("tenantId", "externalId", name, "lastOrderDate", "createdAt", "updatedAt")
SELECT t.id, 'C' || n, 'Customer ' || n,
       CASE WHEN n % 10 <> 9 THEN timestamptz '2025-10-24Z' - (n * 7919 % 500) * interval '1 day' END,
       timestamptz '2024-01-01Z', timestamptz '2024-01-01Z'
FROM generate_series(cast(1 AS bigint), :rows) AS n
JOIN (SELECT id, row_number() OVER (ORDER BY slug) - 1 AS place FROM accounts."Tenant") AS t ON t.place = n % 10
