-- The sections of a copy: copied-… reads one, fill-… writes rows of it, a column an array, with the columns of CopySection
-- in their order.

-- name: require-service
-- Let in, until the transaction ends, or refused with an error of its own. $1 what tells this store's locks from others.
SELECT steadwork.require_service($1);

-- name: and-require-service
-- The same behind keep-plans, in one statement with it: each costs its start. $2 what tells this store's locks from others.
, steadwork.require_service($2)

-- name: retirement
SELECT value FROM steadwork.meta WHERE name = 'retired' AND (SELECT last_value FROM steadwork.service) <> 1;

-- name: say-retired
INSERT INTO steadwork.meta (name, value) VALUES ('retired', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: retire
SELECT setval('steadwork.service', 2);

-- name: reopen
SELECT setval('steadwork.service', 1, false);

-- name: lock-service
-- False while a transaction that was let in is open. Never waits: all that enqueue would wait behind it.
SELECT pg_try_advisory_xact_lock($1, 0);

-- name: await-service
-- The same, for a store that is to be filled, and waits a little: the rest of a copy that was broken off may still have to be
-- taken back.
SELECT set_config('lock_timeout', '10s', true), pg_advisory_xact_lock($1, 0), set_config('lock_timeout', '0', true);

-- name: running
SELECT count(*) FROM steadwork.jobs WHERE state = 'running';

-- name: admit-noted
-- What is noted is seen to before a copy is read: it has no notes.
-- Says how many were noted, of which some may be by it.
WITH noted AS (DELETE FROM steadwork.loose_ends RETURNING key, parent, after),
loose AS MATERIALIZED (
    SELECT array_agg(key) FILTER (WHERE key IS NOT NULL) AS keys, array_agg(parent ORDER BY parent, after) FILTER (WHERE parent IS NOT NULL) AS parents, array_agg(after ORDER BY parent, after) FILTER (WHERE parent IS NOT NULL) AS afters
    FROM noted HAVING count(*) > 0
)
SELECT (SELECT count(*) FROM noted), (SELECT count(*) FROM loose, LATERAL steadwork.attend($1, parents, afters, keys));

-- name: sign-off
-- Nothing of what an idle worker would still write, its own end above all, may come after the copy has been read.
WITH gone AS (DELETE FROM steadwork.workers WHERE (SELECT last_value FROM steadwork.service) <> 1 RETURNING id)
INSERT INTO steadwork.log (at, entries, kinds, worker) SELECT steadwork.wall_clock(), 1, ARRAY['worker-stopped'], id FROM gone ORDER BY id;

-- name: copied-queues
SELECT name, definition FROM steadwork.queues ORDER BY name COLLATE "C";

-- name: fill-queues
INSERT INTO steadwork.queues (name, definition) SELECT * FROM unnest($1::text[], $2::text[]);

-- name: copied-pauses
SELECT scope, name, since, by FROM steadwork.pauses ORDER BY scope COLLATE "C", name COLLATE "C";

-- name: fill-pauses
INSERT INTO steadwork.pauses (scope, name, since, by) SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[]);

-- name: copied-schedules
SELECT name, timing, settings, payload, program, version, by, revision, anchor, next_at, last_tick, last_job FROM steadwork.schedules ORDER BY name COLLATE "C";

-- name: fill-schedules
INSERT INTO steadwork.schedules (name, timing, settings, payload, program, version, by, revision, anchor, next_at, last_tick, last_job)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::bigint[]);

-- name: copied-limits
SELECT scope, name, starts, period, smooth, most, within, grain, since, by FROM steadwork.limits ORDER BY scope COLLATE "C", name COLLATE "C";

-- name: fill-limits
INSERT INTO steadwork.limits (scope, name, starts, period, smooth, most, within, grain, since, by)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::boolean[], $6::bigint[], $7::bigint[], $8::bigint[], $9::timestamptz[], $10::text[]);

-- name: copied-limit-uses
SELECT scope, name, until, starts FROM steadwork.limit_uses ORDER BY scope COLLATE "C", name COLLATE "C", until;

-- name: fill-limit-uses
INSERT INTO steadwork.limit_uses (scope, name, until, starts) SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[]);

-- name: copied-held-keys
SELECT key, until FROM steadwork.held_keys ORDER BY key COLLATE "C";

-- name: fill-held-keys
INSERT INTO steadwork.held_keys (key, until) SELECT * FROM unnest($1::text[], $2::timestamptz[]);

-- name: copied-breakers
SELECT name, failure_ratio, window_time, minimum_calls, break_time, probes, state, since, until, let_through, passed FROM steadwork.breakers ORDER BY name COLLATE "C";

-- name: fill-breakers
INSERT INTO steadwork.breakers (name, failure_ratio, window_time, minimum_calls, break_time, probes, state, since, until, let_through, passed)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::timestamptz[], $9::timestamptz[], $10::bigint[], $11::bigint[]);

-- name: copied-breaker-calls
SELECT breaker, worker, place, segment, calls, failed FROM steadwork.breaker_calls ORDER BY breaker COLLATE "C", worker, place;

-- name: fill-breaker-calls
INSERT INTO steadwork.breaker_calls (breaker, worker, place, segment, calls, failed) SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]);

-- name: copied-breaker-types
SELECT type, breaker FROM steadwork.breaker_types ORDER BY type COLLATE "C", breaker COLLATE "C";

-- name: fill-breaker-types
INSERT INTO steadwork.breaker_types (type, breaker) SELECT * FROM unnest($1::text[], $2::text[]);

-- name: copied-settings
SELECT name, value, by, since FROM steadwork.settings ORDER BY name COLLATE "C";

-- name: fill-settings
INSERT INTO steadwork.settings (name, value, by, since) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]);

-- name: copied-lanes
SELECT queue, type, requires FROM steadwork.lanes WHERE used OR EXISTS (SELECT FROM steadwork.lane_changes WHERE lane = lanes.id) ORDER BY queue COLLATE "C", type COLLATE "C", requires COLLATE "C";

-- name: fill-lanes
-- One may be there already: it is made before its first job, which then was not stored.
INSERT INTO steadwork.lanes (queue, type, requires, used) SELECT queue, type, requires, true FROM unnest($1::text[], $2::text[], $3::text[]) AS lane (queue, type, requires)
ON CONFLICT (queue, type, requires) DO UPDATE SET used = true;

-- name: copied-batches
SELECT id, name, open, created_at, ended_at, follower, kept.pending, kept.waiting, kept.running, kept.succeeded, kept.failed, kept.cancelled, kept.deleted
FROM steadwork.batches JOIN steadwork.batch_counts(ARRAY(SELECT id FROM steadwork.batches)) AS kept ON batch = id
ORDER BY id;

-- name: fill-batches
INSERT INTO steadwork.batches (id, name, open, created_at, ended_at, follower, pending, waiting, running, succeeded, failed, cancelled, deleted)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::timestamptz[], $5::timestamptz[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[]);

-- name: copied-jobs
SELECT job.id, queue, type, requires, state, ready, priority, attempt, failures, max_attempts, alone, lease, worker, run_at, created_at, started_at, finished_at,
    timeout, unique_until, unique_key, exclusive_key, exclusive_limit, slot, cancel_reason, trace_parent, tags::text, error, payload, result,
    blocked, is_parent, runs_anyway, orphaned, expires_at, batch
FROM (
    SELECT id, lane, state, ready, priority, attempt, failures, max_attempts, alone, lease, worker, run_at, created_at, started_at, NULL::timestamptz AS finished_at,
        timeout, unique_until, unique_key, exclusive_key, exclusive_limit, slot, cancel_reason, trace_parent, tags, error, payload, NULL::text AS result,
        blocked, is_parent, runs_anyway, false AS orphaned, expires_at, batch
    FROM steadwork.jobs
    UNION ALL
    SELECT id, lane, state, false, priority, attempt, failures, max_attempts, false, lease, worker, run_at, created_at, started_at, finished_at,
        timeout, unique_until, unique_key, exclusive_key, exclusive_limit, NULL, cancel_reason, trace_parent, tags, error, payload, result,
        false, is_parent, runs_anyway, orphaned, expires_at, batch
    FROM steadwork.history
) AS job JOIN steadwork.lanes ON lanes.id = job.lane
ORDER BY job.id;

-- name: fill-jobs
WITH told AS MATERIALIZED (
    SELECT job.*, lanes.id AS lane
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::boolean[], $12::bigint[], $13::bigint[],
        $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], $17::timestamptz[], $18::bigint[], $19::timestamptz[], $20::text[], $21::text[], $22::bigint[], $23::bigint[], $24::text[], $25::text[], $26::text[], $27::text[], $28::text[], $29::text[],
        $30::boolean[], $31::boolean[], $32::boolean[], $33::boolean[], $34::timestamptz[], $35::bigint[])
        AS job (id, queue, type, requires, state, ready, priority, attempt, failures, max_attempts, alone, lease, worker, run_at, created_at, started_at, finished_at,
            timeout, unique_until, unique_key, exclusive_key, exclusive_limit, slot, cancel_reason, trace_parent, tags, error, payload, result,
            blocked, is_parent, runs_anyway, orphaned, expires_at, batch)
    JOIN steadwork.lanes USING (queue, type, requires)
),
unfinished AS (
    INSERT INTO steadwork.jobs (id, lane, state, ready, priority, attempt, failures, max_attempts, alone, lease, worker, run_at, created_at, started_at,
        timeout, unique_until, unique_key, exclusive_key, exclusive_limit, slot, cancel_reason, trace_parent, tags, error, payload, blocked, is_parent, runs_anyway, expires_at, batch)
    SELECT id, lane, state, ready, priority, attempt, failures, max_attempts, alone, lease, worker, run_at, created_at, started_at,
        timeout, unique_until, unique_key, exclusive_key, exclusive_limit, slot, cancel_reason, trace_parent, tags::jsonb, error, payload, blocked, is_parent, runs_anyway, expires_at, batch
    FROM told WHERE finished_at IS NULL ORDER BY id
)
INSERT INTO steadwork.history (id, lane, state, priority, attempt, failures, max_attempts, lease, worker, run_at, created_at, started_at, finished_at,
    timeout, unique_until, unique_key, exclusive_key, exclusive_limit, cancel_reason, trace_parent, tags, error, payload, result, is_parent, runs_anyway, orphaned, expires_at, batch)
SELECT id, lane, state, priority, attempt, failures, max_attempts, lease, worker, run_at, created_at, started_at, finished_at,
    timeout, unique_until, unique_key, exclusive_key, exclusive_limit, cancel_reason, trace_parent, tags::jsonb, error, payload, result, is_parent, runs_anyway, orphaned, expires_at, batch
FROM told WHERE finished_at IS NOT NULL ORDER BY id;

-- name: copied-attempts
SELECT job, attempt, worker, started_at, finished_at, outcome, error, result FROM steadwork.attempts ORDER BY job, attempt;

-- name: fill-attempts
INSERT INTO steadwork.attempts (job, attempt, worker, started_at, finished_at, outcome, error, result)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[], $8::text[]);

-- name: copied-dependencies
SELECT child, parent, done FROM steadwork.dependencies ORDER BY child, parent;

-- name: fill-dependencies
INSERT INTO steadwork.dependencies (child, parent, done) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::boolean[]);

-- name: copied-log
SELECT place.upto - place.entries + entry.number AS position, at, coalesce(kinds[entry.number], kinds[1]), job, lease, worker, entry.data
FROM steadwork.log_places AS place JOIN steadwork.log USING (batch),
ROWS FROM (generate_series(1, place.entries), unnest(jobs), unnest(leases), unnest(log.data)) AS entry (number, job, lease, data)
ORDER BY place.upto, entry.number;

-- name: fill-log
-- Entries that follow each other, of one time and worker, become one batch, whose place is known at once.
WITH told AS (
    SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[]) AS entry (position, at, kind, job, lease, worker, data)
),
marked AS (
    SELECT *, (at IS DISTINCT FROM lag(at) OVER line OR worker IS DISTINCT FROM lag(worker) OVER line OR position <> lag(position) OVER line + 1)::integer AS opens
    FROM told WINDOW line AS (ORDER BY position)
),
grouped AS (
    SELECT *, sum(opens) OVER (ORDER BY position) AS batch FROM marked
),
batches AS (
    SELECT max(position) AS upto, min(at) AS at, count(*)::integer AS entries, CASE WHEN min(kind) = max(kind) THEN ARRAY[min(kind)] ELSE array_agg(kind ORDER BY position) END AS kinds,
        min(worker) AS worker, CASE WHEN count(job) > 0 THEN array_agg(job ORDER BY position) END AS jobs,
        CASE WHEN count(lease) > 0 THEN array_agg(lease ORDER BY position) END AS leases, CASE WHEN count(data) > 0 THEN array_agg(data ORDER BY position) END AS data
    FROM grouped GROUP BY batch
),
numbered AS MATERIALIZED (
    SELECT steadwork.next_batch() AS batch, ordered.* FROM (SELECT * FROM batches ORDER BY upto) AS ordered
),
logged AS (
    INSERT INTO steadwork.log (batch, at, entries, kinds, worker, jobs, leases, data)
    SELECT batch, at, entries, kinds, worker, jobs, leases, data FROM numbered
)
INSERT INTO steadwork.log_places (upto, batch, entries, seen, missing, missing_until) SELECT upto, batch, entries, batch, '{}', '{}' FROM numbered;

-- name: copied-counters
SELECT 'batch', CASE WHEN is_called THEN last_value ELSE 0 END, NULL FROM steadwork.batch_ids
UNION ALL SELECT 'job', CASE WHEN is_called THEN last_value ELSE 0 END, NULL FROM steadwork.job_ids
UNION ALL SELECT 'lease', CASE WHEN is_called THEN last_value ELSE 0 END, NULL FROM steadwork.leases
UNION ALL SELECT 'log', (SELECT coalesce(max(upto), 0) FROM steadwork.log_places), NULL
UNION ALL SELECT 'store-id', NULL, value FROM steadwork.meta WHERE name = 'store-id'
UNION ALL SELECT 'worker', CASE WHEN is_called THEN last_value ELSE 0 END, NULL FROM steadwork.workers_id_seq;

-- name: fill-counters
-- The last position of the log may be one whose entry is gone: an empty batch stands for it.
WITH told AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[]) AS counter (name, number, text)),
named AS (UPDATE steadwork.meta SET value = text FROM told WHERE told.name = 'store-id' AND meta.name = 'store-id'),
placed AS (
    INSERT INTO steadwork.log_places (upto, batch, entries, seen, missing, missing_until)
    SELECT number, 0, 0, (SELECT coalesce(max(batch), 0) FROM steadwork.log), '{}', '{}'
    FROM told WHERE name = 'log' AND number > (SELECT coalesce(max(upto), 0) FROM steadwork.log_places)
)
SELECT CASE name
    WHEN 'batch' THEN setval('steadwork.batch_ids', greatest(number, 1), number > 0)
    WHEN 'job' THEN setval('steadwork.job_ids', greatest(number, 1), number > 0)
    WHEN 'lease' THEN setval('steadwork.leases', greatest(number, 1), number > 0)
    WHEN 'worker' THEN setval('steadwork.workers_id_seq', greatest(number, 1), number > 0)
END
FROM told;

-- name: count-lanes
-- The counts of a store that has just been filled.
UPDATE steadwork.lanes
SET pending = counted.pending, waiting = counted.waiting, running = counted.running, succeeded = counted.succeeded, failed = counted.failed, cancelled = counted.cancelled
FROM (
    SELECT lane, count(*) FILTER (WHERE state = 'pending') AS pending, count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'running') AS running,
        count(*) FILTER (WHERE state = 'succeeded') AS succeeded, count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE state = 'cancelled') AS cancelled
    FROM (SELECT lane, state FROM steadwork.jobs UNION ALL SELECT lane, state FROM steadwork.history) AS all_jobs
    GROUP BY lane
) AS counted
WHERE lanes.id = counted.lane;

-- name: look-over
-- What the planner knows of a store that has just been filled: without it the first claims would read every job.
ANALYZE steadwork.jobs, steadwork.history, steadwork.attempts, steadwork.log, steadwork.log_places, steadwork.lanes;
