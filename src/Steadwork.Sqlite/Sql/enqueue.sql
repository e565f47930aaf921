-- name: insert-job
INSERT INTO jobs (lane, state, ready, priority, max_attempts, run_at, created_at, timeout, unique_kept, unique_key, trace_parent, tags, payload, exclusive_key, exclusive_limit,
                  blocked, runs_anyway)
VALUES (?1, ?13, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?14, ?15, ?16, ?17);

-- name: job-of-unique-key
SELECT id, state
FROM jobs
WHERE unique_key = ?1 AND unique_key IS NOT NULL AND (unique_kept = 1 OR state IN ('pending', 'waiting', 'running'));

-- name: amend-job
UPDATE jobs SET max_attempts = ?2 WHERE id = ?1 AND max_attempts <> ?2 AND state <> 'succeeded';

-- name: insert-lane
INSERT INTO lanes (queue, type) VALUES (?1, ?2) ON CONFLICT DO NOTHING;

-- name: lane-of
SELECT id FROM lanes WHERE queue = ?1 AND type = ?2;

-- name: count-lane
-- Once a transaction and lane: the sum of what the transaction did.
UPDATE lanes
SET ready = ready + ?2, pending = pending + ?3, waiting = waiting + ?4, running = running + ?5,
    succeeded = succeeded + ?6, failed = failed + ?7, cancelled = cancelled + ?8
WHERE id = ?1;

-- name: define-queue
INSERT INTO queues (name, definition) VALUES (?1, ?2) ON CONFLICT DO NOTHING;

-- name: queue-definition
SELECT definition FROM queues WHERE name = ?1;

-- name: insert-log
INSERT INTO log (at, kind, job, lease, worker, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6);
