-- The sections of a copy: copied-… reads one, fill-… writes a row of it, with the columns of CopySection in their order.

-- name: retirement
SELECT value FROM meta WHERE name = 'retired';

-- name: retire
INSERT INTO meta (name, value) VALUES ('retired', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: reopen
DELETE FROM meta WHERE name = 'retired';

-- name: running
SELECT coalesce(sum(running), 0) FROM lanes;

-- name: registered
SELECT id FROM workers ORDER BY id;

-- name: copied-queues
SELECT name, definition FROM queues ORDER BY name;

-- name: fill-queues
INSERT INTO queues (name, definition) VALUES (?1, ?2);

-- name: copied-pauses
SELECT scope, name, since, by FROM pauses ORDER BY scope, name;

-- name: fill-pauses
INSERT INTO pauses (scope, name, since, by) VALUES (?1, ?2, ?3, ?4);

-- name: copied-schedules
SELECT name, timing, settings, payload, program, version, by, revision, anchor, next_at, last_tick, last_job FROM schedules ORDER BY name;

-- name: fill-schedules
INSERT INTO schedules (name, timing, settings, payload, program, version, by, revision, anchor, next_at, last_tick, last_job)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12);

-- name: copied-limits
SELECT scope, name, starts, period, smooth, most, within, grain, since, by FROM limits ORDER BY scope, name;

-- name: fill-limits
INSERT INTO limits (scope, name, starts, period, smooth, most, within, grain, since, by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);

-- name: copied-limit-uses
SELECT scope, name, until, starts FROM limit_uses ORDER BY scope, name, until;

-- name: fill-limit-uses
INSERT INTO limit_uses (scope, name, until, starts) VALUES (?1, ?2, ?3, ?4);

-- name: copied-held-keys
SELECT key, until FROM held_keys ORDER BY key;

-- name: fill-held-keys
INSERT INTO held_keys (key, until) VALUES (?1, ?2);

-- name: copied-breakers
SELECT name, failure_ratio, window_time, minimum_calls, break_time, probes, state, since, until, let_through, passed FROM breakers ORDER BY name;

-- name: fill-breakers
INSERT INTO breakers (name, failure_ratio, window_time, minimum_calls, break_time, probes, state, since, until, let_through, passed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11);

-- name: copied-breaker-calls
SELECT breaker, worker, place, segment, calls, failed FROM breaker_calls ORDER BY breaker, worker, place;

-- name: fill-breaker-calls
INSERT INTO breaker_calls (breaker, worker, place, segment, calls, failed) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: copied-breaker-types
SELECT type, breaker FROM breaker_types ORDER BY type, breaker;

-- name: fill-breaker-types
INSERT INTO breaker_types (type, breaker) VALUES (?1, ?2);

-- name: copied-settings
SELECT name, value, by, since FROM settings ORDER BY name;

-- name: fill-settings
INSERT INTO settings (name, value, by, since) VALUES (?1, ?2, ?3, ?4);

-- name: copied-lanes
SELECT queue, type, requires FROM lanes ORDER BY queue, type, requires;

-- name: fill-lanes
INSERT INTO lanes (queue, type, requires) VALUES (?1, ?2, ?3);

-- name: copied-batches
SELECT id, name, open, created_at, ended_at, follower, pending, waiting, running, succeeded, failed, cancelled, deleted FROM batches ORDER BY id;

-- name: fill-batches
INSERT INTO batches (id, name, open, created_at, ended_at, follower, pending, waiting, running, succeeded, failed, cancelled, deleted)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13);

-- name: copied-jobs
SELECT jobs.id, queue, type, requires, state, jobs.ready, priority, attempt, failures, max_attempts, alone, lease, worker, run_at, created_at, started_at, finished_at,
       timeout, unique_until, unique_key, exclusive_key, exclusive_limit, slot, cancel_reason, trace_parent, tags, error, payload, result,
       blocked, is_parent, runs_anyway, orphaned, expires_at, batch
FROM jobs JOIN lanes ON lanes.id = jobs.lane
ORDER BY jobs.id;

-- name: fill-jobs
INSERT INTO jobs (id, lane, state, ready, priority, attempt, failures, max_attempts, alone, lease, worker, run_at, created_at, started_at, finished_at,
                  timeout, unique_until, unique_key, exclusive_key, exclusive_limit, slot, cancel_reason, trace_parent, tags, error, payload, result,
                  blocked, is_parent, runs_anyway, orphaned, expires_at, batch)
VALUES (?1, (SELECT id FROM lanes WHERE queue = ?2 AND type = ?3 AND requires = ?4), ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35);

-- name: copied-attempts
SELECT job, attempt, worker, started_at, finished_at, outcome, error, result FROM attempts ORDER BY job, attempt;

-- name: fill-attempts
INSERT INTO attempts (job, attempt, worker, started_at, finished_at, outcome, error, result) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: copied-dependencies
SELECT child, parent, done FROM dependencies ORDER BY child, parent;

-- name: fill-dependencies
INSERT INTO dependencies (child, parent, done) VALUES (?1, ?2, ?3);

-- name: copied-log
SELECT position - entries + 1 + coalesce(entry.key, 0), at, kind,
    CASE entry.type WHEN 'array' THEN json_extract(entry.value, '$[0]') ELSE entry.value END,
    CASE entry.type WHEN 'array' THEN json_extract(entry.value, '$[1]') END,
    worker, data
FROM log LEFT JOIN json_each(log.jobs) AS entry
ORDER BY position, entry.key;

-- name: copied-counters
SELECT 'batch', coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'batches'), 0), NULL
UNION ALL SELECT 'job', coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'jobs'), 0), NULL
UNION ALL SELECT 'lease', value, NULL FROM meta WHERE name = 'lease'
UNION ALL SELECT 'log', coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'log'), 0), NULL
UNION ALL SELECT 'store-id', NULL, value FROM meta WHERE name = 'store-id'
UNION ALL SELECT 'worker', coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'workers'), 0), NULL;

-- name: set-fact
UPDATE meta SET value = ?2 WHERE name = ?1;

-- name: forget-sequence
-- No name is unique there, so that the row must go before another one comes.
DELETE FROM sqlite_sequence WHERE name = ?1;

-- name: set-sequence
INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2);

-- name: count-lanes
-- The counts of a store that has just been filled.
UPDATE lanes
SET (has_ready, ready, pending, waiting, running, succeeded, failed, cancelled) =
    (counted.ready > 0, counted.ready, counted.pending, counted.waiting, counted.running, counted.succeeded, counted.failed, counted.cancelled)
FROM (
    SELECT lane, sum(ready) AS ready, count(*) FILTER (WHERE state = 'pending') AS pending, count(*) FILTER (WHERE state = 'waiting') AS waiting,
        count(*) FILTER (WHERE state = 'running') AS running, count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
        count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE state = 'cancelled') AS cancelled
    FROM jobs GROUP BY lane
) AS counted
WHERE lanes.id = counted.lane;
