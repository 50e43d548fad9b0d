-- The backfill engine: runs, lanes, ledger, before-images.

-- name: add_run
-- One active run per backfill: the unique index backfill_run_one_active refuses a second.
INSERT INTO ops.backfill_run
    (id, backfill, action, dry_run, state, execution, as_of, batch_size, concurrency, lanes, max_row_errors, last_pass,
     params, is_verbose, requested_by, reason, target_number, lease_until, started_at, resumed_at)
VALUES
    (:id, :backfill, :action, :dry_run, 'running', :execution, coalesce(cast(:as_of AS timestamptz), :now), :batch_size,
     :concurrency, :lanes, :max_row_errors, :last_pass, cast(:params AS jsonb), :is_verbose, :requested_by, :reason,
     :target_number, :lease_until, cast(:now AS timestamptz), cast(:now AS timestamptz))
RETURNING number

-- name: run
-- A run by its number.
SELECT number, id, backfill, action, dry_run, state, wanted, execution, step, last_pass, as_of, batch_size, concurrency,
       lanes, max_row_errors, params, is_verbose, target_number, error, detail, late, checks, lease_until,
       rolled_back_at, images_dropped, started_at, resumed_at, ended_at, reason, requested_by
FROM ops.backfill_run
WHERE number = :number

-- name: run_by_id
-- A run of a backfill by its id, locked until the transaction ends.
SELECT number, id, backfill, action, dry_run, state, wanted, execution, step, last_pass, as_of, batch_size, concurrency,
       lanes, max_row_errors, params, is_verbose, target_number, error, detail, late, checks, lease_until,
       rolled_back_at, images_dropped, started_at, resumed_at, ended_at, reason, requested_by
FROM ops.backfill_run
WHERE id = :id AND backfill = :backfill FOR UPDATE

-- name: run_of_backfill
-- A run of a backfill by its id.
SELECT number, id, backfill, action, dry_run, state, wanted, execution, step, last_pass, as_of, batch_size, concurrency,
       lanes, max_row_errors, params, is_verbose, target_number, error, detail, late, checks, lease_until,
       rolled_back_at, images_dropped, started_at, resumed_at, ended_at, reason, requested_by
FROM ops.backfill_run
WHERE id = :id AND backfill = :backfill

-- name: backfill_of_run
-- Which backfill a run belongs to.
SELECT backfill FROM ops.backfill_run WHERE id = :id

-- name: run_of_execution
-- The run that an execution of the state machine made or resumed.
SELECT number, id, backfill, action, dry_run, state, wanted, execution, step, last_pass, as_of, batch_size, concurrency,
       lanes, max_row_errors, params, is_verbose, target_number, error, detail, late, checks, lease_until,
       rolled_back_at, images_dropped, started_at, resumed_at, ended_at, reason, requested_by
FROM ops.backfill_run
WHERE execution = :execution

-- name: active_run
-- The run that occupies a backfill.
SELECT number, id, backfill, action, dry_run, state, wanted, execution, step, last_pass, as_of, batch_size, concurrency,
       lanes, max_row_errors, params, is_verbose, target_number, error, detail, late, checks, lease_until,
       rolled_back_at, images_dropped, started_at, resumed_at, ended_at, reason, requested_by
FROM ops.backfill_run
WHERE backfill = :backfill AND state IN ('running', 'paused') AND action <> 'verify'

-- name: running
-- The runs that are under way.
SELECT backfill, number FROM ops.backfill_run WHERE state = 'running' AND action <> 'verify' ORDER BY number;

-- name: newest_run
-- The newest run or rollback of a backfill.
SELECT number, id, backfill, action, dry_run, state, wanted, execution, step, last_pass, as_of, batch_size, concurrency,
       lanes, max_row_errors, params, is_verbose, target_number, error, detail, late, checks, lease_until,
       rolled_back_at, images_dropped, started_at, resumed_at, ended_at, reason, requested_by
FROM ops.backfill_run
WHERE backfill = :backfill AND action <> 'verify'
ORDER BY number DESC
LIMIT 1

-- name: newer_run
-- The id of a run of the same backfill that began after this one, if any.
SELECT later.id
FROM ops.backfill_run AS run
JOIN ops.backfill_run AS later
    ON later.backfill = run.backfill AND later.number > run.number AND later.began AND later.action <> 'verify'
WHERE run.number = :number
ORDER BY later.number
LIMIT 1

-- name: change_run
-- Sets what is given (null: as it was).
UPDATE ops.backfill_run
SET state = coalesce(:state, state),
    wanted = coalesce(:wanted, wanted),
    began = began OR coalesce(cast(:began AS boolean), false),
    step = coalesce(cast(:step AS integer), step),
    error = CASE WHEN :state = 'running' THEN NULL ELSE coalesce(:error, error) END,
    detail = CASE WHEN :state = 'running' THEN NULL ELSE coalesce(:detail, detail) END,
    late = coalesce(cast(:late AS jsonb), late),
    checks = coalesce(cast(:checks AS jsonb), checks),
    report = coalesce(:report, report),
    lease_until = coalesce(cast(:lease_until AS timestamptz), lease_until),
    ended_at = CASE WHEN :state = 'running' THEN NULL ELSE coalesce(cast(:ended_at AS timestamptz), ended_at) END
WHERE number = :number

-- name: resume_run
-- Hands a paused or failed run to a new execution; its pace is counted anew.
UPDATE ops.backfill_run
SET state = 'running', wanted = 'run', execution = :execution, error = NULL, detail = NULL, ended_at = NULL,
    lease_until = :lease_until, resumed_at = :now, step = :step, last_pass = :last_pass, resumed_share = :share,
    resumed_scanned = (SELECT coalesce(sum(l.scanned), 0) FROM ops.backfill_lane AS l WHERE l.run_number = :number)
WHERE number = :number

-- name: want
-- Asks a run for something else; its slices see it with their next batch.
UPDATE ops.backfill_run SET wanted = :wanted WHERE number = :number AND state = 'running'

-- name: live_until
-- The end of the last lease that somebody holds on the run or one of its lanes.
SELECT greatest(run.lease_until, max(lane.lease_until)) AS live_until
FROM ops.backfill_run AS run
LEFT JOIN ops.backfill_lane AS lane ON lane.run_number = run.number AND lane.state <> 'done'
WHERE run.number = :number
GROUP BY run.number

-- name: pause_lost_runs
-- Runs whose execution was stopped or lost: no lease is left on them. Answers with their ids.
UPDATE ops.backfill_run AS run
SET state = CASE WHEN run.wanted = 'abort' THEN 'aborted' ELSE 'paused' END, ended_at = :now
WHERE run.state = 'running'
  AND run.lease_until < :now
  AND NOT EXISTS (
      SELECT 1 FROM ops.backfill_lane AS lane
      WHERE lane.run_number = run.number AND lane.state <> 'done' AND lane.lease_until >= :now)
RETURNING run.id

-- name: add_lanes
-- The lanes of a step, by their first keys in order; each ends where the next begins. A step is planned once.
INSERT INTO ops.backfill_lane (run_number, step, lane, step_key, pass, cursor, until, batch_size, expected)
SELECT :run_number, :step, cast(t.lane AS integer), :step_key, :pass, t.first_key,
       lead(t.first_key) OVER (ORDER BY t.lane), :batch_size, t.rows
FROM unnest(cast(:first_keys AS text[]), cast(:rows AS bigint[])) WITH ORDINALITY AS t (first_key, rows, lane)
WHERE NOT EXISTS (SELECT 1 FROM ops.backfill_lane AS l WHERE l.run_number = :run_number AND l.step = :step)

-- name: rewind_error_lanes
-- Lanes of row errors that were left half way begin again: what is recorded before their cursor was refused again.
UPDATE ops.backfill_lane SET cursor = '' WHERE run_number = :run_number AND kind = 'errors' AND state <> 'done'

-- name: add_error_lanes
-- For each step with recorded row errors one more lane, which tries those rows again.
INSERT INTO ops.backfill_lane (run_number, step, lane, kind, step_key, pass, cursor, batch_size)
SELECT lane.run_number, lane.step, max(lane.lane) + 1, 'errors', lane.step_key, lane.pass, '', 1
FROM ops.backfill_lane AS lane
WHERE lane.run_number = :run_number
  AND EXISTS (SELECT 1 FROM ops.backfill_row_error AS e WHERE e.run_number = lane.run_number AND e.step = lane.step)
  AND NOT EXISTS (
      SELECT 1 FROM ops.backfill_lane AS again
      WHERE again.run_number = lane.run_number AND again.step = lane.step AND again.kind = 'errors'
        AND again.state <> 'done')
GROUP BY lane.run_number, lane.step, lane.step_key, lane.pass

-- name: open_lanes
-- The lanes of a step that are not done.
SELECT lane, lease_until, error
FROM ops.backfill_lane
WHERE run_number = :run_number AND step = :step AND state <> 'done'
ORDER BY lane

-- name: first_open_step
-- The first step with a lane that is not done, if any.
SELECT min(step) AS step FROM ops.backfill_lane WHERE run_number = :run_number AND state <> 'done'

-- name: lease_lane
-- Takes a lane over: whoever held it fails at its next batch.
UPDATE ops.backfill_lane AS lane
SET fence = lane.fence + 1, lease_until = :lease_until, error = NULL
FROM ops.backfill_run AS run
WHERE run.number = lane.run_number AND run.state = 'running' AND run.wanted = 'run'
  AND lane.run_number = :run_number AND lane.step = :step AND lane.lane = :lane AND lane.state <> 'done'
RETURNING lane.kind, lane.step_key, lane.pass, lane.cursor, lane.until, lane.fence, lane.batch_size

-- name: held_lane
-- A lane under the caller's fence; none: it was taken over, or the run is not to go on.
SELECT lane.cursor, lane.state
FROM ops.backfill_lane AS lane
JOIN ops.backfill_run AS run ON run.number = lane.run_number
WHERE lane.run_number = :run_number AND lane.step = :step AND lane.lane = :lane AND lane.fence = :fence
  AND run.state = 'running'

-- name: close_batch
-- Cursor, ledger row and counts of a batch, under the fence; no row: the lane was taken over.
WITH lane AS (
    UPDATE ops.backfill_lane AS lane
    SET cursor = :next_key, batch_size = :size, batches = lane.batches + 1, scanned = lane.scanned + cast(:scanned AS bigint),
        counts = ops.add_counts(lane.counts, cast(:counts AS jsonb)),
        state = CASE WHEN cast(:next_key AS text) IS NULL THEN 'done' ELSE 'ready' END,
        lease_until = CASE WHEN cast(:next_key AS text) IS NULL THEN NULL ELSE cast(:lease_until AS timestamptz) END
    FROM ops.backfill_run AS run
    WHERE run.number = lane.run_number AND run.state = 'running'
      AND lane.run_number = :run_number AND lane.step = :step AND lane.lane = :lane AND lane.fence = :fence
    RETURNING lane.batches, lane.step_key, run.wanted
), ledger AS (
    INSERT INTO ops.backfill_batch (run_number, step, lane, batch, step_key, scanned, counts, took_ms, at)
    SELECT :run_number, :step, :lane, lane.batches, lane.step_key, cast(:scanned AS bigint), cast(:counts AS jsonb), :took_ms, :now
    FROM lane
)
SELECT wanted FROM lane

-- name: extend_lease
-- A longer lease, for what cannot be done in a short transaction.
UPDATE ops.backfill_lane
SET lease_until = :lease_until
WHERE run_number = :run_number AND step = :step AND lane = :lane AND fence = :fence
RETURNING fence

-- name: leave_lane
-- Gives a lane back at the end of a slice, with what stopped it if something did.
UPDATE ops.backfill_lane
SET lease_until = :lease_until, error = coalesce(:error, error)
WHERE run_number = :run_number AND step = :step AND lane = :lane AND fence = :fence

-- name: add_image
-- A before-image of one batch.
INSERT INTO ops.backfill_image (run_number, step, kind, keys, before, after, rows, at)
VALUES (:run_number, :step, :kind, :keys, :before, :after, :rows, :now)

-- name: add_row_errors
-- Row errors by id; the same row again is the same error.
INSERT INTO ops.backfill_row_error (run_number, step, row_key, row_id, sqlstate, message, at)
SELECT :run_number, :step, e.row_key, e.row_id, e.sqlstate, e.message, :now
FROM jsonb_to_recordset(cast(:errors AS jsonb)) AS e (row_key text, row_id text, sqlstate text, message text)
ON CONFLICT (run_number, step, row_key) DO UPDATE
SET row_id = excluded.row_id, sqlstate = excluded.sqlstate, message = excluded.message, at = excluded.at

-- name: next_row_error
-- The next recorded row error of a step.
SELECT row_key, row_id
FROM ops.backfill_row_error
WHERE run_number = :run_number AND step = :step AND row_key > :after
ORDER BY row_key
LIMIT 1

-- name: clear_row_error
-- A row error that is gone.
DELETE FROM ops.backfill_row_error WHERE run_number = :run_number AND step = :step AND row_key = :row_key

-- name: stop_over_row_errors
-- Stops a run that has more row errors than it may have.
UPDATE ops.backfill_run AS run
SET wanted = 'stop'
WHERE run.number = :run_number AND run.wanted = 'run'
  AND run.max_row_errors < (SELECT count(*) FROM ops.backfill_row_error AS e WHERE e.run_number = run.number)

-- name: row_errors
-- The first row errors of a run.
SELECT row_key, row_id, sqlstate, message
FROM ops.backfill_row_error
WHERE run_number = :run_number
ORDER BY step, row_key
LIMIT :size

-- name: row_error_count
-- How many row errors a run has.
SELECT count(*) AS rows FROM ops.backfill_row_error WHERE run_number = :run_number

-- name: totals
-- Sums over the ledger, by label.
SELECT c.key AS label, cast(sum(cast(c.value AS bigint)) AS bigint) AS total
FROM ops.backfill_batch AS b
CROSS JOIN LATERAL jsonb_each_text(b.counts) AS c (key, value)
WHERE b.run_number = :run_number
GROUP BY c.key
ORDER BY c.key

-- name: totals_so_far
-- The same sums as the lanes carry them along: quick however many batches there were.
SELECT l.step_key, c.key AS label, cast(sum(cast(c.value AS bigint)) AS bigint) AS total
FROM ops.backfill_lane AS l
CROSS JOIN LATERAL jsonb_each_text(l.counts) AS c (key, value)
WHERE l.run_number = :run_number
GROUP BY l.step_key, c.key
ORDER BY l.step_key, c.key

-- name: pace
-- Rows gone through since the run was started or resumed, and how much of the present step is done.
SELECT cast(coalesce(sum(l.scanned), 0) AS bigint) - run.resumed_scanned AS scanned, run.resumed_share,
       coalesce(sum(greatest(l.expected, 1) * CASE WHEN l.state = 'done' THEN 1.0
                                                   WHEN l.expected > 0 THEN least(1.0 * l.scanned / l.expected, 0.99)
                                                   ELSE 0.0 END) FILTER (WHERE l.step = run.step)
                / nullif(sum(greatest(l.expected, 1)) FILTER (WHERE l.step = run.step), 0), 0) AS done
FROM ops.backfill_run AS run
LEFT JOIN ops.backfill_lane AS l ON l.run_number = run.number
WHERE run.number = :run_number
GROUP BY run.number

-- name: missing_tables
-- Those of the given tables that are not in this database.
SELECT t.name FROM unnest(cast(:tables AS text[])) AS t (name) WHERE to_regclass(t.name) IS NULL

-- name: image_bounds
-- The first image of each lane of a rollback's step, newest image first; a key is an image's number and a position in it.
WITH image AS (
    SELECT number, undone, rows, ntile(cast(:lanes AS integer)) OVER (ORDER BY number DESC) AS lane
    FROM ops.backfill_image
    WHERE run_number = :target_number AND kind = :kind AND step = :image_step AND undone < rows
)
SELECT (array_agg(cast(number AS text) || ':' || undone ORDER BY number DESC))[1] AS first_key,
       sum(rows - undone) AS rows
FROM image
GROUP BY lane
ORDER BY lane

-- name: image_part
-- The part of an image that is next to be rolled back, and where the following one starts.
WITH place AS (
    SELECT cast(split_part(:after, ':', 1) AS bigint) AS number, cast(split_part(:after, ':', 2) AS integer) AS start,
           cast(split_part(:until, ':', 1) AS bigint) AS until
), image AS (
    SELECT i.*, place.start, place.until, least(place.start + cast(:size AS integer), i.rows) AS done
    FROM place
    JOIN ops.backfill_image AS i ON i.number = place.number
)
SELECT number, done - start AS rows, done,
       ops.backfill_part(keys, start + 1, done) AS keys,
       ops.backfill_part(before, start + 1, done) AS before,
       ops.backfill_part(after, start + 1, done) AS after,
       (cast(keys AS text[]))[start + 1] AS first_id,
       CASE WHEN done < rows THEN cast(number AS text) || ':' || done
            ELSE (SELECT cast(i.number AS text) || ':' || i.undone
                  FROM ops.backfill_image AS i
                  WHERE i.run_number = image.run_number AND i.step = image.step AND i.kind = image.kind
                    AND i.number < image.number AND i.undone < i.rows
                    AND (image.until IS NULL OR i.number > image.until)
                  ORDER BY i.number DESC
                  LIMIT 1) END AS next_key
FROM image

-- name: mark_undone
-- How far an image has been rolled back.
UPDATE ops.backfill_image SET undone = greatest(undone, cast(:done AS integer)) WHERE number = :number

-- name: image_steps
-- The kinds of change that a run made, the last step's first.
SELECT step, kind FROM ops.backfill_image WHERE run_number = :target_number GROUP BY step, kind ORDER BY step DESC, kind

-- name: add_left_alone
-- What a rollback left alone.
INSERT INTO ops.backfill_left_alone (run_number, kind, row_id, why)
SELECT :run_number, :kind, t.row_id, t.why
FROM unnest(cast(:row_ids AS text[]), cast(:whys AS text[])) AS t (row_id, why)
ON CONFLICT DO NOTHING

-- name: left_alone
-- The first of what a rollback left alone.
SELECT row_id, why FROM ops.backfill_left_alone WHERE run_number = :run_number ORDER BY kind, row_id LIMIT :size

-- name: target_for_change
-- The run that a rollback undoes, locked.
SELECT target.number, target.rolled_back_at
FROM ops.backfill_run AS target
WHERE target.number = (SELECT run.target_number FROM ops.backfill_run AS run WHERE run.number = :number)
FOR UPDATE

-- name: report
-- A run's whole report.
SELECT report FROM ops.backfill_run WHERE number = :number

-- name: mark_rolled_back
-- A run that has been rolled back.
UPDATE ops.backfill_run SET rolled_back_at = :now WHERE number = :number

-- name: forget_undone
-- A dry rollback's notes.
DELETE FROM ops.backfill_undone WHERE run_number = :run_number

-- name: drop_old_images
-- Before-images past their keeping time, a few at a time; their runs can no longer be rolled back.
WITH old AS (
    DELETE FROM ops.backfill_image
    WHERE number IN (SELECT i.number FROM ops.backfill_image AS i WHERE i.at < :before ORDER BY i.number LIMIT 100)
    RETURNING run_number
)
UPDATE ops.backfill_run SET images_dropped = true
WHERE NOT images_dropped AND number IN (SELECT run_number FROM old)
