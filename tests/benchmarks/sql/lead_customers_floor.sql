-- The best hand-written SQL for lead-customers' result on a database without customers, in one transaction.
CREATE TEMPORARY TABLE keyed ON COMMIT DROP AS
SELECT id, name, phone_digits AS phone, email_clean AS email, created_at,
       coalesce('psid:' || CASE WHEN btrim("messengerPsid") <> '' THEN "messengerPsid" END, 'phone:' || phone_digits,
                'email:' || email_clean, 'individual:' || id) AS key
FROM (
    SELECT *, CASE WHEN length(digits) = 11 AND left(digits, 1) = '1' THEN right(digits, 10)
                   WHEN length(digits) >= 10 THEN digits END AS phone_digits,
           CASE WHEN strpos(email, '@') > 0 THEN lower(btrim(email)) END AS email_clean
    FROM (SELECT *, translate(phone, translate(phone, '0123456789', ''), '') AS digits FROM intake."Lead") AS spelled
) AS cleaned;

CREATE TEMPORARY TABLE grouped ON COMMIT DROP AS
SELECT key, gen_random_uuid() AS customer_id, count(*) AS leads,
       (array_agg(name ORDER BY created_at, id) FILTER (WHERE btrim(name) <> ''))[1] AS name,
       (array_agg(phone ORDER BY created_at, id) FILTER (WHERE phone IS NOT NULL))[1] AS phone,
       (array_agg(email ORDER BY created_at, id) FILTER (WHERE email IS NOT NULL))[1] AS email
FROM keyed
GROUP BY key;

ANALYZE keyed;

ANALYZE grouped;

INSERT INTO intake."Customer" (id, name, phone, email, metadata, created_at, updated_at)
SELECT customer_id, name, phone, email,
       jsonb_build_object('groupType', split_part(key, ':', 1), 'groupKey', key, 'leadCount', leads,
                          'createdBy', 'backfill-customers.ts', 'createdAt', to_char(now(), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                          'multipleLeads', leads > 1), now(), now()
FROM grouped;

UPDATE intake."Lead" AS l SET customer_id = g.customer_id
FROM keyed AS k JOIN grouped AS g ON g.key = k.key
WHERE l.id = k.id AND l.customer_id IS NULL;

UPDATE intake."Job" AS j SET customer_id = l.customer_id
FROM intake."Lead" AS l
WHERE l.id = j.lead_id AND j.customer_id IS NULL AND l.customer_id IS NOT NULL;

INSERT INTO intake."Audit" (actor, action, payload) VALUES ('system', 'backfill_customers', '{}')
