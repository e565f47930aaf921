-- name: job-heads
-- What is asked of a job may depend on what it is; it stays that until the transaction ends.
SELECT id, state, unique_key FROM steadwork.jobs WHERE id = ANY ($1) ORDER BY id FOR UPDATE;

-- name: history-heads
SELECT id, state, unique_key FROM steadwork.history WHERE id = ANY ($1) ORDER BY id FOR UPDATE;

-- name: bearers-of
-- Who bears these keys now.
SELECT unique_key, id FROM steadwork.jobs WHERE unique_key = ANY ($1)
UNION ALL
SELECT unique_key, id FROM steadwork.history WHERE unique_key = ANY ($1) AND unique_kept;

-- name: request-cancellation
-- $1 jobs, in order, $2 reason.
WITH asked AS (
    UPDATE steadwork.jobs SET cancel_reason = coalesce(cancel_reason, $2)
    FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (job, place)
    WHERE id = job AND state = 'running'
    RETURNING id, place
)
INSERT INTO steadwork.log (at, entries, kinds, jobs) SELECT steadwork.wall_clock(), count(*), ARRAY['cancel-requested'], array_agg(id ORDER BY place) FROM asked HAVING count(*) > 0;

-- name: cancel-in-line
-- $1 jobs, in order, $2 reason.
WITH clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
ended AS (
    DELETE FROM steadwork.jobs USING unnest($1::bigint[]) WITH ORDINALITY AS wanted (job, place)
    WHERE id = job AND state <> 'running'
    RETURNING place, jobs.*
),
kept AS (
    INSERT INTO steadwork.history (id, lease, worker, run_at, created_at, started_at, finished_at, timeout, lane, attempt, failures, max_attempts, priority,
        unique_kept, state, unique_key, cancel_reason, trace_parent, tags, error, payload)
    SELECT id, lease, worker, run_at, created_at, started_at, now, timeout, lane, attempt, failures, max_attempts, priority,
        unique_kept, 'cancelled', unique_key, $2, trace_parent, tags, error, payload
    FROM ended, clock
),
counted AS (
    INSERT INTO steadwork.lane_changes (lane, pending, waiting, cancelled)
    SELECT lane, -count(*) FILTER (WHERE state = 'pending'), -count(*) FILTER (WHERE state = 'waiting'), count(*) FROM ended GROUP BY lane
)
INSERT INTO steadwork.log (at, entries, kinds, jobs) SELECT min(now), count(*), ARRAY['cancelled'], array_agg(id ORDER BY place) FROM ended, clock HAVING count(*) > 0;

-- name: retry-by-hand
-- Nothing stale comes along: no error, no time of ending, no result, all its attempts before it. $1 jobs, in order.
WITH clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
taken AS (
    DELETE FROM steadwork.history USING unnest($1::bigint[]) WITH ORDINALITY AS wanted (job, place)
    WHERE id = job AND state <> 'succeeded'
    RETURNING place, history.*
),
stored AS (
    INSERT INTO steadwork.jobs (id, lease, run_at, created_at, timeout, lane, attempt, max_attempts, priority, ready, unique_kept, state, unique_key, trace_parent, tags, payload)
    SELECT id, lease, now, created_at, timeout, lane, attempt, max_attempts, priority, true, unique_kept, 'pending', unique_key, trace_parent, tags, payload
    FROM taken, clock
),
counted AS (
    INSERT INTO steadwork.lane_changes (lane, pending, failed, cancelled)
    SELECT lane, count(*), -count(*) FILTER (WHERE state = 'failed'), -count(*) FILTER (WHERE state = 'cancelled') FROM taken GROUP BY lane
)
INSERT INTO steadwork.log (at, entries, kinds, jobs) SELECT min(now), count(*), ARRAY['retried'], array_agg(id ORDER BY place) FROM taken, clock HAVING count(*) > 0;

-- name: delete-jobs
-- $1 jobs, in order.
WITH wanted AS MATERIALIZED (SELECT * FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (job, place)),
unfinished AS (DELETE FROM steadwork.jobs USING wanted WHERE id = job AND state <> 'running' RETURNING place, id, lane, state),
ended AS (DELETE FROM steadwork.history USING wanted WHERE id = job RETURNING place, id, lane, state),
gone AS (SELECT * FROM unfinished UNION ALL SELECT * FROM ended),
forgotten AS (DELETE FROM steadwork.attempts USING gone WHERE attempts.job = gone.id),
counted AS (
    INSERT INTO steadwork.lane_changes (lane, pending, waiting, succeeded, failed, cancelled)
    SELECT lane, -count(*) FILTER (WHERE state = 'pending'), -count(*) FILTER (WHERE state = 'waiting'), -count(*) FILTER (WHERE state = 'succeeded'),
        -count(*) FILTER (WHERE state = 'failed'), -count(*) FILTER (WHERE state = 'cancelled')
    FROM gone GROUP BY lane
)
INSERT INTO steadwork.log (at, entries, kinds, jobs) SELECT steadwork.wall_clock(), count(*), ARRAY['deleted'], array_agg(id ORDER BY place) FROM gone HAVING count(*) > 0;
