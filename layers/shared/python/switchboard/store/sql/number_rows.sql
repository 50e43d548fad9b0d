-- name: hold
-- Writers of numbers one after the other: a number is one organisation's, and on an adopted database no index says so.
SELECT pg_advisory_xact_lock(hashtextextended('numbers', 0)) AS held;

-- name: add
-- Numbers of the Twilio account, in their order. A number that is known keeps its row, and gets its sid where it has
-- none; the first new one is the front desk where there is no active one and one is wanted. No rows: no organisation.
WITH organization AS (
    SELECT id FROM {messaging}."Organization" WHERE id = cast(:org_id AS text)
), told AS (
    SELECT n, id, sid, e164
    FROM jsonb_to_recordset(cast(:numbers AS jsonb)) AS x (n integer, id text, sid text, e164 text)
), known AS (
    SELECT DISTINCT ON (told.n) told.n, number."orgId" AS org_id, number."numberClass" AS number_class, number.status
    FROM told JOIN {messaging}."MessageNumber" AS number ON number.e164 = told.e164
    ORDER BY told.n, number."orgId" = :org_id DESC, number.id
), named AS (
    UPDATE {messaging}."MessageNumber" AS number
    SET "providerNumberSid" = told.sid, "updatedAt" = cast(:now AS timestamptz)
    FROM told
    WHERE number.e164 = told.e164 AND number."orgId" = :org_id AND coalesce(number."providerNumberSid", '') = ''
), fresh AS (
    SELECT told.n, told.id, told.sid, told.e164,
           CASE WHEN cast(:may_be_front_desk AS boolean) AND row_number() OVER (ORDER BY told.n) = 1
                     AND NOT EXISTS (SELECT 1 FROM {messaging}."MessageNumber"
                                     WHERE "orgId" = :org_id AND "numberClass" = 'front_desk' AND status = 'active')
                THEN 'front_desk' ELSE cast(:number_class AS text) END AS number_class
    FROM told WHERE NOT EXISTS (SELECT 1 FROM known WHERE known.n = told.n)
), made AS (
    INSERT INTO {messaging}."MessageNumber" (
        id, "orgId", provider, "providerNumberSid", e164, status, "numberClass", "isRotating", "createdAt", "updatedAt"
    )
    SELECT fresh.id, organization.id, 'twilio', fresh.sid, fresh.e164, 'active', fresh.number_class,
           fresh.number_class = 'pool', cast(:now AS timestamptz) + fresh.n * interval '1 millisecond',
           cast(:now AS timestamptz)
    FROM fresh CROSS JOIN organization
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT told.e164, told.sid, coalesce(known.number_class, fresh.number_class) AS number_class,
       coalesce(known.status, 'active') AS status,
       CASE WHEN known.n IS NULL THEN CASE WHEN made.id IS NULL THEN 'refused' ELSE 'imported' END
            WHEN known.org_id = :org_id THEN 'known'
            ELSE 'elsewhere' END AS outcome
FROM organization
CROSS JOIN told
LEFT JOIN known ON known.n = told.n
LEFT JOIN fresh ON fresh.n = told.n
LEFT JOIN made ON made.id = fresh.id
ORDER BY told.n;

-- name: standing
-- Whether the organisation is there, whether it has an active front desk, and its active numbers that are not among
-- these.
SELECT EXISTS (SELECT 1 FROM {messaging}."Organization" WHERE id = cast(:org_id AS text)) AS is_known,
       EXISTS (SELECT 1 FROM {messaging}."MessageNumber"
               WHERE "orgId" = :org_id AND "numberClass" = 'front_desk' AND status = 'active') AS has_front_desk,
       (SELECT coalesce(array_agg(e164 ORDER BY e164), cast(ARRAY[] AS text[]))
        FROM {messaging}."MessageNumber"
        WHERE "orgId" = :org_id AND status = 'active' AND NOT e164 = ANY (cast(:e164s AS text[]))) AS others;
