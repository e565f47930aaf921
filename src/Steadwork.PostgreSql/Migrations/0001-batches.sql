CREATE SEQUENCE steadwork.batch_ids;

-- Jobs that were enqueued as one. What has ended and is pruned stays in the counts; jobs that were deleted before they had succeeded
-- are counted apart.
CREATE TABLE steadwork.batches (
    id         bigint      PRIMARY KEY DEFAULT nextval('steadwork.batch_ids'),
    name       text,
    open       boolean     NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at   timestamptz,
    follower   bigint,
    pending    bigint      NOT NULL DEFAULT 0,
    waiting    bigint      NOT NULL DEFAULT 0,
    running    bigint      NOT NULL DEFAULT 0,
    succeeded  bigint      NOT NULL DEFAULT 0,
    failed     bigint      NOT NULL DEFAULT 0,
    cancelled  bigint      NOT NULL DEFAULT 0,
    deleted    bigint      NOT NULL DEFAULT 0,
    CHECK (ended_at IS NULL OR NOT open)
) WITH (fillfactor = 50);

-- What each transaction changed of the counts of a batch: as with lanes.
CREATE TABLE steadwork.batch_changes (
    batch     bigint  NOT NULL,
    pending   integer NOT NULL DEFAULT 0,
    waiting   integer NOT NULL DEFAULT 0,
    running   integer NOT NULL DEFAULT 0,
    succeeded integer NOT NULL DEFAULT 0,
    failed    integer NOT NULL DEFAULT 0,
    cancelled integer NOT NULL DEFAULT 0,
    deleted   integer NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);

-- Refuses those of these batches that take no jobs. One that does is not closed until the transaction ends. The lock stands in the
-- way of nobody but who closes it (FOR UPDATE): the counts are folded, and others add jobs, meanwhile.
CREATE FUNCTION steadwork.require_open(wanted bigint[]) RETURNS void LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    refused record;
BEGIN
    PERFORM FROM steadwork.batches WHERE id = ANY (wanted) ORDER BY id FOR KEY SHARE;
    SELECT told.batch, batches.id IS NOT NULL AS is_closed INTO refused
    FROM unnest(wanted) WITH ORDINALITY AS told (batch, place) LEFT JOIN steadwork.batches ON id = ANY (ARRAY[told.batch])
    WHERE open IS NOT TRUE ORDER BY place LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% %', refused.batch, CASE WHEN refused.is_closed THEN 'closed' ELSE 'missing' END USING ERRCODE = 'SW004';
    END IF;
END $$;

-- The counts of batches, with what transactions have changed of them since they were folded.
CREATE FUNCTION steadwork.batch_counts(wanted bigint[]) RETURNS TABLE (batch bigint, pending bigint, waiting bigint, running bigint, succeeded bigint, failed bigint, cancelled bigint, deleted bigint)
    LANGUAGE sql STABLE AS $$
    SELECT id, batches.pending + coalesce(sum(change.pending), 0)::bigint, batches.waiting + coalesce(sum(change.waiting), 0)::bigint,
        batches.running + coalesce(sum(change.running), 0)::bigint, batches.succeeded + coalesce(sum(change.succeeded), 0)::bigint,
        batches.failed + coalesce(sum(change.failed), 0)::bigint, batches.cancelled + coalesce(sum(change.cancelled), 0)::bigint,
        batches.deleted + coalesce(sum(change.deleted), 0)::bigint
    FROM steadwork.batches LEFT JOIN steadwork.batch_changes AS change ON change.batch = batches.id
    WHERE id = ANY (wanted) GROUP BY id
$$;

-- How a batch has ended, 'succeeded' or 'failed'; null while it has not, and 'unclear' when somebody must look again once other
-- transactions are over. Each that ends a job of a batch looks, and shows by a lock that it does until it is over: none waits for
-- another. A job at which nobody has been (xmax) is ended by somebody who looks later than this. Of others, another transaction may be
-- ending the last one at this moment, unseen: unless none shows its lock, somebody must look again. Looking begins with the newest
-- job: most end in their order, and the dead rows of those that have ended are not stepped over then.
CREATE FUNCTION steadwork.end_of_batch(this bigint, space integer) RETURNS text LANGUAGE plpgsql VOLATILE
    SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    head    steadwork.batches;
    sums    record;
    now     timestamptz := steadwork.wall_clock();
    looking bigint := hashtextextended('batch ' || this, space);
    is_left boolean := true;
    is_sure boolean := pg_try_advisory_xact_lock_shared(looking);
BEGIN
    IF is_sure THEN
        -- BETWEEN, since with = the index of all jobs by their id would do for the order, too, and be scanned.
        PERFORM FROM steadwork.jobs WHERE batch BETWEEN this AND this AND xmax = 0 ORDER BY batch DESC, id DESC LIMIT 1;
        IF FOUND THEN
            RETURN NULL;
        END IF;
        is_left := EXISTS (SELECT FROM steadwork.jobs WHERE batch = this);
        IF is_left THEN
            -- For this look only: what is raised lets go of it, as whatever ends the look from outside would. A lock of the session would outlive that.
            BEGIN
                is_sure := pg_try_advisory_xact_lock(looking);
                is_left := NOT is_sure OR EXISTS (SELECT FROM steadwork.jobs WHERE batch = this);
                RAISE EXCEPTION USING ERRCODE = 'SW000';
            EXCEPTION WHEN SQLSTATE 'SW000' THEN
                NULL;
            END;
        END IF;
    END IF;
    IF is_sure AND is_left THEN
        RETURN NULL;
    END IF;
    -- Whoever closes it has it locked, and looks later than those that have locked it like this.
    SELECT * INTO head FROM steadwork.batches WHERE id = this FOR KEY SHARE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN CASE WHEN EXISTS (SELECT FROM steadwork.batches WHERE id = this) THEN 'unclear' END;
    END IF;
    IF head.open THEN
        RETURN NULL;
    END IF;
    IF NOT is_sure THEN
        RETURN 'unclear';
    END IF;
    -- Whoever retries one of its jobs has it locked, too.
    SELECT * INTO head FROM steadwork.batches WHERE id = this FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 'unclear';
    END IF;
    IF EXISTS (SELECT FROM steadwork.jobs WHERE batch = this) THEN
        RETURN NULL;
    END IF;
    SELECT * INTO sums FROM steadwork.batch_counts(ARRAY[this]);
    IF head.ended_at IS NULL THEN
        UPDATE steadwork.batches SET ended_at = now WHERE id = this;
        INSERT INTO steadwork.log (at, entries, kinds, data)
        VALUES (now, 1, ARRAY['batch-ended'], ARRAY[format('{"batch":%s,"succeeded":%s,"failed":%s,"cancelled":%s,"deleted":%s}', this, sums.succeeded, sums.failed, sums.cancelled, sums.deleted)]);
    END IF;
    RETURN CASE WHEN sums.failed + sums.cancelled + sums.deleted = 0 THEN 'succeeded' ELSE 'failed' END;
END $$;

-- Why a job is cancelled that was to follow a batch.
CREATE FUNCTION steadwork.batch_reason(this bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('Batch %s, which it was to follow, has ended: of %s jobs %s succeeded.', this, pending + waiting + running + succeeded + failed + cancelled + deleted, succeeded)
    FROM steadwork.batch_counts(ARRAY[this])
$$;

-- Whether a batch, of which a job is to go on, has been locked. False when somebody else is at it.
CREATE FUNCTION steadwork.hold_batch(this bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE
    SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM FROM steadwork.batches WHERE id = this FOR NO KEY UPDATE SKIP LOCKED;
    RETURN FOUND OR NOT EXISTS (SELECT FROM steadwork.batches WHERE id = this);
END $$;
