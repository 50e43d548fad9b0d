-- name: bounds
-- Lanes over leads.
SELECT cast(min(id) AS text) AS first_key, count(*) AS rows
FROM (SELECT id, ntile(cast(:lanes AS integer)) OVER (ORDER BY id) AS lane FROM (SELECT cast(id AS text) AS id FROM {intake}."Lead") AS l) AS t
GROUP BY lane
ORDER BY lane

-- name: decide
-- Leads whose name has white space around it; one without any letter is an error.
WITH page AS MATERIALIZED (
    SELECT id, name FROM {intake}."Lead" WHERE id >= cast(:after AS {intake_key}) ORDER BY id LIMIT cast(:size AS integer) + 1
), within AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY id) AS place, * FROM page
    WHERE cast(:until AS text) IS NULL OR id < cast(:until AS {intake_key})
), wrong AS MATERIALIZED (
    SELECT id, name, btrim(name) AS trimmed FROM within WHERE place <= :size AND name IS DISTINCT FROM btrim(name)
)
SELECT (SELECT cast(id AS text) FROM within WHERE place = cast(:size AS integer) + 1) AS next_key,
       (SELECT cast(id AS text) FROM within WHERE place = 1) AS first_key,
       (SELECT cast(id AS text) FROM within WHERE place = 1) AS first_id,
       (SELECT cast(least(count(*), :size) AS integer) FROM within) AS scanned,
       jsonb_build_object('Names trimmed', count(*) FILTER (WHERE trimmed <> '')) AS counts,
       jsonb_agg(jsonb_build_object('key', id, 'row_id', id, 'message', 'nothing is left of the name'))
           FILTER (WHERE trimmed = '') AS errors,
       cast(array_agg(id) FILTER (WHERE trimmed <> '') AS text) AS ids
FROM wrong

-- name: apply
-- Trims them, locked in the order of their keys.
WITH locked AS MATERIALIZED (
    SELECT id, name FROM {intake}."Lead" WHERE id = ANY (cast(:ids AS {intake_key}[])) ORDER BY id FOR NO KEY UPDATE
), changed AS (
    UPDATE {intake}."Lead" AS l SET name = btrim(l.name) FROM locked
    WHERE l.id = locked.id AND l.name IS DISTINCT FROM btrim(l.name)
    RETURNING l.id, locked.name AS before, l.name AS after
)
SELECT jsonb_build_object('Names trimmed', count(*)) AS counts, 'name' AS image, cast(array_agg(id) AS text) AS keys,
       cast(array_agg(before) AS text) AS before, cast(array_agg(after) AS text) AS after, cast(count(*) AS integer) AS written
FROM changed

-- name: decide_undo
-- Names that are still as the run wrote them.
SELECT jsonb_build_object('Restored', count(*) FILTER (WHERE l.name IS NOT DISTINCT FROM i.after AND l.id IS NOT NULL)) AS counts,
       jsonb_agg(jsonb_build_array(i.id, 'changed since')) FILTER (WHERE l.name IS DISTINCT FROM i.after) AS left_alone
FROM unnest(cast(:keys AS {intake_key}[]), cast(:after AS text[])) AS i (id, after)
LEFT JOIN {intake}."Lead" AS l ON l.id = i.id

-- name: apply_undo
-- Puts them back.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS {intake_key}[]), cast(:before AS text[]), cast(:after AS text[])) AS t (id, before, after)
), changed AS (
    UPDATE {intake}."Lead" AS l SET name = i.before FROM image AS i WHERE l.id = i.id AND l.name = i.after RETURNING l.id
)
SELECT jsonb_build_object('Restored', (SELECT count(*) FROM changed)) AS counts,
       jsonb_agg(jsonb_build_array(i.id, 'changed since')) FILTER (WHERE i.id NOT IN (SELECT id FROM changed)) AS left_alone
FROM image AS i

-- name: wrong
-- How many names have white space around them.
SELECT count(*) AS rows FROM {intake}."Lead" WHERE name IS DISTINCT FROM btrim(name)
