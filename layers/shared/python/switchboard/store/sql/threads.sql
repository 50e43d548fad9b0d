-- name: adopt_guests
-- Re-points everything of the guests to the client. Of several open general threads the oldest stays open; adopted ones
-- are classified by domain/classification.py, of any booking of the client. When a STOP or START was said stays as it is.
WITH guest AS (
    SELECT unnest(cast(:guests AS text[])) AS id
), general AS (
    SELECT t.id, row_number() OVER (ORDER BY t."clientId" <> :client_id, t."createdAt", t.id) AS place
    FROM {messaging}."MessageThread" AS t
    WHERE t."orgId" = cast(:org_id AS text) AND t.scope = 'client_general' AND t.status = 'open'
      AND (t."clientId" = cast(:client_id AS text) OR t."clientId" IN (SELECT id FROM guest))
), thread AS (
    UPDATE {messaging}."MessageThread" AS t
    SET "clientId" = :client_id, "updatedAt" = cast(:now AS timestamptz),
        "isOneTimeClient" = CASE WHEN t.scope <> 'client_general' THEN t."isOneTimeClient" ELSE coalesce(
            (SELECT NOT c."isRecurringOverride" FROM {messaging}."Client" AS c
             WHERE c."orgId" = :org_id AND c.id = :client_id),
            NOT EXISTS (SELECT 1 FROM {messaging}."Client" AS c
                        WHERE c."orgId" = :org_id AND c.id = :client_id AND c."hasWeeklyPlan")
            AND NOT EXISTS (SELECT 1 FROM {messaging}."Booking" AS b
                            WHERE b."orgId" = :org_id AND b."clientId" = :client_id
                                AND (b."isRecurring" OR b."hasWeeklyPlan"))
        ) END,
        status = CASE WHEN t.id IN (SELECT id FROM general WHERE place > 1) THEN 'closed' ELSE t.status END
    WHERE t."orgId" = :org_id AND t."clientId" IN (SELECT id FROM guest)
), event AS (
    UPDATE {messaging}."MessageEvent" SET "actorClientId" = :client_id
    WHERE "orgId" = :org_id AND "actorClientId" IN (SELECT id FROM guest)
      AND "threadId" IN (SELECT id FROM {messaging}."MessageThread"
                         WHERE "orgId" = :org_id AND "clientId" IN (SELECT id FROM guest))
), participant AS (
    UPDATE {messaging}."MessageParticipant" SET "clientId" = :client_id, "updatedAt" = cast(:now AS timestamptz)
    WHERE "orgId" = :org_id AND "clientId" IN (SELECT id FROM guest)
      AND "threadId" IN (SELECT id FROM {messaging}."MessageThread"
                         WHERE "orgId" = :org_id AND "clientId" IN (SELECT id FROM guest))
), opt_out AS (
    UPDATE {messaging}."OptOutState" SET "clientId" = :client_id
    WHERE "orgId" = :org_id AND "clientId" IN (SELECT id FROM guest)
), lease AS (
    UPDATE ops.pool_lease SET client_id = :client_id
    WHERE org_id = :org_id AND client_id IN (SELECT id FROM guest)
)
DELETE FROM {messaging}."Client" WHERE "orgId" = :org_id AND id IN (SELECT id FROM guest);
