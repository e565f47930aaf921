-- Refuses those of these jobs that there are not. One that has ended is not pruned from then on until the transaction ends, and
-- after that is seen to be waited for. In their order, so that two that lock the same do not wait for each other.
CREATE FUNCTION steadwork.require_parents(parents bigint[]) RETURNS void LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    missing bigint;
BEGIN
    PERFORM FROM steadwork.history WHERE id = ANY (parents) ORDER BY id FOR KEY SHARE;
    SELECT parent INTO missing FROM unnest(parents) WITH ORDINALITY AS told (parent, place)
    WHERE NOT EXISTS (SELECT FROM steadwork.jobs WHERE id = parent OFFSET 0) AND NOT EXISTS (SELECT FROM steadwork.history WHERE id = parent OFFSET 0)
    ORDER BY place LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION '%', missing USING ERRCODE = 'SW002';
    END IF;
END $$;

-- Ends jobs that do not run as cancelled: for the reason told, or where there is none because they have expired. It is left to the
-- caller to tell those that come after them, those behind their exclusive keys, and their batches: see attend.
CREATE FUNCTION steadwork.cancel_in_line(which bigint[], why text, orphans boolean) RETURNS TABLE (key text, parent bigint) LANGUAGE plpgsql VOLATILE
    SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    WITH clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
    ended AS (
        DELETE FROM steadwork.jobs USING unnest(which) WITH ORDINALITY AS wanted (job, place)
        WHERE id = ANY (ARRAY[job]) AND state <> 'running'
        RETURNING place, jobs.*
    ),
    kept AS (
        INSERT INTO steadwork.history (id, lease, worker, batch, run_at, created_at, started_at, finished_at, timeout, lane, attempt, failures, max_attempts, priority,
            unique_until, expires_at, state, unique_key, exclusive_key, exclusive_limit, is_parent, runs_anyway, orphaned, cancel_reason, trace_parent, tags, error, payload)
        SELECT id, lease, worker, batch, run_at, created_at, started_at, now, timeout, lane, attempt, failures, max_attempts, priority,
            unique_until, expires_at, 'cancelled', unique_key, exclusive_key, exclusive_limit, is_parent, runs_anyway, orphans,
            coalesce(why, format('It was not begun by %s UTC, after which it was not worth running.', to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))),
            trace_parent, tags, error, payload
        FROM ended, clock
    ),
    counted AS (
        INSERT INTO steadwork.lane_changes (lane, pending, waiting, cancelled)
        SELECT lane, -count(*) FILTER (WHERE state = 'pending'), -count(*) FILTER (WHERE state = 'waiting'), count(*) FROM ended GROUP BY lane
    ),
    batch_counted AS (
        INSERT INTO steadwork.batch_changes (batch, pending, waiting, cancelled)
        SELECT batch, -count(*) FILTER (WHERE state = 'pending'), -count(*) FILTER (WHERE state = 'waiting'), count(*) FROM ended WHERE batch IS NOT NULL GROUP BY batch
    ),
    logged AS (
        INSERT INTO steadwork.log (at, entries, kinds, jobs) SELECT min(now), count(*), ARRAY['cancelled'], array_agg(id ORDER BY place) FROM ended, clock HAVING count(*) > 0
    )
    SELECT exclusive_key, CASE WHEN is_parent THEN id END FROM ended
    UNION ALL
    SELECT DISTINCT NULL, -batch FROM ended WHERE batch IS NOT NULL;
END $$;

-- Tells the ends of jobs, and of batches (their numbers negated), to those that wait for them, which go on or are cancelled by it, and then sees to exclusive keys as
-- admit does. A job that has not ended is marked as one whose end has to be told. It waits for nobody: what another
-- transaction is at, what the caller's own could be at for long (space null), and what is too much for one transaction, is
-- noted for later. A batch is looked at here: it may have ended, by the ends of its jobs. The children up to those of afters have been told; none where that is null. Returns the jobs whose state
-- has changed, with that; those that are pending may run once they are due.
CREATE FUNCTION steadwork.attend(space integer, parents bigint[], afters bigint[], keys text[]) RETURNS TABLE (job bigint, state text) LANGUAGE plpgsql VOLATILE
    SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    now            timestamptz := steadwork.wall_clock();
    room           integer := 1000;
    turn           integer := 0;
    this           bigint;
    fate           text;
    seen           bigint;
    is_left        boolean;
    attended       bigint;
    one            steadwork.jobs;
    past           steadwork.history;
    orphans        bigint[];
    restored       bigint[] := '{}';
    restored_lanes integer[] := '{}';
    admitted       bigint[] := '{}';
    admitted_lanes integer[] := '{}';
BEGIN
    IF space IS NULL THEN
        INSERT INTO steadwork.loose_ends (parent, after) SELECT parent, coalesce(after, 0) FROM unnest(parents, afters) AS told (parent, after);
        parents := '{}';
    END IF;
    LOOP
        turn := turn + 1;
        EXIT WHEN turn > coalesce(cardinality(parents), 0);
        this := parents[turn];
        seen := coalesce(afters[turn], 0);
        orphans := '{}';
        IF this < 0 THEN
            fate := steadwork.end_of_batch(-this, space);
            CONTINUE WHEN fate IS NULL;
            is_left := fate = 'unclear';
        ELSE
            SELECT * INTO one FROM steadwork.jobs WHERE id = this FOR UPDATE SKIP LOCKED;
            IF FOUND THEN
                UPDATE steadwork.jobs SET is_parent = true WHERE id = this AND NOT is_parent;
                CONTINUE;
            END IF;
            is_left := EXISTS (SELECT FROM steadwork.jobs WHERE id = this);
            fate := (SELECT history.state FROM steadwork.history WHERE id = this);
        END IF;
        IF NOT is_left AND this > 0 AND fate <> 'succeeded' THEN
            -- It may be retried, and then its end has to be told.
            UPDATE steadwork.history SET is_parent = true
            WHERE id = (SELECT id FROM steadwork.history WHERE id = this AND NOT is_parent FOR NO KEY UPDATE SKIP LOCKED);
            is_left := NOT FOUND AND EXISTS (SELECT FROM steadwork.history WHERE id = this AND NOT is_parent);
        END IF;
        WHILE NOT is_left LOOP
            SELECT dependencies.child INTO attended FROM steadwork.dependencies
            WHERE dependencies.parent = this AND NOT done AND dependencies.child > seen ORDER BY dependencies.child LIMIT 1;
            EXIT WHEN NOT FOUND;
            SELECT * INTO one FROM steadwork.jobs WHERE id = attended FOR UPDATE SKIP LOCKED;
            SELECT * INTO past FROM steadwork.history WHERE id = attended AND one.id IS NULL FOR UPDATE SKIP LOCKED;
            is_left := room = 0
                OR (one.id IS NULL AND EXISTS (SELECT FROM steadwork.jobs WHERE id = attended))
                OR (one.id IS NULL AND past.id IS NULL AND EXISTS (SELECT FROM steadwork.history WHERE id = attended))
                OR coalesce(past.orphaned AND fate = 'succeeded' AND past.unique_key IS NOT NULL AND NOT pg_try_advisory_xact_lock(hashtextextended(past.unique_key, space)), false)
                OR coalesce(past.orphaned AND fate = 'succeeded' AND past.batch IS NOT NULL AND NOT steadwork.hold_batch(past.batch), false);
            EXIT WHEN is_left;
            room := room - 1;
            seen := attended;
            IF fate IS NOT DISTINCT FROM 'succeeded' OR one.runs_anyway OR past.runs_anyway THEN
                UPDATE steadwork.dependencies SET done = true WHERE dependencies.child = attended AND dependencies.parent = this;
            ELSIF one.id IS NOT NULL THEN
                orphans := orphans || attended;
                CONTINUE;
            END IF;
            -- What was cancelled because of this one goes on, unless another that it awaits stands ended as well, or another bears its key.
            IF past.orphaned AND fate = 'succeeded'
                AND NOT EXISTS (SELECT FROM steadwork.dependencies WHERE dependencies.child = past.id AND NOT done
                    AND NOT EXISTS (SELECT FROM steadwork.jobs WHERE id = dependencies.parent OFFSET 0) AND NOT EXISTS (SELECT FROM steadwork.batches WHERE id = -dependencies.parent AND ended_at IS NULL OFFSET 0))
                AND NOT EXISTS (SELECT FROM steadwork.bearer_of(past.unique_key, now) AS bearer WHERE bearer.id <> past.id) THEN
                DELETE FROM steadwork.history WHERE id = attended;
                UPDATE steadwork.batches SET ended_at = NULL WHERE id = past.batch AND ended_at IS NOT NULL;
                INSERT INTO steadwork.batch_changes (batch, waiting, cancelled) SELECT past.batch, 1, -1 WHERE past.batch IS NOT NULL;
                INSERT INTO steadwork.jobs (id, lease, batch, run_at, created_at, started_at, timeout, lane, attempt, failures, max_attempts, priority, exclusive_limit, ready, blocked,
                    is_parent, runs_anyway, unique_until, expires_at, state, unique_key, exclusive_key, trace_parent, tags, error, payload)
                VALUES (past.id, past.lease, past.batch, past.run_at, past.created_at, past.started_at, past.timeout, past.lane, past.attempt, past.failures, past.max_attempts, past.priority, past.exclusive_limit, false, true,
                    past.is_parent, past.runs_anyway, past.unique_until, past.expires_at, 'waiting', past.unique_key, past.exclusive_key, past.trace_parent, past.tags, past.error, past.payload)
                RETURNING * INTO one;
                restored := restored || attended;
                restored_lanes := restored_lanes || past.lane;
                RETURN QUERY SELECT attended, 'waiting';
            END IF;
            CONTINUE WHEN one.id IS NULL OR EXISTS (SELECT FROM steadwork.dependencies WHERE dependencies.child = attended AND NOT done);
            UPDATE steadwork.jobs
            SET blocked = false, ready = run_at <= now AND exclusive_key IS NULL,
                state = CASE WHEN run_at <= now AND exclusive_key IS NOT NULL THEN 'waiting' ELSE 'pending' END
            WHERE id = attended RETURNING * INTO one;
            admitted := admitted || attended;
            IF one.state = 'waiting' THEN
                keys := keys || one.exclusive_key;
            ELSE
                admitted_lanes := admitted_lanes || one.lane;
                INSERT INTO steadwork.batch_changes (batch, waiting, pending) SELECT one.batch, -1, 1 WHERE one.batch IS NOT NULL;
                RETURN QUERY SELECT attended, 'pending';
            END IF;
        END LOOP;
        IF is_left THEN
            INSERT INTO steadwork.loose_ends (parent, after) VALUES (this, seen);
        END IF;
        IF cardinality(orphans) > 0 THEN
            SELECT parents || coalesce(array_agg(parent ORDER BY parent) FILTER (WHERE parent IS NOT NULL), '{}'), keys || coalesce(array_agg(key) FILTER (WHERE key IS NOT NULL), '{}') INTO parents, keys
            FROM steadwork.cancel_in_line(orphans,
                CASE WHEN this < 0 THEN steadwork.batch_reason(-this) ELSE format('Job %s, which it was to follow, %s.', this, CASE fate WHEN 'failed' THEN 'has failed' WHEN 'cancelled' THEN 'was cancelled' ELSE 'was deleted' END) END, true);
            RETURN QUERY SELECT orphan, 'cancelled' FROM unnest(orphans) AS orphan;
        END IF;
    END LOOP;
    INSERT INTO steadwork.lane_changes (lane, waiting, pending, cancelled)
    SELECT lane, sum(waiting), sum(pending), sum(cancelled)
    FROM (SELECT lane, 1, 0, -1 FROM unnest(restored_lanes) AS lane UNION ALL SELECT lane, -1, 1, 0 FROM unnest(admitted_lanes) AS lane) AS moved (lane, waiting, pending, cancelled)
    GROUP BY lane;
    INSERT INTO steadwork.log (at, entries, kinds, jobs) SELECT now, cardinality(restored), ARRAY['restored'], restored WHERE cardinality(restored) > 0;
    INSERT INTO steadwork.log (at, entries, kinds, jobs) SELECT now, cardinality(admitted), ARRAY['admitted'], admitted WHERE cardinality(admitted) > 0;
    RETURN QUERY SELECT id, 'pending' FROM steadwork.admit(space, keys) AS id;
END $$;
