-- In all files the schema is written as steadwork; a store in another schema has its name put in there.

CREATE TABLE steadwork.meta (
    name  text PRIMARY KEY,
    value text NOT NULL
);

INSERT INTO steadwork.meta (name, value) VALUES ('store-id', substr(md5(random()::text || clock_timestamp()::text), 1, 16));

-- The one clock of a store: its server's. What people and run_at go by, and what leases go by; tests replace both.
CREATE FUNCTION steadwork.wall_clock() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS $$ SELECT date_trunc('milliseconds', clock_timestamp()) $$;
CREATE FUNCTION steadwork.lease_clock() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS $$ SELECT clock_timestamp() $$;

-- 2 once the store is retired, nothing before that. A sequence, since what one says is seen by every transaction at once: a
-- row would not be by one whose snapshot is older.
CREATE SEQUENCE steadwork.service;

-- Held by everything that enqueues or claims, until its transaction ends: whoever retires the store waits for those that
-- were let in before. It is looked at after the lock, else one could be let in and be missed; and before it, since many
-- that are refused again and again must not keep that lock from whoever waits for the last of those. Nothing in it is a
-- statement: those would take five times as long, for each enqueue and each claim.
CREATE FUNCTION steadwork.require_service(space integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF pg_sequence_last_value('steadwork.service') IS NOT NULL
        OR pg_advisory_xact_lock_shared(space, 0) IS NULL
        OR pg_sequence_last_value('steadwork.service') IS NOT NULL THEN
        RAISE EXCEPTION 'the store is retired' USING ERRCODE = 'SW001';
    END IF;
END $$;

-- A lane is the jobs of one type in one queue. One is made before its first job, and shown from that job on.
CREATE TABLE steadwork.lanes (
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue     text    NOT NULL,
    type      text    NOT NULL,
    used      boolean NOT NULL DEFAULT false,
    pending   bigint  NOT NULL DEFAULT 0,
    waiting   bigint  NOT NULL DEFAULT 0,
    running   bigint  NOT NULL DEFAULT 0,
    succeeded bigint  NOT NULL DEFAULT 0,
    failed    bigint  NOT NULL DEFAULT 0,
    cancelled bigint  NOT NULL DEFAULT 0,
    UNIQUE (queue, type)
);

-- What each transaction changed of the counts of a lane. Added up, these and the lane are its counts; now and then they
-- are folded into it. To write into the lane itself would make all hosts wait for each other's commits.
CREATE TABLE steadwork.lane_changes (
    lane      integer NOT NULL,
    pending   integer NOT NULL DEFAULT 0,
    waiting   integer NOT NULL DEFAULT 0,
    running   integer NOT NULL DEFAULT 0,
    succeeded integer NOT NULL DEFAULT 0,
    failed    integer NOT NULL DEFAULT 0,
    cancelled integer NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);

CREATE TABLE steadwork.queues (
    name       text PRIMARY KEY,
    definition text NOT NULL
);

-- What enqueues a job at each tick. next_at is null when there is none any more.
CREATE TABLE steadwork.schedules (
    name      text PRIMARY KEY,
    timing    text        NOT NULL,
    settings  text        NOT NULL,
    payload   text        NOT NULL,
    program   text,
    version   text        NOT NULL,
    by        text        NOT NULL,
    revision  bigint      NOT NULL,
    anchor    timestamptz NOT NULL,
    next_at   timestamptz,
    last_tick timestamptz,
    last_job  bigint
) WITH (fillfactor = 50);
CREATE INDEX schedules_next ON steadwork.schedules (next_at) WHERE next_at IS NOT NULL;

-- The queues and types none of whose jobs is claimed, and the schedules that do not tick.
CREATE TABLE steadwork.pauses (
    scope text        NOT NULL CHECK (scope IN ('queue', 'type', 'schedule')),
    name  text        NOT NULL,
    since timestamptz NOT NULL,
    by    text        NOT NULL,
    PRIMARY KEY (scope, name)
);

CREATE SEQUENCE steadwork.job_ids;
-- Only grows, over all jobs: the fence of a claim.
CREATE SEQUENCE steadwork.leases;

-- The jobs that have not ended: small and hot, deleted when they end, so that it stays as small as what is left to do.
CREATE TABLE steadwork.jobs (
    id            bigint      PRIMARY KEY,
    lease         bigint      NOT NULL DEFAULT 0,
    worker        bigint,
    run_at        timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    started_at    timestamptz,
    timeout       bigint,
    unique_until  timestamptz,
    expires_at    timestamptz,
    lane          integer     NOT NULL,
    attempt       integer     NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    failures      integer     NOT NULL DEFAULT 0 CHECK (failures >= 0),
    max_attempts  integer     NOT NULL CHECK (max_attempts >= 1),
    priority      smallint    NOT NULL CHECK (priority BETWEEN 1 AND 1000),
    exclusive_limit smallint  NOT NULL DEFAULT 1 CHECK (exclusive_limit >= 1),
    slot          smallint    CHECK (slot BETWEEN 1 AND exclusive_limit),
    ready         boolean     NOT NULL,
    blocked       boolean     NOT NULL DEFAULT false,
    is_parent     boolean     NOT NULL DEFAULT false,
    runs_anyway   boolean     NOT NULL DEFAULT false,
    alone         boolean     NOT NULL DEFAULT false,
    state         text        NOT NULL CHECK (state IN ('pending', 'waiting', 'running')),
    unique_key    text,
    exclusive_key text,
    cancel_reason text,
    trace_parent  text,
    tags          jsonb,
    error         text,
    payload       text        NOT NULL,
    CHECK (NOT ready OR state = 'pending'),
    CHECK (NOT blocked OR state = 'waiting'),
    CHECK (slot IS NULL OR (exclusive_key IS NOT NULL AND state <> 'waiting')),
    CHECK (exclusive_key IS NULL OR slot IS NOT NULL OR NOT (ready OR state = 'running')),
    CHECK ((state = 'running') = (worker IS NOT NULL)),
    CHECK (state <> 'running' OR lease > 0)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);

-- Claims: the head of a lane by priority, then by age.
CREATE INDEX jobs_ready ON steadwork.jobs (lane, priority, id) WHERE ready;
-- Delayed jobs, by the time at which they join their line.
CREATE INDEX jobs_due ON steadwork.jobs (run_at) WHERE state = 'pending' AND NOT ready;
-- Jobs that are not worth running unless they are begun in time, by the time at which they are cancelled.
CREATE INDEX jobs_expiring ON steadwork.jobs (expires_at) WHERE expires_at IS NOT NULL AND state <> 'running';
-- What a worker holds: recovery, cancellation.
CREATE INDEX jobs_held ON steadwork.jobs (worker) WHERE state = 'running';
CREATE UNIQUE INDEX jobs_unique ON steadwork.jobs (unique_key) WHERE unique_key IS NOT NULL;
-- At most one job has each place of an exclusive key, from when it comes to its turn until it ends: the place goes with the
-- very row.
CREATE UNIQUE INDEX jobs_slots ON steadwork.jobs (exclusive_key, slot) WHERE slot IS NOT NULL;
-- Those that wait behind their exclusive key, the next one first.
CREATE INDEX jobs_behind ON steadwork.jobs (exclusive_key, priority, id) WHERE exclusive_key IS NOT NULL AND state = 'waiting' AND NOT blocked;

-- Which job comes after which others, and for which of those it need wait no more. A row stays when its parent is gone: what
-- did not succeed must not be taken for done.
CREATE TABLE steadwork.dependencies (
    child  bigint  NOT NULL,
    parent bigint  NOT NULL,
    done   boolean NOT NULL DEFAULT false,
    PRIMARY KEY (child, parent)
);
CREATE INDEX dependencies_awaited ON steadwork.dependencies (parent, child) WHERE NOT done;

-- What nobody could see to at once, and the next claim does: exclusive keys of which a place may have come free, and jobs that
-- may have ended with others waiting for them, of these the ones after a child that has been told.
CREATE TABLE steadwork.loose_ends (
    key    text,
    parent bigint,
    after  bigint,
    CHECK ((key IS NULL) = (parent IS NOT NULL AND after IS NOT NULL))
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);

-- The jobs that have ended: only appended to, until they are retried, deleted or pruned.
CREATE TABLE steadwork.history (
    id            bigint      PRIMARY KEY,
    lease         bigint      NOT NULL,
    worker        bigint,
    run_at        timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    started_at    timestamptz,
    finished_at   timestamptz NOT NULL,
    timeout       bigint,
    unique_until  timestamptz,
    expires_at    timestamptz,
    lane          integer     NOT NULL,
    attempt       integer     NOT NULL,
    failures      integer     NOT NULL,
    max_attempts  integer     NOT NULL,
    priority      smallint    NOT NULL,
    exclusive_limit smallint  NOT NULL,
    is_parent     boolean     NOT NULL,
    runs_anyway   boolean     NOT NULL,
    orphaned      boolean     NOT NULL DEFAULT false,
    state         text        NOT NULL CHECK (state IN ('succeeded', 'failed', 'cancelled')),
    unique_key    text,
    exclusive_key text,
    cancel_reason text,
    trace_parent  text,
    tags          jsonb,
    error         text,
    payload       text        NOT NULL,
    result        text,
    CHECK (NOT orphaned OR state = 'cancelled')
);
-- Dead letters and cancelled jobs are few among many that ended well, and are what people look for.
CREATE INDEX history_dead ON steadwork.history (state, id) WHERE state IN ('failed', 'cancelled');
-- Those whose unique key stays taken after their end. When their time is over there is nothing to do.
CREATE INDEX history_keys ON steadwork.history (unique_key, unique_until, id) WHERE unique_key IS NOT NULL AND unique_until IS NOT NULL;

-- The job that bears a unique key at a time; nobody else can take it as long as the key's lock is held. After a clock that was
-- set back there can be several that have ended.
CREATE FUNCTION steadwork.bearer_of(wanted text, at timestamptz) RETURNS TABLE (id bigint, state text) LANGUAGE sql STABLE AS $$
    SELECT id, state FROM steadwork.jobs WHERE unique_key = wanted
    UNION ALL
    (SELECT id, state FROM steadwork.history WHERE unique_key = wanted AND unique_until > at ORDER BY unique_until DESC, id DESC LIMIT 1)
    LIMIT 1
$$;

-- Attempts that did not succeed. A successful or running one is read from the job itself, which spares a row for each job.
CREATE TABLE steadwork.attempts (
    job         bigint      NOT NULL,
    attempt     integer     NOT NULL,
    worker      bigint      NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    outcome     text        NOT NULL CHECK (outcome IN ('failed', 'crashed', 'cancelled', 'snoozed', 'released')),
    error       text,
    result      text,
    PRIMARY KEY (job, attempt)
);

CREATE TABLE steadwork.workers (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text        NOT NULL,
    host        text        NOT NULL,
    process     integer     NOT NULL,
    queues      text[]      NOT NULL,
    types       text[]      NOT NULL,
    started_at  timestamptz NOT NULL,
    lease       interval    NOT NULL,
    lease_until timestamptz NOT NULL
) WITH (fillfactor = 50);

-- The number of a batch of the log. The transaction gets its own id first, by which others see that it is running: a number
-- without one would look like a number that nobody will ever write.
CREATE SEQUENCE steadwork.log_batches;
CREATE FUNCTION steadwork.next_batch() RETURNS bigint LANGUAGE sql VOLATILE
    AS $$ SELECT CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('steadwork.log_batches') END $$;

-- Only appended to, and pruned from its oldest entries on. Every transition of a job is written here in its own transaction, those of one statement as one row of
-- arrays: a row each would cost as much as the transitions themselves. kinds has one word for all entries, or one each.
CREATE TABLE steadwork.log (
    batch   bigint      PRIMARY KEY DEFAULT steadwork.next_batch(),
    at      timestamptz NOT NULL,
    entries integer     NOT NULL,
    kinds   text[]      NOT NULL,
    worker  bigint,
    jobs    bigint[],
    leases  bigint[],
    data    text[]
) WITH (autovacuum_vacuum_insert_scale_factor = 0.1);

-- The places of batches in the log. They are given after the commit, to what is visible then, one transaction at a time:
-- so a reader passes nothing that is still uncommitted, and nobody's open transaction holds it back. The newest row also
-- says up to which batch all have been looked at, which of those were not visible then, and from which oldest running
-- transaction on each of these is known to have been rolled back: it stays when its batch has been pruned.
CREATE TABLE steadwork.log_places (
    upto          bigint   PRIMARY KEY,
    batch         bigint   NOT NULL,
    entries       integer  NOT NULL,
    seen          bigint   NOT NULL,
    missing       bigint[] NOT NULL,
    missing_until xid8[]   NOT NULL
);

-- Gives the free places of exclusive keys to those whose turn it is, one transaction at a time for a key. It waits for
-- nobody: what another transaction is at, or the caller's own could be at for long (space null), is noted for later.
-- Called from a statement it sees what that has changed so far. Returns the jobs that may run now.
CREATE FUNCTION steadwork.admit(space integer, keys text[]) RETURNS SETOF bigint LANGUAGE plpgsql VOLATILE
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    this     text;
    next     record;
    taken    smallint[];
    lanes    integer[] := '{}';
    admitted bigint[] := '{}';
    told     bigint[] := '{}';
BEGIN
    FOR this IN SELECT DISTINCT key COLLATE "C" AS key FROM unnest(keys) AS key WHERE key IS NOT NULL ORDER BY 1 LOOP
        IF space IS NULL OR NOT pg_try_advisory_xact_lock(hashtextextended('exclusive ' || this, space)) THEN
            INSERT INTO steadwork.loose_ends (key) VALUES (this);
            CONTINUE;
        END IF;
        LOOP
            SELECT id, lane, exclusive_limit, xmin = pg_current_xact_id()::xid AS arrived INTO next
            FROM steadwork.jobs WHERE exclusive_key = this AND exclusive_key IS NOT NULL AND state = 'waiting' AND NOT blocked ORDER BY priority, id LIMIT 1;
            EXIT WHEN NOT FOUND;
            SELECT coalesce(array_agg(slot), '{}') INTO taken FROM steadwork.jobs WHERE exclusive_key = this AND slot IS NOT NULL;
            EXIT WHEN cardinality(taken) >= next.exclusive_limit;
            PERFORM FROM steadwork.jobs WHERE id = next.id AND state = 'waiting' FOR UPDATE SKIP LOCKED;
            IF NOT FOUND THEN
                INSERT INTO steadwork.loose_ends (key) VALUES (this);
                EXIT;
            END IF;
            UPDATE steadwork.jobs
            SET state = 'pending', ready = true, slot = (SELECT min(place) FROM generate_series(1, next.exclusive_limit) AS place WHERE place <> ALL (taken))
            WHERE id = next.id;
            lanes := lanes || next.lane;
            admitted := admitted || next.id;
            -- One that has come in this very transaction has not been seen to wait.
            IF NOT next.arrived THEN
                told := told || next.id;
            END IF;
        END LOOP;
    END LOOP;
    INSERT INTO steadwork.lane_changes (lane, waiting, pending) SELECT lane, -count(*), count(*) FROM unnest(lanes) AS lane GROUP BY lane;
    IF cardinality(told) > 0 THEN
        INSERT INTO steadwork.log (at, entries, kinds, jobs) VALUES (steadwork.wall_clock(), cardinality(told), ARRAY['admitted'], told);
    END IF;
    RETURN QUERY SELECT unnest(admitted);
END $$;

-- Refuses those of these jobs that there are not. One that has ended is not pruned from then on until the transaction ends, and
-- after that is seen to be waited for. In their order, so that two that lock the same do not wait for each other.
CREATE FUNCTION steadwork.require_parents(parents bigint[]) RETURNS void LANGUAGE plpgsql
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    missing bigint;
BEGIN
    PERFORM FROM steadwork.history WHERE id = ANY (parents) ORDER BY id FOR KEY SHARE;
    SELECT parent INTO missing FROM unnest(parents) WITH ORDINALITY AS told (parent, place)
    WHERE NOT EXISTS (SELECT FROM steadwork.jobs WHERE id = parent) AND NOT EXISTS (SELECT FROM steadwork.history WHERE id = parent)
    ORDER BY place LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION '%', missing USING ERRCODE = 'SW002';
    END IF;
END $$;

-- Ends jobs that do not run as cancelled: for the reason told, or where there is none because they have expired. It is left to the
-- caller to tell those that come after them, and those behind their exclusive keys: see attend.
CREATE FUNCTION steadwork.cancel_in_line(which bigint[], why text) RETURNS TABLE (key text, parent bigint) LANGUAGE plpgsql VOLATILE
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    WITH clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
    ended AS (
        DELETE FROM steadwork.jobs USING unnest(which) WITH ORDINALITY AS wanted (job, place)
        WHERE id = job AND state <> 'running'
        RETURNING place, jobs.*
    ),
    kept AS (
        INSERT INTO steadwork.history (id, lease, worker, run_at, created_at, started_at, finished_at, timeout, lane, attempt, failures, max_attempts, priority,
            unique_until, expires_at, state, unique_key, exclusive_key, exclusive_limit, is_parent, runs_anyway, cancel_reason, trace_parent, tags, error, payload)
        SELECT id, lease, worker, run_at, created_at, started_at, now, timeout, lane, attempt, failures, max_attempts, priority,
            unique_until, expires_at, 'cancelled', unique_key, exclusive_key, exclusive_limit, is_parent, runs_anyway,
            coalesce(why, format('It was not begun by %s UTC, after which it was not worth running.', to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))),
            trace_parent, tags, error, payload
        FROM ended, clock
    ),
    counted AS (
        INSERT INTO steadwork.lane_changes (lane, pending, waiting, cancelled)
        SELECT lane, -count(*) FILTER (WHERE state = 'pending'), -count(*) FILTER (WHERE state = 'waiting'), count(*) FROM ended GROUP BY lane
    ),
    logged AS (
        INSERT INTO steadwork.log (at, entries, kinds, jobs) SELECT min(now), count(*), ARRAY['cancelled'], array_agg(id ORDER BY place) FROM ended, clock HAVING count(*) > 0
    )
    SELECT exclusive_key, CASE WHEN is_parent THEN id END FROM ended;
END $$;

-- Refuses those of these unique keys that a job bears.
CREATE FUNCTION steadwork.require_free(keys text[]) RETURNS void LANGUAGE plpgsql
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    now   timestamptz := steadwork.wall_clock();
    taken record;
BEGIN
    SELECT bearer.id, key INTO taken FROM unnest(keys) WITH ORDINALITY AS told (key, place), LATERAL steadwork.bearer_of(key, now) AS bearer ORDER BY place LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% %', taken.id, taken.key USING ERRCODE = 'SW003';
    END IF;
END $$;

-- Tells the ends of jobs to those that wait for them, which go on or are cancelled by it, and then sees to exclusive keys as
-- admit does. A job that has not ended is marked as one whose end has to be told. It waits for nobody: what another
-- transaction is at, what the caller's own could be at for long (space null), and what is too much for one transaction, is
-- noted for later. The children up to those of afters have been told; none where that is null. Returns the jobs whose state has changed, with that; those that are pending may run once they are due.
CREATE FUNCTION steadwork.attend(space integer, parents bigint[], afters bigint[], keys text[]) RETURNS TABLE (job bigint, state text) LANGUAGE plpgsql VOLATILE
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    now       timestamptz := steadwork.wall_clock();
    room      integer := 1000;
    turn      integer := 0;
    this      bigint;
    seen      bigint;
    attended  bigint;
    fate      text;
    one       steadwork.jobs;
    past      steadwork.history;
    is_done   boolean;
    is_free   boolean;
    cancelled bigint[] := '{}';
    restored  bigint[] := '{}';
    admitted  bigint[] := '{}';
    changes   text[] := '{}';
    lanes     integer[] := '{}';
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
        UPDATE steadwork.jobs SET is_parent = true
        WHERE id = (SELECT id FROM steadwork.jobs WHERE id = this FOR UPDATE SKIP LOCKED) AND NOT is_parent;
        CONTINUE WHEN FOUND;
        SELECT * INTO one FROM steadwork.jobs WHERE id = this FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN FOUND;
        IF EXISTS (SELECT FROM steadwork.jobs WHERE id = this) THEN
            INSERT INTO steadwork.loose_ends (parent, after) VALUES (this, seen);
            CONTINUE;
        END IF;
        SELECT history.state INTO fate FROM steadwork.history WHERE id = this;
        IF fate <> 'succeeded' THEN
            -- It may be retried, and then its end has to be told.
            UPDATE steadwork.history SET is_parent = true
            WHERE id = (SELECT id FROM steadwork.history WHERE id = this AND NOT is_parent FOR NO KEY UPDATE SKIP LOCKED);
            IF NOT FOUND AND EXISTS (SELECT FROM steadwork.history WHERE id = this AND NOT is_parent) THEN
                INSERT INTO steadwork.loose_ends (parent, after) VALUES (this, seen);
                CONTINUE;
            END IF;
        END IF;
        LOOP
            SELECT dependencies.child INTO attended FROM steadwork.dependencies
            WHERE dependencies.parent = this AND NOT done AND dependencies.child > seen ORDER BY dependencies.child LIMIT 1;
            EXIT WHEN NOT FOUND;
            IF room = 0 THEN
                INSERT INTO steadwork.loose_ends (parent, after) VALUES (this, seen);
                EXIT;
            END IF;
            room := room - 1;
            is_free := false;
            SELECT * INTO one FROM steadwork.jobs WHERE id = attended FOR UPDATE SKIP LOCKED;
            IF FOUND THEN
                is_done := fate IS NOT DISTINCT FROM 'succeeded' OR one.runs_anyway;
                IF is_done THEN
                    UPDATE steadwork.dependencies SET done = true WHERE dependencies.child = one.id AND dependencies.parent = this;
                    is_free := true;
                ELSE
                    DELETE FROM steadwork.jobs WHERE id = attended;
                    INSERT INTO steadwork.history (id, lease, worker, run_at, created_at, started_at, finished_at, timeout, lane, attempt, failures, max_attempts, priority,
                        exclusive_limit, is_parent, runs_anyway, orphaned, unique_until, expires_at, state, unique_key, exclusive_key, cancel_reason, trace_parent, tags, error, payload)
                    VALUES (one.id, one.lease, one.worker, one.run_at, one.created_at, one.started_at, now, one.timeout, one.lane, one.attempt, one.failures, one.max_attempts, one.priority,
                        one.exclusive_limit, one.is_parent, one.runs_anyway, true, one.unique_until, one.expires_at, 'cancelled', one.unique_key, one.exclusive_key,
                        format('Job %s, which it was to follow, %s.', this, CASE fate WHEN 'failed' THEN 'has failed' WHEN 'cancelled' THEN 'was cancelled' ELSE 'was deleted' END),
                        one.trace_parent, one.tags, one.error, one.payload);
                    lanes := lanes || one.lane;
                    changes := changes || 'cancel'::text;
                    cancelled := cancelled || attended;
                    IF one.is_parent THEN
                        parents := parents || attended;
                    END IF;
                    RETURN QUERY SELECT attended, 'cancelled';
                END IF;
            ELSIF EXISTS (SELECT FROM steadwork.jobs WHERE id = attended) THEN
                INSERT INTO steadwork.loose_ends (parent, after) VALUES (this, seen);
                EXIT;
            ELSE
                SELECT * INTO past FROM steadwork.history WHERE id = attended FOR UPDATE SKIP LOCKED;
                IF NOT FOUND THEN
                    IF EXISTS (SELECT FROM steadwork.history WHERE id = attended) THEN
                        INSERT INTO steadwork.loose_ends (parent, after) VALUES (this, seen);
                        EXIT;
                    END IF;
                    seen := attended;
                    CONTINUE;
                END IF;
                IF past.orphaned AND fate IS NOT DISTINCT FROM 'succeeded' AND past.unique_key IS NOT NULL AND NOT pg_try_advisory_xact_lock(hashtextextended(past.unique_key, space)) THEN
                    INSERT INTO steadwork.loose_ends (parent, after) VALUES (this, seen);
                    EXIT;
                END IF;
                IF fate IS NOT DISTINCT FROM 'succeeded' OR past.runs_anyway THEN
                    UPDATE steadwork.dependencies SET done = true WHERE dependencies.child = past.id AND dependencies.parent = this;
                END IF;
                -- What was cancelled because of this one goes on, unless another that it awaits stands ended as well, or another bears its key.
                IF past.orphaned AND fate IS NOT DISTINCT FROM 'succeeded'
                    AND NOT EXISTS (SELECT FROM steadwork.dependencies WHERE dependencies.child = past.id AND NOT done AND NOT EXISTS (SELECT FROM steadwork.jobs WHERE id = dependencies.parent))
                    AND NOT EXISTS (SELECT FROM steadwork.bearer_of(past.unique_key, now) AS bearer WHERE bearer.id <> past.id) THEN
                    DELETE FROM steadwork.history WHERE id = attended;
                    INSERT INTO steadwork.jobs (id, lease, run_at, created_at, started_at, timeout, lane, attempt, failures, max_attempts, priority, exclusive_limit, ready, blocked,
                        is_parent, runs_anyway, unique_until, expires_at, state, unique_key, exclusive_key, trace_parent, tags, error, payload)
                    VALUES (past.id, past.lease, past.run_at, past.created_at, past.started_at, past.timeout, past.lane, past.attempt, past.failures, past.max_attempts, past.priority, past.exclusive_limit, false, true,
                        past.is_parent, past.runs_anyway, past.unique_until, past.expires_at, 'waiting', past.unique_key, past.exclusive_key, past.trace_parent, past.tags, past.error, past.payload);
                    lanes := lanes || past.lane;
                    changes := changes || 'restore'::text;
                    restored := restored || attended;
                    is_free := true;
                    RETURN QUERY SELECT attended, 'waiting';
                END IF;
            END IF;
            IF is_free AND NOT EXISTS (SELECT FROM steadwork.dependencies WHERE dependencies.child = attended AND NOT done) THEN
                UPDATE steadwork.jobs
                SET blocked = false, ready = run_at <= now AND exclusive_key IS NULL,
                    state = CASE WHEN run_at <= now AND exclusive_key IS NOT NULL THEN 'waiting' ELSE 'pending' END
                WHERE id = attended RETURNING * INTO one;
                IF one.state = 'waiting' THEN
                    keys := keys || one.exclusive_key;
                ELSE
                    lanes := lanes || one.lane;
                    changes := changes || 'admit'::text;
                    RETURN QUERY SELECT attended, 'pending';
                END IF;
                admitted := admitted || attended;
            END IF;
            seen := attended;
        END LOOP;
    END LOOP;
    INSERT INTO steadwork.lane_changes (lane, waiting, pending, cancelled)
    SELECT lane, count(*) FILTER (WHERE change = 'restore') - count(*) FILTER (WHERE change <> 'restore'), count(*) FILTER (WHERE change = 'admit'),
        count(*) FILTER (WHERE change = 'cancel') - count(*) FILTER (WHERE change = 'restore')
    FROM unnest(lanes, changes) AS told (lane, change) GROUP BY lane;
    INSERT INTO steadwork.log (at, entries, kinds, jobs) SELECT now, cardinality(cancelled), ARRAY['cancelled'], cancelled WHERE cardinality(cancelled) > 0;
    INSERT INTO steadwork.log (at, entries, kinds, jobs) SELECT now, cardinality(restored), ARRAY['restored'], restored WHERE cardinality(restored) > 0;
    INSERT INTO steadwork.log (at, entries, kinds, jobs) SELECT now, cardinality(admitted), ARRAY['admitted'], admitted WHERE cardinality(admitted) > 0;
    RETURN QUERY SELECT id, 'pending' FROM steadwork.admit(space, keys) AS id;
END $$;
