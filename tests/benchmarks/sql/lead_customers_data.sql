-- Leads and jobs as dirty as real ones: two in five by psid, two by phone (in several spellings), the rest by email or alone.
INSERT INTO intake."Lead" (channel, name, "messengerPsid", phone, email, created_at, updated_at)
SELECT 'sms', CASE WHEN n % 7 <> 0 THEN 'Name ' || n END,
       CASE WHEN n % 5 IN (0, 1) THEN 'psid-' || (n * 7919 % (:rows * 4 / 5)) END,
       CASE WHEN n % 5 IN (2, 3) THEN CASE n % 3 WHEN 0 THEN '+1 (555) ' ELSE '555.' END || (1000000 + n * 104729 % (:rows / 2)) END,
       CASE WHEN n % 10 <> 9 THEN ' User' || (n * 31 % (:rows / 2)) || '@Example.com ' END,
       timestamptz '2024-01-01Z' + n * interval '7 seconds', timestamptz '2024-01-01Z' + n * interval '7 seconds'
FROM generate_series(cast(1 AS bigint), :rows) AS n;

INSERT INTO intake."Job" (lead_id, status)
SELECT id, 'booked' FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM intake."Lead") AS leads WHERE place % 5 = 0
