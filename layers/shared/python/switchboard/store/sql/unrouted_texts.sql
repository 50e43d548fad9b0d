-- name: hold
-- Whoever may make the internal thread of the organisation that was texted, as owner_notices.hold has them wait.
SELECT pg_advisory_xact_lock(hashtextextended('internal thread ' || number."orgId", 0)) IS NULL AS waited
FROM (
    SELECT "orgId" FROM {messaging}."MessageNumber"
    WHERE e164 = :recipient
    ORDER BY status = 'active' DESC, id
    LIMIT 1
) AS number
WHERE (SELECT id FROM {messaging}."MessageThread" WHERE "orgId" = number."orgId" AND scope = 'internal' LIMIT 1) IS NULL;

-- name: keep
-- A text that could not be routed: on the sender's thread, else on the internal one, for the owner; tried again later
-- with doubling pauses. No row: it was settled, its number is nobody's, or the owner has it from an earlier try.
WITH texted AS (
    SELECT number.id, number."orgId" AS org_id
    FROM {messaging}."MessageNumber" AS number
    WHERE number.e164 = :recipient
    ORDER BY number.status = 'active' DESC, number.id
    LIMIT 1
), known AS (
    SELECT event_id FROM ops.inbound_text WHERE message_sid = :message_sid
), stored AS (
    INSERT INTO ops.inbound_text AS earlier (
        message_sid, org_id, arrived_at, form, state, event_id, attempts, next_attempt_at, created_at, updated_at
    )
    VALUES (:message_sid, (SELECT org_id FROM texted), cast(:arrived_at AS timestamptz), cast(:form AS jsonb),
            'failed', CASE WHEN EXISTS (SELECT 1 FROM texted) THEN :event_id END, 1,
            cast(:now AS timestamptz) + make_interval(secs => cast(:first_pause_s AS integer)),
            cast(:now AS timestamptz), cast(:now AS timestamptz))
    ON CONFLICT (message_sid) DO UPDATE
    SET state = 'failed', arrived_at = least(earlier.arrived_at, excluded.arrived_at),
        event_id = coalesce(earlier.event_id, excluded.event_id), attempts = earlier.attempts + 1,
        next_attempt_at = cast(:now AS timestamptz) + make_interval(secs => least(
            cast(:longest_pause_s AS integer), cast(:first_pause_s AS integer) * power(2, least(earlier.attempts, 12)))),
        updated_at = excluded.updated_at
    WHERE earlier.state IN ('stored', 'failed')
    RETURNING event_id
), home AS (
    SELECT thread.id
    FROM texted
    JOIN {messaging}."Client" AS client ON client."orgId" = texted.org_id AND client.phone = :sender
    JOIN {messaging}."MessageThread" AS thread
        ON thread."orgId" = texted.org_id AND thread."clientId" = client.id AND thread.status = 'open'
    ORDER BY thread."messageNumberId" = texted.id DESC NULLS LAST, thread."lastMessageAt" DESC NULLS LAST, thread.id
    LIMIT 1
), internal AS (
    SELECT thread.id
    FROM texted
    JOIN {messaging}."MessageThread" AS thread ON thread."orgId" = texted.org_id AND thread.scope = 'internal'
    ORDER BY thread."createdAt", thread.id
    LIMIT 1
), made AS (
    INSERT INTO {messaging}."MessageThread" (
        id, "orgId", scope, status, "isMeetAndGreet", "ownerUnreadCount", "lastMessageAt", "lastInboundAt",
        "createdAt", "updatedAt"
    )
    SELECT :thread_id, texted.org_id, 'internal', 'open', false, 1, cast(:now AS timestamptz),
           cast(:arrived_at AS timestamptz), cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM texted
    JOIN stored ON stored.event_id = :event_id
    WHERE NOT EXISTS (SELECT 1 FROM home) AND NOT EXISTS (SELECT 1 FROM internal)
    RETURNING id
), target AS (
    SELECT coalesce((SELECT id FROM home), (SELECT id FROM internal), (SELECT id FROM made)) AS id, texted.org_id
    FROM texted
    JOIN stored ON stored.event_id = :event_id
), touched AS (
    UPDATE {messaging}."MessageThread" AS thread
    SET "ownerUnreadCount" = thread."ownerUnreadCount" + 1,
        "lastMessageAt" = greatest(thread."lastMessageAt", cast(:now AS timestamptz)),
        "lastInboundAt" = greatest(thread."lastInboundAt", cast(:arrived_at AS timestamptz)),
        "updatedAt" = cast(:now AS timestamptz)
    FROM target
    WHERE thread.id = target.id
), event AS (
    INSERT INTO {messaging}."MessageEvent" (
        id, "orgId", "threadId", direction, "actorType", "providerMessageSid", body, "mediaJson", "deliveryStatus",
        "requiresResponse", "metadataJson", "attemptCount", "createdAt", "updatedAt"
    )
    SELECT :event_id, target.org_id, target.id, 'inbound', 'system', :message_sid, :body, :media, 'received',
           true, :metadata, 0, cast(:arrived_at AS timestamptz), cast(:now AS timestamptz)
    FROM target
)
SELECT id AS thread_id, org_id FROM target;

-- name: due
-- Texts that are stored and not routed, whose next try is due, the longest waiting first.
SELECT message_sid, form, arrived_at
FROM ops.inbound_text
WHERE state IN ('stored', 'failed')
    AND (next_attempt_at <= cast(:now AS timestamptz)
         OR (next_attempt_at IS NULL AND updated_at < cast(:now AS timestamptz) - interval '1 minute'))
    AND attempts < cast(:most_tries AS integer)
ORDER BY next_attempt_at NULLS FIRST, message_sid
LIMIT cast(:most AS integer);
