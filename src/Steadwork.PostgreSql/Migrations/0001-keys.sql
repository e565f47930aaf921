-- Refuses those of these unique keys that a job bears, unless it is of the type that may.
CREATE FUNCTION steadwork.require_bearers(keys text[], bearable text[]) RETURNS void LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    now   timestamptz := steadwork.wall_clock();
    taken record;
BEGIN
    SELECT bearer.id, key, CASE WHEN told.type IS NULL THEN '' ELSE lanes.type END AS other INTO taken
    FROM unnest(keys, bearable) WITH ORDINALITY AS told (key, type, place), LATERAL steadwork.bearer_of(key, now) AS bearer JOIN steadwork.lanes ON lanes.id = lane
    WHERE lanes.type IS DISTINCT FROM told.type ORDER BY place LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% %', taken.id, taken.key USING ERRCODE = 'SW003', HINT = taken.other;
    END IF;
END $$;

-- Gives the free places of exclusive keys to those whose turn it is, one transaction at a time for a key. It waits for
-- nobody: what another transaction is at, or the caller's own could be at for long (space null), is noted for later.
-- Called from a statement it sees what that has changed so far. Returns the jobs that may run now.
CREATE FUNCTION steadwork.admit(space integer, keys text[]) RETURNS SETOF bigint LANGUAGE plpgsql VOLATILE
    SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    this     text;
    next     record;
    taken    smallint[];
    lanes    integer[] := '{}';
    batches  bigint[] := '{}';
    admitted bigint[] := '{}';
    told     bigint[] := '{}';
BEGIN
    FOR this IN SELECT DISTINCT key COLLATE "C" AS key FROM unnest(keys) AS key WHERE key IS NOT NULL ORDER BY 1 LOOP
        IF space IS NULL OR NOT pg_try_advisory_xact_lock(hashtextextended('exclusive ' || this, space)) THEN
            INSERT INTO steadwork.loose_ends (key) VALUES (this);
            CONTINUE;
        END IF;
        LOOP
            SELECT id, lane, batch, exclusive_limit, xmin = pg_current_xact_id()::xid AS arrived INTO next
            FROM steadwork.jobs WHERE exclusive_key = this AND exclusive_key IS NOT NULL AND state = 'waiting' AND NOT blocked ORDER BY priority, id LIMIT 1;
            EXIT WHEN NOT FOUND;
            SELECT coalesce(array_agg(slot), '{}') INTO taken FROM steadwork.jobs WHERE exclusive_key = this AND slot IS NOT NULL;
            EXIT WHEN cardinality(taken) >= next.exclusive_limit;
            PERFORM FROM steadwork.jobs WHERE id = next.id AND state = 'waiting' FOR UPDATE SKIP LOCKED;
            IF NOT FOUND THEN
                INSERT INTO steadwork.loose_ends (key) VALUES (this);
                EXIT;
            END IF;
            EXIT WHEN NOT steadwork.lets_through(this);
            UPDATE steadwork.jobs
            SET state = 'pending', ready = true, slot = (SELECT min(place) FROM generate_series(1, next.exclusive_limit) AS place WHERE place <> ALL (taken))
            WHERE id = next.id;
            lanes := lanes || next.lane;
            batches := batches || next.batch;
            admitted := admitted || next.id;
            -- One that has come in this very transaction has not been seen to wait.
            IF NOT next.arrived THEN
                told := told || next.id;
            END IF;
        END LOOP;
    END LOOP;
    INSERT INTO steadwork.lane_changes (lane, waiting, pending) SELECT lane, -count(*), count(*) FROM unnest(lanes) AS lane GROUP BY lane;
    INSERT INTO steadwork.batch_changes (batch, waiting, pending) SELECT batch, -count(*), count(*) FROM unnest(batches) AS batch WHERE batch IS NOT NULL GROUP BY batch;
    IF cardinality(told) > 0 THEN
        INSERT INTO steadwork.log (at, entries, kinds, jobs) VALUES (steadwork.wall_clock(), cardinality(told), ARRAY['admitted'], told);
    END IF;
    RETURN QUERY SELECT unnest(admitted);
END $$;
