-- name: add
-- A text that must leave: its queued event, and its row in the outbox.
WITH event AS (
    INSERT INTO {messaging}."MessageEvent" (
        id, "orgId", "threadId", direction, "actorType", "actorUserId", "actorClientId", body, "mediaJson",
        "deliveryStatus", "requiresResponse", "responsibleSitterIdSnapshot", "metadataJson", "attemptCount",
        "createdAt", "updatedAt"
    )
    VALUES (:event_id, :org_id, :thread_id, 'outbound', :actor_type, :actor_user_id, :actor_client_id, :body, :media,
            'queued', false, :responsible_sitter_id, :metadata, 0, cast(:now AS timestamptz), cast(:now AS timestamptz))
)
INSERT INTO ops.outbound_text (
    event_id, org_id, thread_id, sender_e164, recipient_e164, purpose, inbound_event_id, arrived_at, window_id,
    not_after, created_at, updated_at
)
VALUES (:event_id, :org_id, :thread_id, :sender_e164, :recipient_e164, :purpose, :inbound_event_id,
        cast(:arrived_at AS timestamptz), :window_id, cast(:not_after AS timestamptz),
        cast(:now AS timestamptz), cast(:now AS timestamptz));

-- name: touch_threads
-- Something was said on these threads; they are locked in the order of their ids.
WITH threads AS (
    SELECT id
    FROM {messaging}."MessageThread"
    WHERE id = ANY (cast(:thread_ids AS text[]))
    ORDER BY id
    FOR NO KEY UPDATE
)
UPDATE {messaging}."MessageThread" AS thread
SET "lastMessageAt" = greatest(thread."lastMessageAt", cast(:now AS timestamptz)),
    "lastOutboundAt" = greatest(thread."lastOutboundAt", cast(:now AS timestamptz)),
    "updatedAt" = cast(:now AS timestamptz)
FROM threads
WHERE thread.id = threads.id;

-- name: due_threads
-- Threads with texts to work on now (a claimed one has lost its worker) whose lease nobody holds. Leases are looked up
-- one by one: there is one for each thread that ever spoke.
SELECT text.thread_id
FROM ops.outbound_text AS text
WHERE text.state <> 'done'
  AND (text.next_attempt_at IS NULL OR text.next_attempt_at <= cast(:now AS timestamptz))
  AND coalesce((SELECT lease.expires_at
                FROM ops.thread_lease AS lease
                WHERE lease.thread_id = text.thread_id) <= cast(:now AS timestamptz), true)
GROUP BY text.thread_id
ORDER BY min(text.position)
LIMIT :limit;

-- name: early_statuses_of_attempts
-- Callbacks that came before our own commit and were not seen by it.
SELECT early.provider_sid AS sid, early.status, early.error_code
FROM ops.early_status AS early
WHERE EXISTS (SELECT 1 FROM ops.send_attempt AS attempt WHERE attempt.provider_sid = early.provider_sid)
ORDER BY early.received_at, early.provider_sid, early.status
LIMIT :limit;

-- name: forget_early_statuses
-- Callbacks for messages that are not ours.
DELETE FROM ops.early_status WHERE received_at < cast(:before AS timestamptz);

-- name: forget_early_status
-- One early callback, used up.
DELETE FROM ops.early_status WHERE provider_sid = :sid AND status = :status;

-- name: unfinished_sids
-- Messages that Twilio took before an instant and never told the end of.
SELECT provider_sid AS sid
FROM ops.send_attempt
WHERE provider_sid IS NOT NULL AND polled_at IS NULL
  AND status NOT IN ('delivered', 'read', 'undelivered', 'failed', 'canceled')
  AND claimed_at < cast(:before AS timestamptz)
ORDER BY claimed_at
LIMIT :limit;

-- name: mark_polled
-- Twilio was asked, once.
UPDATE ops.send_attempt SET polled_at = cast(:now AS timestamptz) WHERE provider_sid = :sid;
