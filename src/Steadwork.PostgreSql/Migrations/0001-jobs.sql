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

-- The queues and types none of whose jobs is claimed.
CREATE TABLE steadwork.pauses (
    scope text        NOT NULL CHECK (scope IN ('queue', 'type')),
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
    lane          integer     NOT NULL,
    attempt       integer     NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    failures      integer     NOT NULL DEFAULT 0 CHECK (failures >= 0),
    max_attempts  integer     NOT NULL CHECK (max_attempts >= 1),
    priority      smallint    NOT NULL CHECK (priority BETWEEN 1 AND 1000),
    exclusive_limit smallint  NOT NULL DEFAULT 1 CHECK (exclusive_limit >= 1),
    slot          smallint    CHECK (slot BETWEEN 1 AND exclusive_limit),
    ready         boolean     NOT NULL,
    alone         boolean     NOT NULL DEFAULT false,
    unique_kept   boolean     NOT NULL DEFAULT false,
    state         text        NOT NULL CHECK (state IN ('pending', 'waiting', 'running')),
    unique_key    text,
    exclusive_key text,
    cancel_reason text,
    trace_parent  text,
    tags          jsonb,
    error         text,
    payload       text        NOT NULL,
    CHECK (NOT ready OR state = 'pending'),
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
-- What a worker holds: recovery, cancellation.
CREATE INDEX jobs_held ON steadwork.jobs (worker) WHERE state = 'running';
CREATE UNIQUE INDEX jobs_unique ON steadwork.jobs (unique_key) WHERE unique_key IS NOT NULL;
-- At most one job has each place of an exclusive key, from when it comes to its turn until it ends: the place goes with the
-- very row.
CREATE UNIQUE INDEX jobs_slots ON steadwork.jobs (exclusive_key, slot) WHERE slot IS NOT NULL;
-- Those that wait behind their exclusive key, the next one first.
CREATE INDEX jobs_behind ON steadwork.jobs (exclusive_key, priority, id) WHERE exclusive_key IS NOT NULL AND state = 'waiting';

-- Exclusive keys of which a place may have come free while nobody could see to it; the next claim does.
CREATE TABLE steadwork.loose_keys (
    key text NOT NULL
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
    lane          integer     NOT NULL,
    attempt       integer     NOT NULL,
    failures      integer     NOT NULL,
    max_attempts  integer     NOT NULL,
    priority      smallint    NOT NULL,
    exclusive_limit smallint  NOT NULL,
    unique_kept   boolean     NOT NULL,
    state         text        NOT NULL CHECK (state IN ('succeeded', 'failed', 'cancelled')),
    unique_key    text,
    exclusive_key text,
    cancel_reason text,
    trace_parent  text,
    tags          jsonb,
    error         text,
    payload       text        NOT NULL,
    result        text
);
-- Dead letters and cancelled jobs are few among many that ended well, and are what people look for.
CREATE INDEX history_dead ON steadwork.history (state, id) WHERE state IN ('failed', 'cancelled');
CREATE INDEX history_kept_keys ON steadwork.history (unique_key) WHERE unique_kept AND unique_key IS NOT NULL;

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

-- Append-only. Every transition of a job is written here in its own transaction, those of one statement as one row of
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
-- transaction on each of these is known to have been rolled back.
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
            INSERT INTO steadwork.loose_keys VALUES (this);
            CONTINUE;
        END IF;
        LOOP
            SELECT id, lane, exclusive_limit, xmin = pg_current_xact_id()::xid AS arrived INTO next
            FROM steadwork.jobs WHERE exclusive_key = this AND exclusive_key IS NOT NULL AND state = 'waiting' ORDER BY priority, id LIMIT 1;
            EXIT WHEN NOT FOUND;
            SELECT coalesce(array_agg(slot), '{}') INTO taken FROM steadwork.jobs WHERE exclusive_key = this AND slot IS NOT NULL;
            EXIT WHEN cardinality(taken) >= next.exclusive_limit;
            PERFORM FROM steadwork.jobs WHERE id = next.id AND state = 'waiting' FOR UPDATE SKIP LOCKED;
            IF NOT FOUND THEN
                INSERT INTO steadwork.loose_keys VALUES (this);
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
