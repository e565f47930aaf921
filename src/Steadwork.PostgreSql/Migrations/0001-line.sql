-- Bounded, so that a flood of jobs that fall due at one instant is spread over many short transactions. Those that must come to
-- their turn behind an exclusive key go to stand there. Before that, as many of those that have expired are ended, with what
-- follows from it. For a worker that may claim. Returns how many have come to their turn or behind their key, and how many have ended.
CREATE FUNCTION steadwork.join_line(claimer bigint, space integer) RETURNS TABLE (joined bigint, ended bigint) LANGUAGE plpgsql VOLATILE
    SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
    expired AS MATERIALIZED (
        SELECT id FROM steadwork.jobs
        WHERE state <> 'running' AND expires_at <= (SELECT now FROM clock) AND EXISTS (SELECT FROM steadwork.workers WHERE id = claimer AND lease_until > '-infinity')
        ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    ),
    ended AS MATERIALIZED (
        SELECT key, parent FROM (SELECT array_agg(id) AS ids FROM expired HAVING count(*) > 0) AS found, LATERAL steadwork.cancel_in_line(ids, NULL, false)
    ),
    joined AS (
        UPDATE steadwork.jobs
        SET ready = exclusive_key IS NULL OR slot IS NOT NULL, state = CASE WHEN exclusive_key IS NULL OR slot IS NOT NULL THEN 'pending' ELSE 'waiting' END
        FROM (
            SELECT id, expires_at FROM steadwork.jobs
            WHERE state = 'pending' AND NOT ready AND run_at <= (SELECT now FROM clock) AND EXISTS (SELECT FROM steadwork.workers WHERE id = claimer AND lease_until > '-infinity')
            ORDER BY run_at LIMIT 1000 FOR UPDATE SKIP LOCKED
        ) AS due, clock
        WHERE jobs.id = ANY (ARRAY[due.id]) AND (due.expires_at > now) IS NOT FALSE
        RETURNING lane, state, exclusive_key, batch
    ),
    -- These have kept their place behind their key, and are not held back by its limit, but count.
    again AS MATERIALIZED (
        SELECT count(steadwork.count_key(exclusive_key)) AS done FROM (SELECT exclusive_key FROM joined WHERE state = 'pending' AND exclusive_key IS NOT NULL ORDER BY exclusive_key) AS kept
    ),
    -- Their time has come, or is one that no limit can have meant: the clock was set back since.
    freed AS (
        DELETE FROM steadwork.held_keys
        WHERE key = ANY (ARRAY(SELECT key FROM steadwork.held_keys WHERE until <= (SELECT now FROM clock) ORDER BY until LIMIT 200 FOR UPDATE SKIP LOCKED)
            || ARRAY(SELECT key FROM steadwork.held_keys WHERE until > (SELECT max(steadwork.latest_use(now, within, grain)) FROM steadwork.limits, clock WHERE scope = 'key') ORDER BY until LIMIT 200 FOR UPDATE SKIP LOCKED))
            AND EXISTS (SELECT FROM steadwork.workers WHERE id = claimer AND lease_until > '-infinity')
        RETURNING key
    ),
    moved AS (
        INSERT INTO steadwork.lane_changes (lane, pending, waiting) SELECT lane, -count(*), count(*) FROM joined WHERE state = 'waiting' GROUP BY lane
    ),
    batch_moved AS (
        INSERT INTO steadwork.batch_changes (batch, pending, waiting) SELECT batch, -count(*), count(*) FROM joined WHERE state = 'waiting' AND batch IS NOT NULL GROUP BY batch
    ),
    noted AS (
        DELETE FROM steadwork.loose_ends WHERE ctid = ANY (ARRAY(SELECT ctid FROM steadwork.loose_ends LIMIT 200 FOR UPDATE SKIP LOCKED)) RETURNING key, parent, after
    ),
    loose AS MATERIALIZED (
        SELECT array_agg(key) FILTER (WHERE key IS NOT NULL) AS keys, array_agg(parent ORDER BY parent, after) FILTER (WHERE parent IS NOT NULL) AS parents, array_agg(after ORDER BY parent, after) FILTER (WHERE parent IS NOT NULL) AS afters
        FROM (SELECT exclusive_key AS key, NULL AS parent, NULL AS after FROM joined WHERE state = 'waiting' UNION ALL SELECT key, parent, after FROM noted UNION ALL SELECT key, NULL, NULL FROM freed UNION ALL SELECT key, parent, 0 FROM ended WHERE key IS NOT NULL OR parent IS NOT NULL) AS ends HAVING count(*) > 0
    ),
    told AS MATERIALIZED (SELECT told.state FROM loose, LATERAL steadwork.attend(space, parents, afters, keys) AS told)
    SELECT (SELECT count(*) FROM joined) + (SELECT count(*) FROM told) + (SELECT 0 * done FROM again), (SELECT count(*) FROM ended) + (SELECT count(*) FROM told WHERE state = 'cancelled');
END $$;
