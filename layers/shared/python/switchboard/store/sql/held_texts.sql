-- name: sitters
-- Sitters and numbers with texts held since before an instant.
SELECT held.org_id, held.number_id, sitter.phone AS sitter_e164, number.e164 AS number_e164,
       min(held.arrived_at) AS arrived_at
FROM ops.held_text AS held
JOIN {messaging}."MessageNumber" AS number ON number.id = held.number_id
JOIN {messaging}."Sitter" AS sitter ON sitter."orgId" = held.org_id AND sitter.id = held.sitter_id
WHERE held.state = 'held' AND held.arrived_at <= cast(:held_before AS timestamptz) AND sitter.phone IS NOT NULL
GROUP BY held.org_id, held.number_id, sitter.phone, number.e164
ORDER BY min(held.arrived_at)
LIMIT cast(:most AS integer);

-- name: give_up
-- Held texts of sitters without a phone, whom nobody can ask or answer: they are the owner's, on the threads they are on.
WITH given_up AS (
    UPDATE ops.held_text AS held
    SET state = 'to_owner', updated_at = cast(:now AS timestamptz)
    WHERE held.state = 'held' AND held.arrived_at <= cast(:held_before AS timestamptz)
        AND NOT EXISTS (
            SELECT 1
            FROM {messaging}."Sitter" AS sitter
            WHERE sitter."orgId" = held.org_id AND sitter.id = held.sitter_id AND sitter.phone IS NOT NULL)
    RETURNING held.event_id
), unread AS (
    SELECT event."threadId" AS thread_id, count(*) AS n
    FROM given_up
    JOIN {messaging}."MessageEvent" AS event ON event.id = given_up.event_id
    GROUP BY event."threadId"
), threads AS (
    UPDATE {messaging}."MessageThread" AS thread
    SET "ownerUnreadCount" = thread."ownerUnreadCount" + unread.n, "updatedAt" = cast(:now AS timestamptz)
    FROM unread
    WHERE thread.id = unread.thread_id
)
SELECT event_id FROM given_up;

-- name: wait_for
-- Waits for the sender's texts that are being received now, as texts.store does.
SELECT pg_advisory_xact_lock(hashtextextended(:sender, 0)) IS NULL AS waited;
