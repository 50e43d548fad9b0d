-- name: add
-- Queued outbound events with their outbox rows, in the order of n; the threads are locked in the order of their ids.
WITH texts AS (
    SELECT *
    FROM jsonb_to_recordset(cast(:texts AS jsonb)) AS t (
        n integer, event_id text, org_id text, thread_id text, sender_e164 text, recipient_e164 text, body text,
        purpose text, actor_type text, actor_user_id text, actor_client_id text, media text, inbound_event_id text,
        arrived_at timestamptz, window_id text, not_after timestamptz, responsible_sitter_id text, metadata text
    )
), threads AS (
    SELECT id
    FROM {messaging}."MessageThread"
    WHERE id IN (SELECT thread_id FROM texts)
    ORDER BY id
    FOR NO KEY UPDATE
), events AS (
    INSERT INTO {messaging}."MessageEvent" (
        id, "orgId", "threadId", direction, "actorType", "actorUserId", "actorClientId", body, "mediaJson",
        "deliveryStatus", "requiresResponse", "responsibleSitterIdSnapshot", "metadataJson", "attemptCount",
        "createdAt", "updatedAt"
    )
    SELECT event_id, org_id, thread_id, 'outbound', actor_type, actor_user_id, actor_client_id, body, media,
           'queued', false, responsible_sitter_id, metadata, 0,
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM texts
    ORDER BY n
), rows AS (
    INSERT INTO ops.outbound_text (
        event_id, org_id, thread_id, sender_e164, recipient_e164, purpose, inbound_event_id, arrived_at, window_id,
        not_after, created_at, updated_at
    )
    SELECT event_id, org_id, thread_id, sender_e164, recipient_e164, purpose, inbound_event_id, arrived_at, window_id,
           not_after, cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM texts
    ORDER BY n
)
UPDATE {messaging}."MessageThread" AS thread
SET "lastMessageAt" = greatest(thread."lastMessageAt", cast(:now AS timestamptz)),
    "lastOutboundAt" = greatest(thread."lastOutboundAt", cast(:now AS timestamptz)),
    "updatedAt" = cast(:now AS timestamptz)
FROM threads
WHERE thread.id = threads.id;
