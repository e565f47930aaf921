-- name: held-ends
-- The places of those jobs $1 under leases $2 that another transaction holds at this moment.
WITH told AS MATERIALIZED (SELECT * FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS told (job, lease, place)),
free AS MATERIALIZED (
    SELECT told.place FROM steadwork.jobs JOIN told ON jobs.id = ANY (ARRAY[told.job]) AND jobs.lease = told.lease AND jobs.worker IS NOT NULL FOR UPDATE OF jobs SKIP LOCKED
)
SELECT told.place FROM steadwork.jobs JOIN told ON jobs.id = ANY (ARRAY[told.job]) AND jobs.lease = told.lease AND jobs.worker IS NOT NULL
WHERE told.place NOT IN (SELECT place FROM free);

-- name: end-jobs
-- Ends that leave their job ended. The lease is the fence: a stale one finds no row. Here and below a job that runs is told by
-- its worker and not by its state, lest the server go through jobs_held, which it takes to be almost empty: while somebody
-- holds an old snapshot it is full of what has ended. The arrays hold an end a place: $1 job,
-- $2 lease, $3 started_at or null, $4 finished_at or null, $5 state, $6 outcome of the attempt or null, $7 whether the
-- attempt never began, $8 whether it counts, $9 error or null, $10 result or null, $11 why it is cancelled or null; those from $5
-- on are empty where they say nothing but that it went well. And for all $12 what tells this store's locks from others, or null in a caller's transaction. Returns the places of those
-- that were applied, and how many others have come to their turn, or to their end, by it.
WITH clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
ended AS (
    DELETE FROM steadwork.jobs USING unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::boolean[], $8::boolean[], $9::text[], $10::text[], $11::text[])
        WITH ORDINALITY AS told (job, lease, started_at, finished_at, state, outcome, unbegun, counts, error, result, reason, place)
    WHERE jobs.id = ANY (ARRAY[told.job]) AND jobs.lease = told.lease AND jobs.worker IS NOT NULL
    RETURNING place, jobs.id, jobs.lease, worker, lane, coalesce(told.state, 'succeeded') AS state, outcome, batch, exclusive_key, is_parent,
        run_at, created_at, timeout, attempt, failures, max_attempts, priority, unique_until, expires_at, unique_key,
        exclusive_limit, runs_anyway, cancel_reason, trace_parent, tags, payload, jobs.error AS old_error, jobs.started_at AS claimed_at,
        told.started_at, told.finished_at, coalesce(unbegun, false) AS unbegun, coalesce(counts, false) AS counts, told.error, result, reason
),
kept AS (
    INSERT INTO steadwork.history (id, lease, worker, batch, run_at, created_at, started_at, finished_at, timeout, lane, attempt, failures, max_attempts, priority,
        unique_until, expires_at, state, unique_key, exclusive_key, exclusive_limit, is_parent, runs_anyway, cancel_reason, trace_parent, tags, error, payload, result)
    SELECT id, lease, worker, batch, run_at, created_at, coalesce(started_at, claimed_at), coalesce(finished_at, (SELECT now FROM clock)), timeout, lane,
        attempt - unbegun::integer, failures + counts::integer, max_attempts, priority, unique_until, expires_at, state, unique_key, exclusive_key, exclusive_limit, is_parent, runs_anyway,
        CASE state WHEN 'cancelled' THEN coalesce(cancel_reason, reason) END, trace_parent, tags,
        CASE state WHEN 'succeeded' THEN NULL ELSE coalesce(error, old_error) END, payload, result
    FROM ended
    RETURNING id
),
tried AS (
    INSERT INTO steadwork.attempts (job, attempt, worker, started_at, finished_at, outcome, error, result)
    SELECT id, attempt, worker, coalesce(started_at, claimed_at), coalesce(finished_at, (SELECT now FROM clock)), outcome, error, result FROM ended WHERE outcome IS NOT NULL
),
counted AS (
    INSERT INTO steadwork.lane_changes (lane, running, succeeded, failed, cancelled)
    SELECT lane, -count(*), count(*) FILTER (WHERE state = 'succeeded'), count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'cancelled')
    FROM ended GROUP BY lane
),
batch_counted AS (
    INSERT INTO steadwork.batch_changes (batch, running, succeeded, failed, cancelled)
    SELECT batch, -count(*), count(*) FILTER (WHERE state = 'succeeded'), count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'cancelled')
    FROM ended WHERE batch IS NOT NULL GROUP BY batch
    RETURNING batch
),
logged AS (
    INSERT INTO steadwork.log (at, entries, kinds, worker, jobs, leases)
    SELECT (SELECT now FROM clock), count(*), CASE WHEN min(state) = max(state) THEN ARRAY[min(state)] ELSE array_agg(state) END, worker, array_agg(id), array_agg(lease)
    FROM ended GROUP BY worker
    RETURNING batch
),
freed AS MATERIALIZED (
    SELECT array_agg(key) AS keys, array_agg(parent ORDER BY parent) FILTER (WHERE parent IS NOT NULL) AS parents
    FROM (
        SELECT exclusive_key AS key, CASE WHEN is_parent THEN id END AS parent FROM ended WHERE exclusive_key IS NOT NULL OR is_parent
        UNION ALL SELECT NULL, -batch FROM batch_counted
    ) AS ends HAVING count(*) > 0
)
SELECT ARRAY(SELECT place FROM ended),
    (SELECT count(*) FROM freed, (SELECT (SELECT count(*) FROM logged) + (SELECT count(*) FROM kept) AS done) AS afterwards, LATERAL steadwork.attend($12, CASE WHEN done > 0 THEN parents END, NULL, keys));

-- name: return-jobs
-- Ends that put their job back into its line: $1 job, $2 lease, $3 started_at or null, $4 finished_at or null, $5 the word for it,
-- $6 outcome of the attempt or null, $7 whether the attempt never began, $8 whether it counts, $9 error or null, $10 what the
-- attempt left behind or null, $11 run_at or null to leave it and be ready, $12 whether the job is next alone, and $13 the
-- same if it was before; for all $14 as $12 above. One that somebody wants cancelled stays as it is: it is answered with the
-- reason, and the lifecycle decides. What never began counts no more for the limits of its queue and type. A place behind an
-- exclusive key that only one may have is kept until the end: nobody passes a job that waits for its retry.
WITH clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
held AS MATERIALIZED (
    SELECT place, jobs.id, jobs.lease, worker, batch, lane, attempt, alone, cancel_reason, jobs.started_at AS claimed_at,
        told.started_at, told.finished_at, kind, outcome, coalesce(unbegun, false) AS unbegun, coalesce(counts, false) AS counts, told.error, result, told.run_at, next_alone, still_alone
    FROM steadwork.jobs JOIN unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::boolean[], $8::boolean[], $9::text[], $10::text[], $11::timestamptz[], $12::boolean[], $13::boolean[])
        WITH ORDINALITY AS told (job, lease, started_at, finished_at, kind, outcome, unbegun, counts, error, result, run_at, next_alone, still_alone, place)
        ON jobs.id = ANY (ARRAY[told.job]) AND jobs.lease = told.lease AND jobs.worker IS NOT NULL
    FOR UPDATE OF jobs
),
returned AS (
    UPDATE steadwork.jobs
    SET state = 'pending', ready = held.run_at IS NULL OR held.run_at <= clock.now, attempt = jobs.attempt - held.unbegun::integer,
        failures = failures + held.counts::integer, run_at = coalesce(held.run_at, jobs.run_at), error = coalesce(held.error, jobs.error),
        alone = CASE WHEN jobs.alone THEN held.still_alone ELSE held.next_alone END, worker = NULL, started_at = NULL,
        slot = CASE WHEN held.run_at IS NULL OR held.run_at <= clock.now OR exclusive_limit = 1 THEN slot END
    FROM held, clock
    WHERE jobs.id = ANY (ARRAY[held.id]) AND held.cancel_reason IS NULL
    RETURNING exclusive_key, ready, unbegun
),
-- These have kept their place behind their key, and are not held back by its limit, but count.
again AS MATERIALIZED (
    SELECT count(steadwork.count_key(exclusive_key)) AS done FROM (SELECT exclusive_key FROM returned WHERE ready AND NOT unbegun AND exclusive_key IS NOT NULL ORDER BY exclusive_key) AS kept
),
tried AS (
    INSERT INTO steadwork.attempts (job, attempt, worker, started_at, finished_at, outcome, error, result)
    SELECT id, attempt, worker, coalesce(started_at, claimed_at), coalesce(finished_at, now), outcome, error, result FROM held, clock
    WHERE outcome IS NOT NULL AND cancel_reason IS NULL
),
-- The first of them, once there are too many (see AttemptOutcomes.Kept).
forgotten AS (
    DELETE FROM steadwork.attempts USING held WHERE held.attempt > 1000 AND attempts.job = ANY (ARRAY[held.id]) AND attempts.attempt <= held.attempt - 1000
),
counted AS (
    INSERT INTO steadwork.lane_changes (lane, pending, running) SELECT lane, count(*), -count(*) FROM held WHERE cancel_reason IS NULL GROUP BY lane
),
batch_counted AS (
    INSERT INTO steadwork.batch_changes (batch, pending, running) SELECT batch, count(*), -count(*) FROM held WHERE cancel_reason IS NULL AND batch IS NOT NULL GROUP BY batch
),
logged AS (
    INSERT INTO steadwork.log (at, entries, kinds, worker, jobs, leases)
    SELECT min(now), count(*), CASE WHEN min(kind) = max(kind) THEN ARRAY[min(kind)] ELSE array_agg(kind ORDER BY place) END, worker,
        array_agg(id ORDER BY place), array_agg(lease ORDER BY place)
    FROM held, clock WHERE cancel_reason IS NULL GROUP BY worker
    RETURNING batch
),
unstarted AS MATERIALIZED (
    SELECT scope, limits.name, steadwork.counts_until(claimed_at, within, grain) AS until, count(*) AS starts
    FROM held JOIN steadwork.lanes ON lanes.id = lane JOIN steadwork.limits ON limits.name = CASE scope WHEN 'queue' THEN queue WHEN 'type' THEN type END
    WHERE unbegun AND cancel_reason IS NULL
    GROUP BY 1, 2, 3
),
lessened AS (
    UPDATE steadwork.limit_uses AS used SET starts = used.starts - unstarted.starts FROM unstarted
    WHERE used.scope = unstarted.scope AND used.name = unstarted.name AND used.until = unstarted.until AND used.starts > unstarted.starts
),
unused AS (
    DELETE FROM steadwork.limit_uses AS used USING unstarted
    WHERE used.scope = unstarted.scope AND used.name = unstarted.name AND used.until = unstarted.until AND used.starts <= unstarted.starts
),
freed AS MATERIALIZED (SELECT array_agg(exclusive_key) AS keys FROM returned WHERE exclusive_key IS NOT NULL HAVING count(*) > 0)
SELECT place, cancel_reason FROM held
UNION ALL
SELECT 0, NULL FROM freed, (SELECT count(*) + (SELECT 0 * done FROM again) AS done FROM logged) AS after_logging, LATERAL steadwork.admit($14, CASE WHEN done > 0 THEN keys END);
