INSERT INTO messaging."Organization" (id, name) VALUES ('bench', 'bench');
INSERT INTO messaging."MessageNumber" (id, "orgId", e164, "numberClass")
SELECT 'number-' || n, 'bench', '+1555' || lpad(n::text, 7, '0'), CASE WHEN n = 0 THEN 'front_desk' ELSE 'sitter' END
FROM generate_series(0, 200) AS n;
INSERT INTO messaging."Sitter" (id, "orgId", "firstName", "lastName")
SELECT 'sitter-' || n, 'bench', 'Sitter', n::text FROM generate_series(1, 200) AS n;
INSERT INTO messaging."Client" (id, "orgId", "firstName", "lastName")
SELECT 'client-' || n, 'bench', 'Client', n::text FROM generate_series(1, {threads}) AS n;
INSERT INTO messaging."MessageThread"
    (id, "orgId", scope, "bookingId", "clientId", "assignedSitterId", "messageNumberId", "numberClass", "lastMessageAt")
SELECT md5(n::text), 'bench', 'client_booking', 'booking-' || n, 'client-' || n, 'sitter-' || n % 200 + 1,
       'number-' || n % 200 + 1, 'sitter',
       CASE WHEN n % 10 > 0 THEN timestamptz '2025-01-15T12:00:00Z' - make_interval(mins => n) END
FROM generate_series(1, {threads}) AS n;
INSERT INTO messaging."AssignmentWindow" (id, "orgId", "threadId", "sitterId", "startAt", "endAt")
SELECT 'window-' || n, 'bench', md5(n::text), 'sitter-' || n % 200 + 1, '2025-01-15T11:00:00Z', '2025-01-15T13:00:00Z'
FROM generate_series(1, {threads}) AS n;
INSERT INTO messaging."MessageEvent"
    (id, "orgId", "threadId", direction, "actorType", body, "deliveryStatus", "createdAt")
SELECT 'event-' || n || '-' || k, 'bench', md5(n::text), 'inbound', 'client', 'Is everything all right with Rex?',
       'received', timestamptz '2025-01-15T12:00:00Z' - make_interval(mins => n, secs => k)
FROM generate_series(1, {threads}) AS n, generate_series(1, 4) AS k;
INSERT INTO messaging."AntiPoachingAttempt" (id, "orgId", "threadId", "eventId", "actorType", "violationType", action)
SELECT 'attempt-' || n, 'bench', md5(n::text), 'event-' || n || '-1', 'client', 'email', 'blocked'
FROM generate_series(1, {threads}, 20) AS n;
