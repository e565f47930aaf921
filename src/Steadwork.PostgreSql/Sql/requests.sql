-- name: job-heads
-- What is asked of a job may depend on what it is; it stays that until the transaction ends.
SELECT id, state, unique_key, batch FROM steadwork.jobs WHERE id = ANY ($1) ORDER BY id FOR UPDATE;

-- name: history-heads
SELECT id, state, unique_key, batch FROM steadwork.history WHERE id = ANY ($1) ORDER BY id FOR UPDATE;

-- name: bearers-of
-- Who bears these keys now.
WITH clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now)
SELECT key, bearer.id FROM unnest($1::text[]) AS key, clock, LATERAL steadwork.bearer_of(key, now) AS bearer;

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
-- $1 jobs, in order, $2 reason, $3 what tells this store's locks from others. Says how many others have come to their turn.
WITH ended AS MATERIALIZED (SELECT array_agg(key) AS keys, array_agg(parent ORDER BY parent) FILTER (WHERE parent IS NOT NULL) AS parents FROM steadwork.cancel_in_line($1, $2, false))
SELECT count(*) FROM ended, LATERAL steadwork.attend($3, parents, NULL, keys);

-- name: retry-by-hand
-- Nothing stale comes along: no error, no time of ending, no result, all its attempts before it. $1 jobs, in order, $2 as
-- $3 above, $3 what the log says of each.
WITH clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
taken AS (
    DELETE FROM steadwork.history USING unnest($1::bigint[]) WITH ORDINALITY AS wanted (job, place)
    WHERE id = ANY (ARRAY[job]) AND state <> 'succeeded'
    RETURNING place, history.*
),
stored AS (
    INSERT INTO steadwork.jobs (id, lease, batch, run_at, created_at, timeout, lane, attempt, max_attempts, priority, ready, unique_until, expires_at, state, unique_key, exclusive_key, exclusive_limit,
        trace_parent, tags, payload, blocked, is_parent, runs_anyway)
    SELECT id, lease, batch, now, created_at, timeout, lane, attempt, max_attempts, priority, exclusive_key IS NULL AND NOT blocked, unique_until, CASE WHEN expires_at > now THEN expires_at END,
        CASE WHEN exclusive_key IS NULL AND NOT blocked THEN 'pending' ELSE 'waiting' END, unique_key, exclusive_key, exclusive_limit, trace_parent, tags, payload, blocked, is_parent, runs_anyway
    FROM taken, clock, LATERAL (SELECT EXISTS (SELECT FROM steadwork.dependencies WHERE child = taken.id AND NOT done OFFSET 0) AS blocked) AS stopped
    RETURNING exclusive_key, lane, batch, state
),
counted AS (
    INSERT INTO steadwork.lane_changes (lane, pending, waiting, failed, cancelled)
    SELECT lane, count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'waiting'), -count(*) FILTER (WHERE state = 'failed'), -count(*) FILTER (WHERE state = 'cancelled')
    FROM (SELECT lane, state FROM taken UNION ALL SELECT lane, state FROM stored) AS moved GROUP BY lane
),
batch_counted AS (
    INSERT INTO steadwork.batch_changes (batch, pending, waiting, failed, cancelled)
    SELECT batch, count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'waiting'), -count(*) FILTER (WHERE state = 'failed'), -count(*) FILTER (WHERE state = 'cancelled')
    FROM (SELECT batch, state FROM taken UNION ALL SELECT batch, state FROM stored) AS moved WHERE batch IS NOT NULL GROUP BY batch
),
logged AS (
    INSERT INTO steadwork.log (at, entries, kinds, jobs, data) SELECT min(now), count(*), ARRAY['retried'], array_agg(id ORDER BY place), array_agg($3::text) FROM taken, clock HAVING count(*) > 0
    RETURNING batch
)
SELECT count(*) FROM (SELECT count(*) AS done FROM logged) AS after_logging, LATERAL steadwork.admit($2, CASE WHEN done > 0 THEN ARRAY(SELECT exclusive_key FROM stored) END);

-- name: delete-jobs
-- $1 jobs, in order, $2 and $3 as above.
WITH wanted AS MATERIALIZED (SELECT * FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (job, place)),
unfinished AS (DELETE FROM steadwork.jobs USING wanted WHERE id = ANY (ARRAY[job]) AND state <> 'running' RETURNING place, id, lane, state, exclusive_key, is_parent, batch),
ended AS (DELETE FROM steadwork.history USING wanted WHERE id = ANY (ARRAY[job]) RETURNING place, id, lane, state, NULL, is_parent, batch),
gone AS (SELECT * FROM unfinished UNION ALL SELECT * FROM ended),
forgotten AS (DELETE FROM steadwork.attempts USING gone WHERE attempts.job = ANY (ARRAY[gone.id])),
unrelated AS (DELETE FROM steadwork.dependencies USING gone WHERE child = ANY (ARRAY[gone.id]) RETURNING child),
counted AS (
    INSERT INTO steadwork.lane_changes (lane, pending, waiting, succeeded, failed, cancelled)
    SELECT lane, -count(*) FILTER (WHERE state = 'pending'), -count(*) FILTER (WHERE state = 'waiting'), -count(*) FILTER (WHERE state = 'succeeded'),
        -count(*) FILTER (WHERE state = 'failed'), -count(*) FILTER (WHERE state = 'cancelled')
    FROM gone GROUP BY lane
),
batch_counted AS (
    INSERT INTO steadwork.batch_changes (batch, pending, waiting, succeeded, failed, cancelled, deleted)
    SELECT batch, -count(*) FILTER (WHERE state = 'pending'), -count(*) FILTER (WHERE state = 'waiting'), -count(*) FILTER (WHERE state = 'succeeded'),
        -count(*) FILTER (WHERE state = 'failed'), -count(*) FILTER (WHERE state = 'cancelled'), count(*) FILTER (WHERE state <> 'succeeded')
    FROM gone WHERE batch IS NOT NULL GROUP BY batch
    RETURNING batch
),
logged AS (
    INSERT INTO steadwork.log (at, entries, kinds, jobs, data) SELECT steadwork.wall_clock(), count(*), ARRAY['deleted'], array_agg(id ORDER BY place), array_agg($3::text) FROM gone HAVING count(*) > 0
    RETURNING batch
)
SELECT count(*) FROM (SELECT (SELECT count(*) FROM logged) + (SELECT count(*) FROM unrelated) + (SELECT count(*) FROM batch_counted) AS done) AS afterwards,
    LATERAL steadwork.attend($2, CASE WHEN done > 0 THEN ARRAY(SELECT id FROM gone WHERE is_parent UNION SELECT -batch FROM unfinished WHERE batch IS NOT NULL ORDER BY 1) END, NULL, ARRAY(SELECT exclusive_key FROM gone));

-- name: pause
-- $1 scope, $2 name, $3 who, $4 what the log says.
WITH paused AS (
    INSERT INTO steadwork.pauses (scope, name, since, by) VALUES ($1, $2, steadwork.wall_clock(), $3) ON CONFLICT DO NOTHING RETURNING since
),
logged AS (INSERT INTO steadwork.log (at, entries, kinds, data) SELECT since, 1, ARRAY['paused'], ARRAY[$4::text] FROM paused)
SELECT FROM paused;

-- name: resume
-- $1 scope, $2 name, $3 what the log says.
WITH resumed AS (DELETE FROM steadwork.pauses WHERE scope = $1 AND name = $2 RETURNING name),
logged AS (INSERT INTO steadwork.log (at, entries, kinds, data) SELECT steadwork.wall_clock(), 1, ARRAY['resumed'], ARRAY[$3::text] FROM resumed)
SELECT FROM resumed;
