-- name: begin
-- How far the comparison is, and how far it is to come. A round that is through makes place for a new one, which looks
-- back to look_back, or further where the last round ended before it.
INSERT INTO ops.reconciliation AS known (compared_until, goal, updated_at)
VALUES (cast(:look_back AS timestamptz), cast(:goal AS timestamptz), cast(:now AS timestamptz))
ON CONFLICT (is_the_one) DO UPDATE
SET compared_until = CASE WHEN known.compared_until >= known.goal
        THEN least(known.goal, excluded.compared_until) ELSE known.compared_until END,
    goal = greatest(known.goal, excluded.goal), updated_at = excluded.updated_at
RETURNING compared_until, goal;

-- name: advance
-- A stretch has been compared; answers how far all runs together are. One that overtook this one is not set back.
WITH moved AS (
    UPDATE ops.reconciliation
    SET compared_until = cast(:until AS timestamptz), updated_at = cast(:now AS timestamptz)
    WHERE compared_until >= cast(:since AS timestamptz) AND compared_until < cast(:until AS timestamptz)
    RETURNING compared_until
)
SELECT compared_until FROM moved
UNION ALL
SELECT compared_until FROM ops.reconciliation WHERE NOT EXISTS (SELECT 1 FROM moved);

-- name: compare
-- Of the messages of Twilio's list those of our numbers that need a look: missing (an inbound text that we do not have),
-- sent (one of ours, with the status that we know), stray (outbound, in no table of ours, and no text that is just being
-- sent between these two). The sids of an earlier application's texts are in "MessageEvent" alone.
WITH listed AS MATERIALIZED (
    SELECT *
    FROM jsonb_to_recordset(cast(:messages AS jsonb)) AS m (sid text, is_inbound boolean, number text, person text)
), ours AS MATERIALIZED (
    SELECT listed.sid, listed.is_inbound, listed.number, listed.person, owner.org_id
    FROM listed
    JOIN LATERAL (
        SELECT "orgId" AS org_id
        FROM {messaging}."MessageNumber"
        WHERE e164 = listed.number
        ORDER BY status = 'active' DESC, id
        LIMIT 1
    ) AS owner ON true
), stored AS MATERIALIZED (
    SELECT text.message_sid AS sid
    FROM ours
    JOIN ops.inbound_text AS text ON text.message_sid = ours.sid
    UNION
    SELECT event."providerMessageSid"
    FROM ours
    JOIN {messaging}."MessageEvent" AS event
        ON event."orgId" = ours.org_id AND event."providerMessageSid" = ours.sid
), leaving AS MATERIALIZED (
    SELECT DISTINCT text.sender_e164 AS number, text.recipient_e164 AS person
    FROM ops.outbound_text AS text
    WHERE text.state <> 'done' AND text.state <> 'waiting'
), known AS MATERIALIZED (
    SELECT attempt.provider_sid AS sid, attempt.status
    FROM ours
    JOIN ops.send_attempt AS attempt ON attempt.provider_sid = ours.sid
    WHERE NOT ours.is_inbound
)
SELECT ours.sid, ours.org_id, known.status,
       CASE WHEN ours.is_inbound THEN 'missing' WHEN known.sid IS NOT NULL THEN 'sent' ELSE 'stray' END AS finding
FROM ours
LEFT JOIN known ON known.sid = ours.sid
LEFT JOIN stored ON stored.sid = ours.sid
LEFT JOIN leaving ON NOT ours.is_inbound AND leaving.number = ours.number AND leaving.person = ours.person
WHERE known.sid IS NOT NULL OR (stored.sid IS NULL AND leaving.number IS NULL);

-- name: note_strays
-- Keeps each stray text once; answers with those that are new.
INSERT INTO ops.stray_text (provider_sid, org_id, sent_at, status, found_at)
SELECT s.sid, s.org_id, s.sent_at, s.status, cast(:now AS timestamptz)
FROM jsonb_to_recordset(cast(:strays AS jsonb)) AS s (sid text, org_id text, sent_at timestamptz, status text)
ON CONFLICT (provider_sid) DO NOTHING
RETURNING provider_sid AS sid;
