-- name: take
-- Takes the thread's lease where nobody holds it, and locks its texts that are not done, in their order. Texts put back
-- for over 60 s do not hold later ones, so they are left out until they are due. A lease without texts is one row.
WITH lease AS (
    INSERT INTO ops.thread_lease (thread_id, fence, holder, expires_at)
    VALUES (:thread_id, 1, :holder, cast(:until AS timestamptz))
    ON CONFLICT (thread_id) DO UPDATE
    SET fence = thread_lease.fence + 1, holder = excluded.holder, expires_at = excluded.expires_at
    WHERE thread_lease.expires_at <= cast(:now AS timestamptz)
    RETURNING thread_id, fence
)
SELECT lease.fence, texts.event_id
FROM lease
LEFT JOIN LATERAL (
    SELECT text.event_id
    FROM ops.outbound_text AS text
    WHERE text.thread_id = lease.thread_id
      AND text.state <> 'done'
      AND (text.next_attempt_at <= cast(:now AS timestamptz)
           OR text.next_attempt_at IS NULL
           OR text.next_attempt_at - text.updated_at <= interval '60 seconds')
    ORDER BY text.position
    LIMIT 20
    FOR UPDATE
) AS texts ON true;

-- name: keep
-- As take, for the worker that holds the lease: no row when another one has it.
WITH lease AS (
    UPDATE ops.thread_lease SET expires_at = cast(:until AS timestamptz)
    WHERE thread_id = :thread_id AND fence = :fence
    RETURNING thread_id, fence
)
SELECT lease.fence, texts.event_id
FROM lease
LEFT JOIN LATERAL (
    SELECT text.event_id
    FROM ops.outbound_text AS text
    WHERE text.thread_id = lease.thread_id
      AND text.state <> 'done'
      AND (text.next_attempt_at <= cast(:now AS timestamptz)
           OR text.next_attempt_at IS NULL
           OR text.next_attempt_at - text.updated_at <= interval '60 seconds')
    ORDER BY text.position
    LIMIT 20
    FOR UPDATE
) AS texts ON true;

-- name: release
-- Gives the lease back; the row stays, so that fences only grow.
UPDATE ops.thread_lease SET expires_at = cast(:now AS timestamptz)
WHERE thread_id = :thread_id AND fence = :fence;

-- name: lock
-- Locks one text by its event, or by a sid that one of its attempts holds.
SELECT text.event_id, text.thread_id
FROM ops.outbound_text AS text
WHERE text.event_id = coalesce(
    (SELECT named.event_id FROM ops.outbound_text AS named WHERE named.event_id = :event_id),
    (SELECT attempt.event_id FROM ops.send_attempt AS attempt WHERE attempt.provider_sid = :sid)
)
FOR UPDATE;

-- name: gather
-- Texts that the transaction has locked, in their order, with their attempts and what claiming checks: opt-out, blocked
-- pair and off-boarding as they are now, the window as it was when the text that is relayed arrived. A START that is
-- newer than a blocked pair lifts it. live_until is the window's end as it is now, past when it is closed or another's.
-- An earlier application may have noted a person more than once: one opt-out is enough.
SELECT text.event_id, text.org_id, text.thread_id, text.sender_e164, text.recipient_e164, text.purpose, text.state,
       text.next_attempt_at, text.not_after,
       (
           SELECT CASE
               WHEN held.status = 'active'
                    AND held."sitterId" = coalesce(event."responsibleSitterIdSnapshot", held."sitterId")
               THEN held."endAt"
               ELSE text.arrived_at
           END
           FROM {messaging}."AssignmentWindow" AS held
           WHERE held.id = text.window_id
       ) AS live_until,
       event.body, event."mediaJson" AS media,
       event."deliveryStatus" AS delivery_status, event."providerMessageSid" AS provider_sid,
       event."failureCode" AS failure_code, event."failureDetail" AS failure_detail,
       coalesce(tried.attempts, '[]'::jsonb) AS attempts,
       coalesce(person.state = 'opted_out', false) AS opted_out,
       pair.since IS NOT NULL AND NOT coalesce(person.state = 'opted_in' AND person."updatedAt" > pair.since, false)
           AS pair_blocked,
       EXISTS (
           SELECT 1
           FROM {messaging}."Sitter" AS sitter
           WHERE sitter."orgId" = text.org_id
             AND NOT sitter.active
             AND sitter.id IN (
                 event."responsibleSitterIdSnapshot",
                 CASE WHEN event."actorType" = 'sitter' THEN event."actorUserId" END
             )
       ) AS sitter_gone,
       text.window_id IS NULL OR text.arrived_at IS NULL OR coalesce(
           (
               SELECT past.status = 'active' AND past.start_at <= text.arrived_at AND text.arrived_at < past.end_at
                      AND past.sitter_id = coalesce(event."responsibleSitterIdSnapshot", past.sitter_id)
               FROM ops.window_history AS past
               WHERE past.window_id = text.window_id AND past.valid_until > text.arrived_at
               ORDER BY past.valid_until, past.id
               LIMIT 1
           ),
           (
               SELECT held.status = 'active' AND held."startAt" <= text.arrived_at AND text.arrived_at < held."endAt"
                      AND held."sitterId" = coalesce(event."responsibleSitterIdSnapshot", held."sitterId")
               FROM {messaging}."AssignmentWindow" AS held
               WHERE held.id = text.window_id
           ),
           false
       ) AS window_open
FROM ops.outbound_text AS text
JOIN {messaging}."MessageEvent" AS event ON event.id = text.event_id
LEFT JOIN LATERAL (
    SELECT noted.state, noted."updatedAt"
    FROM {messaging}."OptOutState" AS noted
    WHERE noted."orgId" = text.org_id AND noted."phoneE164" = text.recipient_e164
    ORDER BY noted.state = 'opted_out' DESC, noted."updatedAt" DESC
    LIMIT 1
) AS person ON true
LEFT JOIN ops.blocked_pair AS pair
    ON pair.org_id = text.org_id AND pair.person_e164 = text.recipient_e164 AND pair.number_e164 = text.sender_e164
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
               'number', attempt.attempt, 'status', attempt.status, 'claimed_at', attempt.claimed_at,
               'ended_at', attempt.ended_at, 'error_code', attempt.error_code, 'sid', attempt.provider_sid,
               'looks', attempt.looks, 'looks_needed', attempt.looks_needed
           ) ORDER BY attempt.attempt) AS attempts
    FROM ops.send_attempt AS attempt
    WHERE attempt.event_id = text.event_id
) AS tried ON true
WHERE text.event_id = ANY(cast(:event_ids AS text[]))
ORDER BY text.position;

-- name: claim
-- A new attempt, begun now.
WITH row AS (
    UPDATE ops.outbound_text
    SET state = 'claimed', attempts = :attempt, next_attempt_at = NULL, updated_at = cast(:now AS timestamptz)
    WHERE event_id = :event_id
), attempt AS (
    INSERT INTO ops.send_attempt (event_id, attempt, org_id, status, claimed_at, claimed_by, updated_at)
    VALUES (:event_id, :attempt, :org_id, 'claimed', cast(:now AS timestamptz), :holder, cast(:now AS timestamptz))
)
UPDATE {messaging}."MessageEvent"
SET "attemptCount" = :attempt, "lastAttemptAt" = cast(:now AS timestamptz), "nextAttemptAt" = NULL,
    "deliveryStatus" = 'queued', "failureCode" = NULL, "failureDetail" = NULL, "updatedAt" = cast(:now AS timestamptz)
WHERE id = :event_id;

-- name: store
-- Texts as they are to be, each with the attempt that changed (null: none did); callbacks that came early are used up.
WITH changed AS (
    SELECT *
    FROM jsonb_to_recordset(cast(:texts AS jsonb)) AS t (
        event_id text, state text, next_attempt_at timestamptz, delivery_status text, provider_sid text,
        failure_code text, failure_detail text, attempt integer, status text, sid text, error_code integer,
        ended_at timestamptz, looks integer, looks_needed integer
    )
), rows AS (
    UPDATE ops.outbound_text AS text
    SET state = changed.state, next_attempt_at = changed.next_attempt_at, updated_at = cast(:now AS timestamptz)
    FROM changed
    WHERE text.event_id = changed.event_id
      AND (text.state, text.next_attempt_at) IS DISTINCT FROM (changed.state, changed.next_attempt_at)
), attempts AS (
    UPDATE ops.send_attempt AS attempt
    SET status = changed.status, provider_sid = changed.sid, error_code = changed.error_code,
        ended_at = changed.ended_at, looks = changed.looks, looks_needed = changed.looks_needed,
        updated_at = cast(:now AS timestamptz)
    FROM changed
    WHERE attempt.event_id = changed.event_id AND attempt.attempt = changed.attempt
), early AS (
    DELETE FROM ops.early_status WHERE provider_sid IN (SELECT sid FROM changed)
)
UPDATE {messaging}."MessageEvent" AS event
SET "deliveryStatus" = changed.delivery_status, "providerMessageSid" = changed.provider_sid,
    "failureCode" = changed.failure_code, "failureDetail" = changed.failure_detail,
    "nextAttemptAt" = changed.next_attempt_at, "updatedAt" = cast(:now AS timestamptz)
FROM changed
WHERE event.id = changed.event_id;

-- name: raise_unread
-- The owner has that much more to see on the thread.
UPDATE {messaging}."MessageThread"
SET "ownerUnreadCount" = "ownerUnreadCount" + :count, "updatedAt" = cast(:now AS timestamptz)
WHERE id = :thread_id;

-- name: hold_person
-- What a person wishes is written by one after the other, texts.store among them: on an adopted database no index says
-- that they have one row.
SELECT pg_advisory_xact_lock(hashtextextended(:person, 0)) IS NULL AS waited;

-- name: opt_out
-- Twilio says that the person opted out: recorded for the person, or, where the person's START is newer, for this pair
-- of numbers alone. A 21610 is about one number, so any START is newer; another code speaks of the time of its attempt.
WITH started AS (
    SELECT 1
    FROM {messaging}."OptOutState"
    WHERE "orgId" = :org_id AND "phoneE164" = :person AND state = 'opted_in' AND source = 'inbound_keyword'
      AND (:code = 21610 OR "updatedAt" > cast(:claimed_at AS timestamptz))
), pair AS (
    INSERT INTO ops.blocked_pair (org_id, person_e164, number_e164, since)
    SELECT :org_id, :person, :number, cast(:now AS timestamptz)
    WHERE EXISTS (SELECT 1 FROM started)
    ON CONFLICT (org_id, person_e164, number_e164) DO UPDATE SET since = excluded.since
), known AS (
    UPDATE {messaging}."OptOutState"
    SET state = 'opted_out', source = 'provider', "updatedAt" = cast(:now AS timestamptz)
    WHERE "orgId" = :org_id AND "phoneE164" = :person AND state <> 'opted_out' AND NOT EXISTS (SELECT 1 FROM started)
), person AS (
    INSERT INTO {messaging}."OptOutState" (
        id, "orgId", "phoneE164", state, source, "createdAt", "updatedAt"
    )
    SELECT :id, :org_id, :person, 'opted_out', 'provider', cast(:now AS timestamptz), cast(:now AS timestamptz)
    WHERE NOT EXISTS (SELECT 1 FROM {messaging}."OptOutState" WHERE "orgId" = :org_id AND "phoneE164" = :person)
)
SELECT EXISTS (SELECT 1 FROM started) AS pair_only;

-- name: early
-- Status callbacks that came before any attempt held their sid.
SELECT status, error_code FROM ops.early_status WHERE provider_sid = :sid ORDER BY received_at;

-- name: keep_early
-- Keeps a status whose sid no attempt holds yet.
INSERT INTO ops.early_status (provider_sid, status, error_code, received_at)
VALUES (:sid, :status, :error_code, cast(:now AS timestamptz))
ON CONFLICT (provider_sid, status) DO NOTHING;

-- name: held_sids
-- Which of these sids another event holds.
SELECT provider_sid AS sid
FROM ops.send_attempt
WHERE provider_sid = ANY(cast(:sids AS text[])) AND event_id <> :event_id;
