-- name: store
-- Stores an authentic text once by its sid, as what it is when this transaction commits: routed, or to a number that is
-- nobody's. Where an adopted database has the number twice, the row in use counts. Then waits for the sender's other
-- texts and for booking changes on the threads that it may lean on. The earliest arrival wins until the text is routed,
-- the event of an earlier try stays. No row: it was settled before.
WITH texted AS (
    SELECT id, "orgId" AS org_id
    FROM {messaging}."MessageNumber"
    WHERE e164 = :recipient
    ORDER BY status = 'active' DESC, id
    LIMIT 1
), stored AS (
    INSERT INTO ops.inbound_text AS known (
        message_sid, org_id, arrived_at, form, state, event_id, created_at, updated_at
    )
    VALUES (:message_sid, (SELECT org_id FROM texted), cast(:arrived_at AS timestamptz), cast(:form AS jsonb),
            CASE WHEN EXISTS (SELECT 1 FROM texted) THEN 'routed' ELSE 'unknown_number' END,
            CASE WHEN EXISTS (SELECT 1 FROM texted) THEN :event_id END,
            cast(:now AS timestamptz), cast(:now AS timestamptz))
    ON CONFLICT (message_sid) DO UPDATE
    SET org_id = excluded.org_id, arrived_at = least(known.arrived_at, excluded.arrived_at), state = excluded.state,
        event_id = coalesce(known.event_id, excluded.event_id), next_attempt_at = null,
        updated_at = excluded.updated_at
    WHERE known.state IN ('stored', 'failed')
    RETURNING arrived_at, event_id, pg_advisory_xact_lock(hashtextextended(:sender, 0)) IS NULL AS waited
), leant_on AS MATERIALIZED (
    SELECT id
    FROM {messaging}."MessageThread"
    WHERE id = ANY (ARRAY(
        SELECT "threadId"
        FROM {messaging}."AssignmentWindow"
        WHERE status = 'active' AND "startAt" <= cast(:now AS timestamptz)
            AND "endAt" > cast(:arrived_at AS timestamptz)
            AND "threadId" = ANY (ARRAY(
                SELECT id
                FROM {messaging}."MessageThread"
                WHERE "orgId" = (SELECT org_id FROM texted) AND status = 'open' AND "clientId" = ANY (ARRAY(
                    SELECT id
                    FROM {messaging}."Client"
                    WHERE "orgId" = (SELECT org_id FROM texted) AND phone = :sender))))
        UNION ALL
        SELECT "threadId"
        FROM {messaging}."AssignmentWindow"
        WHERE status = 'active' AND "startAt" <= cast(:now AS timestamptz)
            AND "endAt" > cast(:arrived_at AS timestamptz) AND "orgId" = (SELECT org_id FROM texted)
            AND "sitterId" = ANY (ARRAY(
                SELECT id
                FROM {messaging}."Sitter"
                WHERE "orgId" = (SELECT org_id FROM texted) AND phone = :sender))
    )) AND EXISTS (SELECT 1 FROM stored)
    ORDER BY id
    FOR NO KEY UPDATE
)
SELECT to_json(stored.arrived_at) #>> '{}' AS arrived_at, stored.event_id, texted.id AS number_id, texted.org_id,
       (SELECT count(*) FROM leant_on) AS locked
FROM stored
LEFT JOIN texted ON true;

-- name: gather
-- Everything that bears on a text to one of our numbers, as one row of JSON.
WITH own_clients AS MATERIALIZED (
    SELECT id FROM {messaging}."Client" WHERE "orgId" = cast(:org_id AS text) AND phone = cast(:sender AS text)
), own_sitters AS MATERIALIZED (
    SELECT id FROM {messaging}."Sitter" WHERE "orgId" = :org_id AND phone = :sender
), own_threads AS MATERIALIZED (
    SELECT id, scope, "messageNumberId" AS number_id, "lastMessageAt" AS last_at, "createdAt" AS created_at
    FROM {messaging}."MessageThread"
    WHERE "orgId" = :org_id AND "clientId" = ANY (ARRAY(SELECT id FROM own_clients)) AND status = 'open'
), home AS MATERIALIZED (
    SELECT id
    FROM own_threads
    WHERE number_id = cast(:number_id AS text)
    ORDER BY last_at DESC NULLS LAST, created_at DESC, id
    LIMIT 1
), lease AS MATERIALIZED (
    SELECT thread_id AS id
    FROM ops.pool_lease
    WHERE org_id = :org_id AND number_id = :number_id AND client_id = ANY (ARRAY(SELECT id FROM own_clients))
    ORDER BY since DESC
    LIMIT 1
), own_windows AS MATERIALIZED (
    SELECT id, "sitterId" AS sitter_id
    FROM {messaging}."AssignmentWindow"
    WHERE "threadId" = ANY (ARRAY(SELECT id FROM own_threads))
        AND "startAt" <= cast(:arrived_at AS timestamptz) AND "endAt" > cast(:arrived_at AS timestamptz)
    UNION ALL
    SELECT window_id, sitter_id
    FROM ops.window_history
    WHERE thread_id = ANY (ARRAY(SELECT id FROM own_threads)) AND valid_until > cast(:arrived_at AS timestamptz)
), played AS MATERIALIZED (
    SELECT id FROM own_windows
    UNION ALL
    SELECT id
    FROM {messaging}."AssignmentWindow"
    WHERE "orgId" = :org_id
        AND "sitterId" = ANY (ARRAY(SELECT sitter_id FROM own_windows UNION ALL SELECT id FROM own_sitters))
        AND "endAt" > cast(:remembered_since AS timestamptz)
        AND "startAt" <= cast(:arrived_at AS timestamptz)
        AND ("endAt" > cast(:arrived_at AS timestamptz) OR "sitterId" = ANY (ARRAY(SELECT id FROM own_sitters)))
    UNION ALL
    SELECT window_id
    FROM ops.window_history
    WHERE org_id = :org_id AND sitter_id = ANY (ARRAY(SELECT id FROM own_sitters))
        AND valid_until > cast(:remembered_since AS timestamptz)
), states AS MATERIALIZED (
    SELECT id, "threadId" AS thread_id, "sitterId" AS sitter_id, "startAt" AS start_at, "endAt" AS end_at, status, tag,
           null AS until
    FROM {messaging}."AssignmentWindow"
    WHERE id = ANY (ARRAY(SELECT id FROM played))
    UNION ALL
    SELECT window_id, thread_id, sitter_id, start_at, end_at, status, tag, valid_until
    FROM ops.window_history
    WHERE window_id = ANY (ARRAY(SELECT id FROM played))
        AND valid_until > cast(:remembered_since AS timestamptz)
), threads AS MATERIALIZED (
    SELECT thread.id, thread.scope, thread."bookingId" AS booking_id, thread."clientId" AS client_id,
           thread."assignedSitterId" AS sitter_id, thread."messageNumberId" AS number_id,
           coalesce((SELECT number.e164 FROM {messaging}."MessageNumber" AS number
                     WHERE number.id = thread."messageNumberId"), thread."maskedNumberE164") AS number_e164,
           thread.status = 'open' AS is_open
    FROM {messaging}."MessageThread" AS thread
    WHERE thread.id = ANY (ARRAY(
        SELECT thread_id FROM states
        UNION ALL SELECT id FROM home
        UNION ALL SELECT id FROM lease
        UNION ALL SELECT id FROM own_threads WHERE scope = 'client_general'
        UNION ALL
        SELECT id FROM {messaging}."MessageThread" WHERE "orgId" = :org_id AND scope = 'internal'
    ))
), clients AS MATERIALIZED (
    SELECT id, "firstName" AS first_name, "lastName" AS last_name, phone, "isGuest" AS guest
    FROM {messaging}."Client"
    WHERE "orgId" = :org_id
        AND id = ANY (ARRAY(SELECT id FROM own_clients UNION ALL SELECT client_id FROM threads))
), sitters AS MATERIALIZED (
    SELECT id, "firstName" AS first_name, "lastName" AS last_name, phone, active,
           "relayLockedAt" IS NOT NULL AS locked
    FROM {messaging}."Sitter"
    WHERE "orgId" = :org_id
        AND id = ANY (ARRAY(SELECT id FROM own_sitters UNION ALL SELECT sitter_id FROM states))
)
SELECT (SELECT json_build_object('id', id, 'e164', e164, 'status', status, 'number_class', "numberClass",
                                 'sitter_id', "assignedSitterId")
        FROM {messaging}."MessageNumber"
        WHERE id = :number_id) AS number,
       (SELECT json_build_object('owner', "ownerPhone", 'link', "bookingLink", 'timezone', timezone,
                                 'hotlines', hotlines, 'sla_seconds', "responseSlaSeconds")
        FROM {messaging}."Organization"
        WHERE id = :org_id) AS organisation,
       (SELECT json_build_object('id', id, 'e164', e164, 'status', status, 'number_class', "numberClass",
                                 'sitter_id', null)
        FROM {messaging}."MessageNumber"
        WHERE "orgId" = :org_id AND "numberClass" = 'front_desk' AND status = 'active'
        ORDER BY id
        LIMIT 1) AS front_desk,
       EXISTS (SELECT 1 FROM {messaging}."MessageNumber" WHERE e164 = :sender) AS own_sender,
       (SELECT json_agg(id ORDER BY id) FROM own_clients) AS client_ids,
       (SELECT json_agg(id ORDER BY id) FROM own_sitters) AS sitter_ids,
       (SELECT json_agg(clients) FROM clients) AS clients,
       (SELECT json_agg(sitters) FROM sitters) AS sitters,
       (SELECT json_agg(threads) FROM threads) AS threads,
       (SELECT json_agg(states) FROM states) AS windows,
       (SELECT id FROM home) AS home,
       (SELECT id FROM lease) AS lease,
       (SELECT json_agg("phoneE164")
        FROM {messaging}."OptOutState"
        WHERE "orgId" = :org_id AND state = 'opted_out' AND "phoneE164" = ANY (ARRAY(
            SELECT :sender UNION ALL SELECT phone FROM clients UNION ALL SELECT phone FROM sitters))) AS opted_out,
       (SELECT to_json(max("updatedAt")) #>> '{}'
        FROM {messaging}."OptOutState"
        WHERE "orgId" = :org_id AND "phoneE164" = :sender AND source = 'inbound_keyword') AS opted_at,
       (SELECT json_agg(said ORDER BY said.arrived_at, said.id)
        FROM (
            SELECT event.id, threads.id AS thread_id, event.body, event."createdAt" AS arrived_at,
                   event."mediaJson" AS media, event.metadata
            FROM threads
            CROSS JOIN LATERAL (
                SELECT lately.id, lately.body, lately."createdAt", lately."mediaJson",
                       CASE WHEN lately."actorType" = 'sitter' THEN lately."metadataJson" END AS metadata
                FROM {messaging}."MessageEvent" AS lately
                WHERE lately."threadId" = threads.id AND lately.direction = 'inbound'
                    AND lately."createdAt" > cast(:said_since AS timestamptz)
                    AND lately."providerMessageSid" IS DISTINCT FROM :message_sid
                    AND (lately."actorClientId" = ANY (ARRAY(SELECT id FROM own_clients))
                         OR lately."actorUserId" = ANY (ARRAY(SELECT id FROM own_sitters)))
                ORDER BY lately."createdAt" DESC, lately.id DESC
                LIMIT cast(:most_said AS integer)
            ) AS event
        ) AS said) AS recent,
       (SELECT json_agg(json_build_array(kind, day))
        FROM ops.automatic_answer
        WHERE org_id = :org_id AND person_e164 = :sender
            AND day >= cast(cast(:now AS timestamptz) AS date) - 1) AS answered,
       (SELECT json_agg(subject)
        FROM ops.owner_notice
        WHERE org_id = :org_id AND subject = ANY (ARRAY(SELECT 'thread:' || id FROM threads))
            AND noticed_at > cast(:told_since AS timestamptz)) AS noticed;

-- name: sitting
-- What bears on a sitter's text beyond that: the owner's thread with them, held texts and the open question on the
-- number, what was said around the held ones on the threads in play, windows to come, strikes.
WITH owners AS MATERIALIZED (
    SELECT thread.id, thread.scope, thread."bookingId" AS booking_id, thread."clientId" AS client_id,
           thread."assignedSitterId" AS sitter_id, thread."messageNumberId" AS number_id,
           coalesce((SELECT number.e164 FROM {messaging}."MessageNumber" AS number
                     WHERE number.id = thread."messageNumberId"), thread."maskedNumberE164") AS number_e164
    FROM {messaging}."MessageThread" AS thread
    WHERE thread."orgId" = :org_id AND thread."assignedSitterId" = ANY (cast(:sitter_ids AS text[]))
        AND thread.scope = 'owner_sitter'
), waiting AS MATERIALIZED (
    SELECT held.event_id, held.question_id, held.arrived_at, event.body, event."mediaJson" AS media
    FROM ops.held_text AS held
    JOIN {messaging}."MessageEvent" AS event ON event.id = held.event_id
    WHERE held.org_id = :org_id AND held.sitter_id = ANY (cast(:sitter_ids AS text[]))
        AND held.number_id = :number_id AND held.state = 'held'
)
SELECT (SELECT json_agg(owners) FROM owners) AS threads,
       (SELECT json_agg(subject)
        FROM ops.owner_notice
        WHERE org_id = :org_id AND subject = ANY (ARRAY(SELECT 'thread:' || id FROM owners))
            AND noticed_at > cast(:told_since AS timestamptz)) AS noticed,
       EXISTS (
           SELECT 1
           FROM {messaging}."MessageThread"
           WHERE "orgId" = :org_id AND "assignedSitterId" = ANY (cast(:sitter_ids AS text[]))
               AND "messageNumberId" = :number_id AND scope = 'client_booking' AND status = 'open') AS has_thread,
       (SELECT to_json(min(ahead."startAt")) #>> '{}'
        FROM {messaging}."AssignmentWindow" AS ahead
        JOIN {messaging}."MessageThread" AS thread ON thread.id = ahead."threadId"
        WHERE ahead."orgId" = :org_id AND ahead."sitterId" = ANY (cast(:sitter_ids AS text[]))
            AND ahead.status = 'active' AND ahead."endAt" > cast(:arrived_at AS timestamptz)
            AND ahead."startAt" > cast(:arrived_at AS timestamptz)
            AND thread."messageNumberId" = :number_id) AS next_opening,
       (SELECT json_agg(waiting ORDER BY waiting.arrived_at, waiting.event_id) FROM waiting) AS held,
       (SELECT json_agg(said)
        FROM (
            SELECT DISTINCT event.id, thread.id AS thread_id, event.body, event."createdAt" AS arrived_at,
                   event."mediaJson" AS media, event."metadataJson" AS metadata
            FROM waiting
            CROSS JOIN unnest(cast(:thread_ids AS text[])) AS thread (id)
            CROSS JOIN LATERAL (
                (SELECT before.id, before.body, before."createdAt", before."mediaJson", before."metadataJson"
                 FROM {messaging}."MessageEvent" AS before
                 WHERE before."threadId" = thread.id AND before.direction = 'inbound'
                     AND before."createdAt" > waiting.arrived_at - cast(:joined_within AS interval)
                     AND before."createdAt" <= waiting.arrived_at
                     AND before."providerMessageSid" IS DISTINCT FROM :message_sid
                     AND before."actorUserId" = ANY (cast(:sitter_ids AS text[]))
                 ORDER BY before."createdAt" DESC, before.id DESC
                 LIMIT cast(:most_said AS integer))
                UNION ALL
                (SELECT later.id, later.body, later."createdAt", later."mediaJson", later."metadataJson"
                 FROM {messaging}."MessageEvent" AS later
                 WHERE later."threadId" = thread.id AND later.direction = 'inbound'
                     AND later."createdAt" > waiting.arrived_at
                     AND later."createdAt" < waiting.arrived_at + cast(:joined_within AS interval)
                     AND later."providerMessageSid" IS DISTINCT FROM :message_sid
                     AND later."actorUserId" = ANY (cast(:sitter_ids AS text[]))
                 ORDER BY later."createdAt", later.id
                 LIMIT cast(:most_said AS integer))
            ) AS event
        ) AS said) AS said,
       (SELECT json_build_object('id', id, 'asked_at', asked_at, 'choices', choices)
        FROM ops.tag_question
        WHERE org_id = :org_id AND sitter_id = ANY (cast(:sitter_ids AS text[]))
            AND number_id = :number_id AND answered_at IS NULL
        ORDER BY asked_at
        LIMIT 1) AS question,
       (SELECT json_object_agg(strike.sitter_id, strike.n)
        FROM (
            SELECT "actorId" AS sitter_id, count(*) AS n
            FROM {messaging}."AntiPoachingAttempt"
            WHERE "orgId" = :org_id AND "actorId" = ANY (cast(:sitter_ids AS text[]))
                AND "actorType" = 'sitter' AND action = 'blocked' AND "resolvedAt" IS NULL
                AND "createdAt" > cast(:struck_since AS timestamptz)
            GROUP BY "actorId"
        ) AS strike) AS strikes;

-- name: settle
-- The state of a text from one of our numbers: it has no event but what an earlier try made.
UPDATE ops.inbound_text
SET state = :state, event_id = cast(:event_id AS text), updated_at = cast(:now AS timestamptz)
WHERE message_sid = :message_sid;
