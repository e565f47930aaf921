-- name: attempts
-- Oldest first; the last one is the one that the job itself tells of: it runs, or has succeeded.
SELECT attempt, worker, started_at, finished_at, outcome, error, result FROM steadwork.attempts WHERE job = $1
UNION ALL
SELECT attempt, worker, started_at, NULL, state, NULL, NULL FROM steadwork.jobs WHERE id = $1 AND state = 'running'
UNION ALL
SELECT attempt, worker, started_at, finished_at, state, NULL, NULL FROM steadwork.history WHERE id = $1 AND state = 'succeeded' AND worker IS NOT NULL
ORDER BY attempt;

-- name: standing
-- Of job $1: how many come before it behind its exclusive key and in its line, counted up to $2.
SELECT
    CASE WHEN job.state = 'waiting' AND NOT job.blocked AND job.exclusive_key IS NOT NULL THEN (
        SELECT count(*) FROM (
            SELECT FROM steadwork.jobs WHERE exclusive_key = job.exclusive_key AND exclusive_key IS NOT NULL AND state = 'waiting' AND NOT blocked AND (priority, id) < (job.priority, job.id) LIMIT $2
        ) AS ahead) ELSE 0 END,
    CASE WHEN job.ready THEN (
        SELECT count(*) FROM (
            SELECT FROM steadwork.lanes AS own JOIN steadwork.lanes ON lanes.queue = own.queue, LATERAL (
                SELECT FROM steadwork.jobs WHERE jobs.lane = lanes.id AND ready AND (priority, id) < (job.priority, job.id) LIMIT $2
            ) AS line
            WHERE own.id = job.lane LIMIT $2
        ) AS ahead) ELSE 0 END
FROM steadwork.jobs AS job WHERE job.id = $1;

-- name: key-holders
SELECT id, state, worker FROM steadwork.jobs WHERE exclusive_key = (SELECT exclusive_key FROM steadwork.jobs WHERE id = $1) AND slot IS NOT NULL ORDER BY slot;

-- name: parents-of
-- Those first for which job $1 still waits, $2 at the most.
SELECT parent, coalesce((SELECT state FROM steadwork.jobs WHERE id = parent), (SELECT state FROM steadwork.history WHERE id = parent)), done
FROM steadwork.dependencies WHERE child = $1 AND parent > 0 ORDER BY done, parent LIMIT $2;

-- name: lane-counts
SELECT queue, type, lanes.pending + coalesce(sum(change.pending), 0)::bigint, lanes.waiting + coalesce(sum(change.waiting), 0)::bigint, lanes.running + coalesce(sum(change.running), 0)::bigint,
    lanes.succeeded + coalesce(sum(change.succeeded), 0)::bigint, lanes.failed + coalesce(sum(change.failed), 0)::bigint, lanes.cancelled + coalesce(sum(change.cancelled), 0)::bigint
FROM steadwork.lanes LEFT JOIN steadwork.lane_changes AS change ON change.lane = lanes.id
WHERE used OR change.lane IS NOT NULL
GROUP BY lanes.id
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
SELECT id, name, host, process, queues, types, started_at, (SELECT count(*) FROM steadwork.jobs WHERE jobs.worker = workers.id AND state = 'running')
FROM steadwork.workers WHERE lease_until >= (SELECT steadwork.lease_clock()) ORDER BY id;

-- name: pauses
SELECT scope, name, since, by FROM steadwork.pauses ORDER BY scope COLLATE "C", name COLLATE "C";

-- name: find-jobs
-- The caller adds to each half its conditions and to the whole an order and a limit.
SELECT jobs.id, type, queue, priority, state, attempt, failures, max_attempts, timeout, run_at, created_at, started_at, NULL::timestamptz AS finished_at,
    unique_key, tags::text, worker, payload, NULL::text AS result, error, trace_parent, alone, cancel_reason, exclusive_key, exclusive_limit::integer, expires_at, batch
FROM steadwork.jobs JOIN steadwork.lanes ON lanes.id = jobs.lane

-- name: find-history
SELECT history.id, type, queue, priority, state, attempt, failures, max_attempts, timeout, run_at, created_at, started_at, finished_at,
    unique_key, tags::text, worker, payload, result, error, trace_parent, false AS alone, cancel_reason, exclusive_key, exclusive_limit::integer, expires_at, batch
FROM steadwork.history JOIN steadwork.lanes ON lanes.id = history.lane

-- name: store-id
SELECT value FROM steadwork.meta WHERE name = 'store-id';
