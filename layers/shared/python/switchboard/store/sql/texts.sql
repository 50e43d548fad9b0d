-- name: store
-- Stores an authentic text once by its sid, then waits for the sender's other texts and for booking changes on the
-- threads that it may lean on. The earliest arrival wins until the text is routed. No row: it was settled before.
WITH texted AS (
    SELECT id, "orgId" AS org_id FROM {messaging}."MessageNumber" WHERE e164 = :recipient ORDER BY id LIMIT 1
), stored AS (
    INSERT INTO ops.inbound_text AS known (message_sid, org_id, arrived_at, form, state, created_at, updated_at)
    VALUES (:message_sid, (SELECT org_id FROM texted), cast(:arrived_at AS timestamptz), cast(:form AS jsonb),
            'stored', cast(:now AS timestamptz), cast(:now AS timestamptz))
    ON CONFLICT (message_sid) DO UPDATE
    SET arrived_at = least(known.arrived_at, excluded.arrived_at), updated_at = excluded.updated_at
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
    WHERE "orgId" = :org_id AND "sitterId" = ANY (ARRAY(SELECT sitter_id FROM own_windows))
        AND "endAt" > cast(:arrived_at AS timestamptz) AND "startAt" <= cast(:arrived_at AS timestamptz)
    UNION ALL
    SELECT id
    FROM {messaging}."AssignmentWindow"
    WHERE "orgId" = :org_id AND "sitterId" = ANY (ARRAY(SELECT id FROM own_sitters))
        AND "endAt" > cast(:arrived_at AS timestamptz) - interval '24 hours'
        AND "startAt" <= cast(:arrived_at AS timestamptz)
    UNION ALL
    SELECT window_id
    FROM ops.window_history
    WHERE org_id = :org_id AND sitter_id = ANY (ARRAY(SELECT id FROM own_sitters))
        AND valid_until > cast(:arrived_at AS timestamptz) - interval '24 hours'
), states AS MATERIALIZED (
    SELECT id, "threadId" AS thread_id, "sitterId" AS sitter_id, "startAt" AS start_at, "endAt" AS end_at, status, tag,
           null AS until
    FROM {messaging}."AssignmentWindow"
    WHERE id = ANY (ARRAY(SELECT id FROM played))
    UNION ALL
    SELECT window_id, thread_id, sitter_id, start_at, end_at, status, tag, valid_until
    FROM ops.window_history
    WHERE window_id = ANY (ARRAY(SELECT id FROM played))
        AND valid_until > cast(:arrived_at AS timestamptz) - interval '24 hours'
), threads AS MATERIALIZED (
    SELECT thread.id, thread.scope, thread."bookingId" AS booking_id, thread."clientId" AS client_id,
           thread."assignedSitterId" AS sitter_id, thread."messageNumberId" AS number_id,
           coalesce((SELECT number.e164 FROM {messaging}."MessageNumber" AS number
                     WHERE number.id = thread."messageNumberId"), thread."maskedNumberE164") AS number_e164
    FROM {messaging}."MessageThread" AS thread
    WHERE thread.id = ANY (ARRAY(
        SELECT thread_id FROM states
        UNION ALL SELECT id FROM home
        UNION ALL SELECT id FROM lease
        UNION ALL SELECT id FROM own_threads WHERE scope = 'client_general'
        UNION ALL
        SELECT id FROM {messaging}."MessageThread" WHERE "orgId" = :org_id AND scope = 'internal'
        UNION ALL
        SELECT id
        FROM {messaging}."MessageThread"
        WHERE "orgId" = :org_id AND "assignedSitterId" = ANY (ARRAY(SELECT id FROM own_sitters))
            AND scope = 'owner_sitter'
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
       (SELECT json_agg(said ORDER BY said.arrived_at, said.id)
        FROM (
            SELECT event.id, threads.id AS thread_id, event.body, event."createdAt" AS arrived_at
            FROM threads
            CROSS JOIN LATERAL (
                SELECT lately.id, lately.body, lately."createdAt"
                FROM {messaging}."MessageEvent" AS lately
                WHERE lately."threadId" = threads.id AND lately.direction = 'inbound'
                    AND lately."createdAt" > cast(:arrived_at AS timestamptz) - interval '10 minutes'
                    AND lately."providerMessageSid" IS DISTINCT FROM :message_sid
                    AND (lately."actorClientId" = ANY (ARRAY(SELECT id FROM own_clients))
                         OR lately."actorUserId" = ANY (ARRAY(SELECT id FROM own_sitters)))
                ORDER BY lately."createdAt" DESC, lately.id DESC
                LIMIT 5
            ) AS event
        ) AS said) AS recent,
       (SELECT json_agg(json_build_array(kind, day))
        FROM ops.automatic_answer
        WHERE org_id = :org_id AND person_e164 = :sender
            AND day >= cast(cast(:now AS timestamptz) AS date) - 1) AS answered,
       (SELECT json_agg(subject)
        FROM ops.owner_notice
        WHERE org_id = :org_id AND subject = ANY (ARRAY(SELECT 'thread:' || id FROM threads))
            AND noticed_at > cast(:now AS timestamptz) - interval '5 minutes') AS noticed,
       CASE WHEN EXISTS (SELECT 1 FROM own_sitters) THEN json_build_object(
           'has_thread', EXISTS (
               SELECT 1
               FROM {messaging}."MessageThread"
               WHERE "orgId" = :org_id AND "assignedSitterId" = ANY (ARRAY(SELECT id FROM own_sitters))
                   AND "messageNumberId" = :number_id AND scope = 'client_booking' AND status = 'open'),
           'next_opening', (
               SELECT min(ahead."startAt")
               FROM {messaging}."AssignmentWindow" AS ahead
               JOIN {messaging}."MessageThread" AS thread ON thread.id = ahead."threadId"
               WHERE ahead."orgId" = :org_id AND ahead."sitterId" = ANY (ARRAY(SELECT id FROM own_sitters))
                   AND ahead.status = 'active' AND ahead."endAt" > cast(:arrived_at AS timestamptz)
                   AND ahead."startAt" > cast(:arrived_at AS timestamptz) AND thread."messageNumberId" = :number_id),
           'held', (
               SELECT json_agg(waiting ORDER BY waiting.arrived_at, waiting.event_id)
               FROM (
                   SELECT held.event_id, held.question_id, held.arrived_at, event.body, event."mediaJson" AS media
                   FROM ops.held_text AS held
                   JOIN {messaging}."MessageEvent" AS event ON event.id = held.event_id
                   WHERE held.org_id = :org_id AND held.sitter_id = ANY (ARRAY(SELECT id FROM own_sitters))
                       AND held.number_id = :number_id AND held.state = 'held'
               ) AS waiting),
           'question', (
               SELECT json_build_object('id', id, 'asked_at', asked_at, 'choices', choices)
               FROM ops.tag_question
               WHERE org_id = :org_id AND sitter_id = ANY (ARRAY(SELECT id FROM own_sitters))
                   AND number_id = :number_id AND answered_at IS NULL
               ORDER BY asked_at
               LIMIT 1),
           'strikes', (
               SELECT json_object_agg(strike.sitter_id, strike.n)
               FROM (
                   SELECT "actorId" AS sitter_id, count(*) AS n
                   FROM {messaging}."AntiPoachingAttempt"
                   WHERE "orgId" = :org_id AND "actorId" = ANY (ARRAY(SELECT id FROM own_sitters))
                       AND "actorType" = 'sitter' AND action = 'blocked' AND "resolvedAt" IS NULL
                       AND "createdAt" > cast(:now AS timestamptz) - interval '30 days'
                   GROUP BY "actorId"
               ) AS strike)
       ) END AS sitting;

-- name: prepare
-- The rows that follow from few texts, before those of texts.write: a guest, threads that were missing, events that are
-- decided later than they came, opt-outs, held texts and questions, attempts, automatic answers. The subjects of which
-- the owner is told now: of the others somebody else has told since told_before.
WITH doc AS MATERIALIZED (
    SELECT cast(:doc AS jsonb) AS d
), guest AS (
    INSERT INTO {messaging}."Client" (
        "orgId", id, phone, "isGuest", "hasWeeklyPlan", "createdAt", "updatedAt"
    )
    SELECT :org_id, d ->> 'guest_id', d ->> 'sender', true, false,
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM doc
    WHERE d ? 'guest_id'
), threads AS (
    INSERT INTO {messaging}."MessageThread" (
        id, "orgId", scope, "clientId", "assignedSitterId", status, "messageNumberId", "numberClass",
        "maskedNumberE164", "isOneTimeClient", "isMeetAndGreet", "ownerUnreadCount", "createdAt", "updatedAt"
    )
    SELECT t.id, :org_id, t.scope, t.client_id, t.sitter_id, 'open', t.number_id, t.number_class, t.number_e164,
           -- domain/classification.py, of any booking of the client
           CASE WHEN t.client_id IS NOT NULL THEN coalesce(
               (SELECT NOT c."isRecurringOverride" FROM {messaging}."Client" AS c
                WHERE c."orgId" = :org_id AND c.id = t.client_id),
               NOT EXISTS (SELECT 1 FROM {messaging}."Client" AS c
                           WHERE c."orgId" = :org_id AND c.id = t.client_id AND c."hasWeeklyPlan")
               AND NOT EXISTS (SELECT 1 FROM {messaging}."Booking" AS b
                               WHERE b."orgId" = :org_id AND b."clientId" = t.client_id
                                   AND (b."isRecurring" OR b."hasWeeklyPlan"))
           ) END,
           false, 0, cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM doc,
         jsonb_to_recordset(d -> 'threads') AS t (
             id text, scope text, client_id text, sitter_id text, number_id text, number_class text, number_e164 text
         )
), participants AS (
    INSERT INTO {messaging}."MessageParticipant" (
        id, "orgId", "threadId", role, "userId", "clientId", "displayName", "realE164", "createdAt", "updatedAt"
    )
    SELECT p.id, :org_id, p.thread_id, p.role, p.user_id, p.client_id, p.display_name, p.real_e164,
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM doc,
         jsonb_to_recordset(d -> 'participants') AS p (
             id text, thread_id text, role text, user_id text, client_id text, display_name text, real_e164 text
         )
), moved AS (
    UPDATE {messaging}."MessageEvent" AS event
    SET "threadId" = m.thread_id, "deliveryStatus" = m.delivery_status, "failureCode" = m.failure_code,
        "failureDetail" = m.failure_detail, "metadataJson" = m.metadata,
        "actorType" = coalesce(m.actor_type, event."actorType"),
        "actorUserId" = coalesce(m.actor_user_id, event."actorUserId"),
        "actorClientId" = coalesce(m.actor_client_id, event."actorClientId"),
        "responsibleSitterIdSnapshot" = coalesce(m.sitter_id, event."responsibleSitterIdSnapshot"),
        "requiresResponse" = coalesce(m.requires_response, event."requiresResponse"),
        "updatedAt" = cast(:now AS timestamptz)
    FROM doc,
         jsonb_to_recordset(d -> 'moved') AS m (
             id text, thread_id text, delivery_status text, failure_code text, failure_detail text, metadata text,
             actor_type text, actor_user_id text, actor_client_id text, sitter_id text, requires_response boolean
         )
    WHERE event.id = m.id
), locked_sitter AS (
    UPDATE {messaging}."Sitter" AS sitter
    SET "relayLockedAt" = cast(:now AS timestamptz), "updatedAt" = cast(:now AS timestamptz)
    FROM doc
    WHERE sitter."orgId" = :org_id AND sitter.id = d ->> 'lock_sitter_id' AND sitter."relayLockedAt" IS NULL
), opting AS (
    SELECT o.* FROM doc, jsonb_to_recordset(d -> 'opting') AS o (id text, e164 text, client_id text, state text)
), opted AS (
    UPDATE {messaging}."OptOutState" AS known
    SET state = opting.state, source = 'inbound_keyword', "clientId" = coalesce(opting.client_id, known."clientId"),
        "updatedAt" = cast(:now AS timestamptz)
    FROM opting
    WHERE known."orgId" = :org_id AND known."phoneE164" = opting.e164
    RETURNING known."phoneE164" AS e164
), newly_opted AS (
    INSERT INTO {messaging}."OptOutState" (
        id, "orgId", "phoneE164", "clientId", state, source, "createdAt", "updatedAt"
    )
    SELECT opting.id, :org_id, opting.e164, opting.client_id, opting.state, 'inbound_keyword',
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM opting
    WHERE NOT EXISTS (SELECT 1 FROM opted WHERE opted.e164 = opting.e164)
), unblocked AS (
    DELETE FROM ops.blocked_pair AS pair
    USING opting
    WHERE pair.org_id = :org_id AND pair.person_e164 = opting.e164 AND pair.number_e164 = :number_e164
        AND opting.state = 'opted_in'
), held AS (
    INSERT INTO ops.held_text AS known (
        event_id, org_id, sitter_id, number_id, arrived_at, question_id, state, updated_at
    )
    SELECT h.event_id, :org_id, h.sitter_id, :number_id, h.arrived_at, h.question_id, h.state, cast(:now AS timestamptz)
    FROM doc,
         jsonb_to_recordset(d -> 'held') AS h (
             event_id text, sitter_id text, arrived_at timestamptz, question_id text, state text
         )
    ON CONFLICT (event_id) DO UPDATE
    SET question_id = excluded.question_id, state = excluded.state, updated_at = excluded.updated_at
), closed AS (
    UPDATE ops.tag_question AS question
    SET answered_at = cast(:now AS timestamptz), answer = (d ->> 'answer')::integer
    FROM doc
    WHERE question.id = d ->> 'closed_question_id' AND question.answered_at IS NULL
    RETURNING question.id
), asked AS (
    INSERT INTO ops.tag_question (id, org_id, sitter_id, number_id, choices, asked_at)
    SELECT q.id, :org_id, q.sitter_id, :number_id, q.choices, cast(:now AS timestamptz)
    FROM doc, jsonb_to_recordset(d -> 'questions') AS q (id text, sitter_id text, choices jsonb)
    WHERE (SELECT count(*) FROM closed) >= 0
), attempts AS (
    INSERT INTO {messaging}."AntiPoachingAttempt" (
        id, "orgId", "threadId", "eventId", "actorType", "actorId", "violationType", "detectedContent", action,
        "ownerNotifiedAt", "createdAt", "updatedAt"
    )
    SELECT a.id, :org_id, a.thread_id, a.event_id, a.actor_type, a.actor_id, a.violation_type, a.preview, a.action,
           CASE WHEN a.owner_notified THEN cast(:now AS timestamptz) END,
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM doc,
         jsonb_to_recordset(d -> 'attempts') AS a (
             id text, thread_id text, event_id text, actor_type text, actor_id text, violation_type text, preview text,
             action text, owner_notified boolean
         )
), said AS (
    INSERT INTO ops.automatic_answer (org_id, person_e164, kind, day, event_id)
    SELECT :org_id, d ->> 'sender', kind, (d ->> 'today')::date, d ->> 'event_id'
    FROM doc, jsonb_array_elements_text(d -> 'automatic_kinds') AS kind
    ON CONFLICT (org_id, person_e164, kind, day) DO NOTHING
), noticed AS (
    INSERT INTO ops.owner_notice (org_id, subject, noticed_at)
    SELECT :org_id, n.subject, cast(:now AS timestamptz)
    FROM doc, jsonb_to_recordset(d -> 'notices') AS n (subject text)
    ON CONFLICT (org_id, subject) DO UPDATE SET noticed_at = excluded.noticed_at
    WHERE owner_notice.noticed_at <= cast(:told_before AS timestamptz)
    RETURNING subject
)
SELECT subject FROM noticed;

-- name: write
-- The rows that follow from every text, in one statement; threads are locked in the order of their ids, the internal one
-- last.
WITH touched AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(cast(:touched AS jsonb)) AS t (id text, unread integer, heard boolean, spoken boolean)
), locked AS MATERIALIZED (
    SELECT id
    FROM {messaging}."MessageThread"
    WHERE id = ANY (ARRAY(SELECT id FROM touched))
    ORDER BY scope = 'internal', id
    FOR NO KEY UPDATE
), threads AS (
    UPDATE {messaging}."MessageThread" AS thread
    SET "ownerUnreadCount" = thread."ownerUnreadCount" + touched.unread,
        "lastMessageAt" = greatest(thread."lastMessageAt", cast(:now AS timestamptz)),
        "lastInboundAt" = CASE WHEN touched.heard
            THEN greatest(thread."lastInboundAt", cast(:arrived_at AS timestamptz)) ELSE thread."lastInboundAt" END,
        "lastOutboundAt" = CASE WHEN touched.spoken
            THEN greatest(thread."lastOutboundAt", cast(:now AS timestamptz)) ELSE thread."lastOutboundAt" END,
        "updatedAt" = cast(:now AS timestamptz)
    FROM touched
    WHERE thread.id = ANY (ARRAY(SELECT id FROM locked)) AND thread.id = touched.id
), events AS (
    INSERT INTO {messaging}."MessageEvent" (
        id, "orgId", "threadId", direction, "actorType", "actorUserId", "actorClientId", "providerMessageSid", body,
        "mediaJson", "deliveryStatus", "failureCode", "failureDetail", "requiresResponse",
        "responsibleSitterIdSnapshot", "metadataJson", "attemptCount", "createdAt", "updatedAt"
    )
    SELECT id, :org_id, thread_id, direction, actor_type, actor_user_id, actor_client_id, provider_sid, body, media,
           delivery_status, failure_code, failure_detail, requires_response, sitter_id, metadata, 0,
           coalesce(created_at, cast(:now AS timestamptz)), cast(:now AS timestamptz)
    FROM jsonb_to_recordset(cast(:events AS jsonb)) AS e (
        id text, thread_id text, direction text, actor_type text, actor_user_id text, actor_client_id text,
        provider_sid text, body text, media text, delivery_status text, failure_code text, failure_detail text,
        requires_response boolean, sitter_id text, metadata text, created_at timestamptz
    )
), outbox AS (
    INSERT INTO ops.outbound_text (
        event_id, org_id, thread_id, sender_e164, recipient_e164, purpose, inbound_event_id, arrived_at, window_id,
        not_after, created_at, updated_at
    )
    SELECT event_id, :org_id, thread_id, sender_e164, recipient_e164, purpose, inbound_event_id, arrived_at, window_id,
           not_after, cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM jsonb_to_recordset(cast(:outbox AS jsonb)) AS o (
        n integer, event_id text, thread_id text, sender_e164 text, recipient_e164 text, purpose text,
        inbound_event_id text, arrived_at timestamptz, window_id text, not_after timestamptz
    )
    ORDER BY n
), responses AS (
    INSERT INTO {messaging}."ResponseRecord" (
        id, "orgId", "threadId", "bookingId", "inboundMessageEventId", "responsibleSitterId", "slaSeconds",
        "inboundAt", "resolutionStatus", "resolvedAt", "createdAt", "updatedAt"
    )
    SELECT id, :org_id, thread_id, booking_id, event_id, sitter_id, sla_seconds, cast(:arrived_at AS timestamptz),
           status, CASE WHEN status <> 'pending' THEN cast(:now AS timestamptz) END,
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM jsonb_to_recordset(cast(:responses AS jsonb)) AS r (
        id text, thread_id text, booking_id text, event_id text, sitter_id text, sla_seconds integer, status text
    )
), answered AS (
    UPDATE {messaging}."ResponseRecord" AS record
    SET "resolutionStatus" = 'replied', "resolvedAt" = cast(:arrived_at AS timestamptz),
        "resolvedByMessageEventId" = cast(:answered AS jsonb) ->> record."threadId",
        "responseSeconds" =
            greatest(0, floor(extract(epoch FROM cast(:arrived_at AS timestamptz) - record."inboundAt")))::integer,
        "updatedAt" = cast(:now AS timestamptz)
    WHERE record."threadId" = ANY (ARRAY(SELECT jsonb_object_keys(cast(:answered AS jsonb))))
        AND record."resolutionStatus" = 'pending'
)
UPDATE ops.inbound_text
SET state = :state, org_id = :org_id, event_id = :event_id, next_attempt_at = null, updated_at = cast(:now AS timestamptz)
WHERE message_sid = :message_sid;

-- name: settle
-- The state of a text of which nothing else is stored: to a number that is nobody's, or from one of ours.
UPDATE ops.inbound_text
SET state = :state, next_attempt_at = null, updated_at = cast(:now AS timestamptz)
WHERE message_sid = :message_sid;
