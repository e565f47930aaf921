-- name: attempts
SELECT attempt, worker, started_at, finished_at, outcome, error, result FROM attempts WHERE job = ?1 ORDER BY attempt;

-- name: present-attempt
-- The attempt that the job itself tells of: the running one, or the one that succeeded.
SELECT attempt, worker, started_at, finished_at, state FROM jobs WHERE id = ?1 AND state IN ('running', 'succeeded') AND worker IS NOT NULL;

-- name: key-holders
SELECT id, state, worker FROM jobs WHERE exclusive_key = ?1 AND slot IS NOT NULL ORDER BY slot;

-- name: ahead-behind-key
-- ?1 key, ?2 priority and ?3 id of the job, ?4 how many to count at most.
SELECT count(*) FROM (
    SELECT 1 FROM jobs WHERE exclusive_key = ?1 AND state = 'waiting' AND blocked = 0 AND (priority < ?2 OR (priority = ?2 AND id < ?3)) LIMIT ?4
);

-- name: rival-lanes
-- Those of the queues ?1, a JSON array, with something due.
SELECT id, queue, type, requires FROM lanes WHERE queue IN (SELECT value FROM json_each(?1)) AND has_ready = 1;

-- name: ahead-in-line
-- Of lane ?1 and priority ?2 those between the ids ?3 and ?4; ?5 how many to count at most.
SELECT count(*) FROM (
    SELECT 1 FROM jobs WHERE lane = ?1 AND ready = 1 AND priority = ?2 AND id > ?3 AND id < ?4 LIMIT ?5
);

-- name: lane-counts
-- By queue and type, whatever is required.
SELECT queue, type, sum(pending), sum(waiting), sum(running), sum(succeeded), sum(failed), sum(cancelled) FROM lanes GROUP BY queue, type ORDER BY queue, type;

-- name: lanes
SELECT id, requires FROM lanes;

-- name: workers
SELECT id, name, host, process, queues, types, started_at,
       (SELECT count(*) FROM jobs WHERE jobs.worker = workers.id AND state = 'running'), tags, rule
FROM workers ORDER BY id;

-- name: pauses
SELECT scope, name, since, by FROM pauses ORDER BY scope, name;

-- name: log-position
-- Not the greatest of the log itself, from which that entry may have been pruned.
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'log'), 0);

-- name: read-log
SELECT position, entries, at, kind, jobs, worker, data FROM log WHERE position > ?1 ORDER BY position LIMIT ?2;

-- name: store-id
SELECT value FROM meta WHERE name = 'store-id';

-- name: find-jobs
-- The caller adds conditions, an order and a limit.
SELECT jobs.id, lanes.type, lanes.queue, priority, state, attempt, failures, max_attempts, timeout, run_at, created_at,
       started_at, finished_at, unique_key, tags, worker, payload, result, error, trace_parent, alone, cancel_reason, exclusive_key, exclusive_limit, expires_at, requires, batch
FROM jobs JOIN lanes ON lanes.id = jobs.lane
WHERE true
