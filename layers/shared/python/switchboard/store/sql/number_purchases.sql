-- name: hold
-- Whoever opens purchases, one after the other: the day's limit is one.
SELECT pg_advisory_xact_lock(hashtextextended('number purchases', 0)) AS held;

-- name: open
-- A purchase for each organisation and class in which bookings wait for more numbers than are free, one at a time and
-- within the day's limit; those that nobody needs any more and nobody began are dropped. Rows: who is over the limit.
WITH wanting AS (
    SELECT event.org_id, 'sitter' AS number_class, count(DISTINCT booking."sitterId") AS missing
    FROM ops.booking_event AS event
    JOIN {messaging}."Booking" AS booking ON booking."orgId" = event.org_id AND booking.id = event.booking_id
    WHERE event.next_attempt_at IS NOT NULL AND event.outcome = 'deferred' AND event.reason = 'sitter_number_missing'
    GROUP BY event.org_id
    UNION ALL
    SELECT org_id, 'pool', count(DISTINCT booking_id)
    FROM ops.booking_event
    WHERE next_attempt_at IS NOT NULL AND outcome = 'deferred' AND reason = 'pool_exhausted'
    GROUP BY org_id
), free AS (
    SELECT number."orgId" AS org_id, number."numberClass" AS number_class, count(*) AS many
    FROM {messaging}."MessageNumber" AS number
    WHERE number.status = 'active' AND number."orgId" IN (SELECT org_id FROM wanting)
      AND (number."numberClass" = 'sitter' AND number."assignedSitterId" IS NULL
               AND NOT EXISTS (SELECT 1 FROM {messaging}."SitterMaskedNumber" AS mask
                               WHERE mask."messageNumberId" = number.id AND mask.status = 'active')
           OR number."numberClass" = 'pool'
               AND NOT EXISTS (SELECT 1 FROM ops.pool_lease AS lease
                               WHERE lease.number_id = number.id AND lease.released_at IS NULL)
               AND NOT EXISTS (SELECT 1 FROM {messaging}."MessageThread" AS thread
                               WHERE thread."messageNumberId" = number.id AND thread.status = 'open'))
    GROUP BY 1, 2
), lacking AS (
    SELECT wanting.org_id, wanting.number_class
    FROM wanting LEFT JOIN free ON free.org_id = wanting.org_id AND free.number_class = wanting.number_class
    WHERE wanting.missing > coalesce(free.many, 0)
), dropped AS (
    UPDATE ops.number_purchase AS purchase
    SET state = 'dropped', updated_at = cast(:now AS timestamptz)
    WHERE purchase.state = 'open' AND purchase.attempted_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM lacking
                      WHERE lacking.org_id = purchase.org_id AND lacking.number_class = purchase.number_class)
), next AS (
    SELECT lacking.org_id, lacking.number_class,
           (SELECT count(*) FROM ops.number_purchase AS made
            WHERE made.org_id = lacking.org_id AND made.state <> 'dropped'
              AND made.created_at > cast(:a_day_ago AS timestamptz))
           + row_number() OVER (PARTITION BY lacking.org_id ORDER BY lacking.number_class) AS place
    FROM lacking
    WHERE NOT EXISTS (SELECT 1 FROM ops.number_purchase AS other
                      WHERE other.org_id = lacking.org_id AND other.number_class = lacking.number_class
                        AND (other.state = 'open'
                             OR other.state = 'refused' AND other.updated_at > cast(:refused_since AS timestamptz)))
), made AS (
    INSERT INTO ops.number_purchase (id, org_id, number_class, next_at, created_at, updated_at)
    SELECT cast(gen_random_uuid() AS text), org_id, number_class, cast(:now AS timestamptz), cast(:now AS timestamptz),
           cast(:now AS timestamptz)
    FROM next WHERE place <= cast(:a_day AS integer)
    ON CONFLICT DO NOTHING
)
SELECT DISTINCT org_id FROM next WHERE place > cast(:a_day AS integer) ORDER BY org_id;

-- name: take
-- The purchase that waits longest, for the length of a lease; without may_buy only one that may have been made.
WITH taken AS (
    UPDATE ops.number_purchase
    SET next_at = cast(:until AS timestamptz), updated_at = cast(:now AS timestamptz)
    WHERE id = (
        SELECT id FROM ops.number_purchase
        WHERE state = 'open' AND next_at <= cast(:now AS timestamptz)
          AND (cast(:may_buy AS boolean) OR attempted_at IS NOT NULL)
        ORDER BY next_at, created_at, id
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    )
    RETURNING id, org_id, number_class, attempted_at, looks
)
SELECT taken.id, taken.org_id, taken.number_class, taken.attempted_at, taken.looks,
       (SELECT e164 FROM {messaging}."MessageNumber"
        WHERE "orgId" = taken.org_id AND "numberClass" = 'front_desk' AND status = 'active'
        ORDER BY id LIMIT 1) AS front_desk
FROM taken;

-- name: begin
-- A number is about to be bought for it: from here on it may have been.
UPDATE ops.number_purchase
SET e164 = :e164, attempted_at = cast(:now AS timestamptz), looks = 0, updated_at = cast(:now AS timestamptz)
WHERE id = :id AND state = 'open';

-- name: put_off
-- Worked on again later: looked for in the account once more, or (attempted false) nothing was bought.
UPDATE ops.number_purchase
SET attempted_at = CASE WHEN cast(:attempted AS boolean) THEN attempted_at END, looks = cast(:looks AS integer),
    next_at = cast(:next_at AS timestamptz), updated_at = cast(:now AS timestamptz)
WHERE id = :id AND state = 'open';

-- name: close
-- It has its number, or was refused.
UPDATE ops.number_purchase
SET state = :state, e164 = coalesce(cast(:e164 AS text), e164), refused_with = cast(:refused_with AS text),
    updated_at = cast(:now AS timestamptz)
WHERE id = :id AND state = 'open'
RETURNING id;
