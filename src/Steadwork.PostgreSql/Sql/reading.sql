-- name: attempts
-- Oldest first; the last one is the one that the job itself tells of: it runs, or has succeeded.
SELECT attempt, worker, started_at, finished_at, outcome, error, result FROM steadwork.attempts WHERE job = $1
UNION ALL
SELECT attempt, worker, started_at, NULL, state, NULL, NULL FROM steadwork.jobs WHERE id = $1 AND worker IS NOT NULL
UNION ALL
SELECT attempt, worker, started_at, finished_at, state, NULL, NULL FROM steadwork.history WHERE id = $1 AND state = 'succeeded' AND worker IS NOT NULL
ORDER BY attempt;

-- name: standing
-- Of job $1: how many come before it behind its exclusive key, counted up to $2, and whether it is in its line.
SELECT
    CASE WHEN job.state = 'waiting' AND NOT job.blocked AND job.exclusive_key IS NOT NULL THEN (
        SELECT count(*) FROM (
            SELECT FROM steadwork.jobs WHERE exclusive_key = job.exclusive_key AND exclusive_key IS NOT NULL AND state = 'waiting' AND NOT blocked AND (priority, id) < (job.priority, job.id) LIMIT $2
        ) AS ahead) ELSE 0 END,
    job.ready
FROM steadwork.jobs AS job WHERE job.id = $1;

-- name: rival-lanes
-- Those of queue $1 and of all that a worker serves.
SELECT id, queue, type, requires FROM steadwork.lanes WHERE queue = $1 OR queue IN (SELECT unnest(queues) FROM steadwork.workers);

-- name: ahead-in-line
-- Of the lanes $1 and those of their priorities that come before the job $4 of priority $3 in the orders $2, or that may, where one is null;
-- counted up to $5. Steps from one priority to the next as a claim does (see line-by-rule).
WITH RECURSIVE steps (lane, claimed, priority) AS (
    SELECT lane, claimed, (SELECT priority FROM steadwork.jobs WHERE jobs.lane = rival.lane AND ready ORDER BY priority LIMIT 1) FROM unnest($1::integer[], $2::text[]) AS rival (lane, claimed)
    UNION ALL
    SELECT lane, claimed, (SELECT jobs.priority FROM steadwork.jobs WHERE jobs.lane = steps.lane AND ready AND jobs.priority > steps.priority ORDER BY jobs.priority LIMIT 1)
    FROM steps WHERE priority IS NOT NULL
)
SELECT count(*) FROM (
    SELECT FROM steps, LATERAL (
        SELECT FROM steadwork.jobs
        WHERE jobs.lane = steps.lane AND ready AND jobs.priority BETWEEN steps.priority AND steps.priority
            AND id > CASE WHEN claimed = 'lifo' THEN $4::bigint ELSE 0 END
            AND id < CASE WHEN claimed = 'fifo' OR (claimed = 'priority' AND steps.priority >= $3) THEN $4::bigint ELSE 9223372036854775807 END
            AND id <> $4
        LIMIT $5
    ) AS ahead
    WHERE steps.priority IS NOT NULL AND (claimed IS DISTINCT FROM 'priority' OR steps.priority <= $3)
    LIMIT $5
) AS counted;

-- name: key-holders
SELECT id, state, worker FROM steadwork.jobs WHERE exclusive_key = (SELECT exclusive_key FROM steadwork.jobs WHERE id = $1) AND slot IS NOT NULL ORDER BY slot;

-- name: parents-of
-- Those first for which job $1 still waits, $2 at the most.
SELECT parent, coalesce((SELECT state FROM steadwork.jobs WHERE id = parent), (SELECT state FROM steadwork.history WHERE id = parent)), done
FROM steadwork.dependencies WHERE child = $1 AND parent > 0 ORDER BY done, parent LIMIT $2;

-- name: lane-counts
-- By queue and type, whatever is required.
SELECT queue, type, sum(pending)::bigint, sum(waiting)::bigint, sum(running)::bigint, sum(succeeded)::bigint, sum(failed)::bigint, sum(cancelled)::bigint
FROM (
    SELECT id, pending, waiting, running, succeeded, failed, cancelled FROM steadwork.lanes WHERE used
    UNION ALL
    SELECT lane, pending, waiting, running, succeeded, failed, cancelled FROM steadwork.lane_changes
) AS part JOIN (SELECT id, queue, type FROM steadwork.lanes) AS lane USING (id)
GROUP BY queue, type
ORDER BY queue COLLATE "C", type COLLATE "C";

-- name: fold-lanes
WITH taken AS (DELETE FROM steadwork.lane_changes RETURNING *),
sums AS (
    SELECT lane, sum(pending) AS pending, sum(waiting) AS waiting, sum(running) AS running, sum(succeeded) AS succeeded, sum(failed) AS failed, sum(cancelled) AS cancelled
    FROM taken GROUP BY lane
)
UPDATE steadwork.lanes
SET used = true, pending = lanes.pending + sums.pending, waiting = lanes.waiting + sums.waiting, running = lanes.running + sums.running,
    succeeded = lanes.succeeded + sums.succeeded, failed = lanes.failed + sums.failed, cancelled = lanes.cancelled + sums.cancelled
FROM sums WHERE lanes.id = sums.lane;

-- name: workers
-- Those whose lease has not run out.
SELECT id, name, host, process, queues, types, started_at, (SELECT count(*) FROM steadwork.jobs WHERE jobs.worker = workers.id AND state = 'running'), tags, rule
FROM steadwork.workers WHERE lease_until >= (SELECT steadwork.lease_clock()) ORDER BY id;

-- name: pauses
SELECT scope, name, since, by FROM steadwork.pauses ORDER BY scope COLLATE "C", name COLLATE "C";

-- name: find-jobs
-- The caller adds to each half its conditions and to the whole an order and a limit.
SELECT jobs.id, type, queue, priority, state, attempt, failures, max_attempts, timeout, run_at, created_at, started_at, NULL::timestamptz AS finished_at,
    unique_key, tags::text, worker, payload, NULL::text AS result, error, trace_parent, alone, cancel_reason, exclusive_key, exclusive_limit::integer, expires_at, requires, batch
FROM steadwork.jobs JOIN steadwork.lanes ON lanes.id = jobs.lane

-- name: find-history
SELECT history.id, type, queue, priority, state, attempt, failures, max_attempts, timeout, run_at, created_at, started_at, finished_at,
    unique_key, tags::text, worker, payload, result, error, trace_parent, false AS alone, cancel_reason, exclusive_key, exclusive_limit::integer, expires_at, requires, batch
FROM steadwork.history JOIN steadwork.lanes ON lanes.id = history.lane

-- name: clock
SELECT steadwork.wall_clock();

-- name: opened
-- Which store it is, and what time it is there.
SELECT value, steadwork.wall_clock() FROM steadwork.meta WHERE name = 'store-id';
