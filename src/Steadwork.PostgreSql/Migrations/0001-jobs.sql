CREATE SEQUENCE steadwork.job_ids;
-- Only grows, over all jobs: the fence of a claim.
CREATE SEQUENCE steadwork.leases;

-- The jobs that have not ended: small and hot, deleted when they end, so that it stays as small as what is left to do.
-- What must hold of each row here, in history and in attempts stands as constraints in the tests' schemas alone: the server reads
-- each constraint anew for every statement, which cost a lone job a fifth of its insert and an eighth of its claim (see docs/decisions/0028).
CREATE TABLE steadwork.jobs (
    id            bigint      PRIMARY KEY,
    lease         bigint      NOT NULL DEFAULT 0,
    worker        bigint,
    batch         bigint,
    run_at        timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    started_at    timestamptz,
    timeout       bigint,
    unique_until  timestamptz,
    expires_at    timestamptz,
    lane          integer     NOT NULL,
    attempt       integer     NOT NULL DEFAULT 0,
    failures      integer     NOT NULL DEFAULT 0,
    max_attempts  integer     NOT NULL,
    priority      smallint    NOT NULL,
    exclusive_limit smallint  NOT NULL DEFAULT 1,
    slot          smallint,
    ready         boolean     NOT NULL,
    blocked       boolean     NOT NULL DEFAULT false,
    is_parent     boolean     NOT NULL DEFAULT false,
    runs_anyway   boolean     NOT NULL DEFAULT false,
    alone         boolean     NOT NULL DEFAULT false,
    state         text        NOT NULL,
    unique_key    text,
    exclusive_key text,
    cancel_reason text,
    trace_parent  text,
    tags          jsonb,
    error         text,
    payload       text        NOT NULL
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
-- The jobs of a batch.
CREATE INDEX jobs_batch ON steadwork.jobs (batch, id) WHERE batch IS NOT NULL;
CREATE UNIQUE INDEX jobs_unique ON steadwork.jobs (unique_key) WHERE unique_key IS NOT NULL;
-- At most one job has each place of an exclusive key, from when it comes to its turn until it ends: the place goes with the
-- very row.
CREATE UNIQUE INDEX jobs_slots ON steadwork.jobs (exclusive_key, slot) WHERE slot IS NOT NULL;
-- Those that wait behind their exclusive key, the next one first.
CREATE INDEX jobs_behind ON steadwork.jobs (exclusive_key, priority, id) WHERE exclusive_key IS NOT NULL AND state = 'waiting' AND NOT blocked;

-- Which job comes after which others, and for which of those it need wait no more. A batch that a job follows stands here, and
-- in notes, as a parent, with its number negated. A row stays when its parent is gone: what
-- did not succeed must not be taken for done.
CREATE TABLE steadwork.dependencies (
    child  bigint  NOT NULL,
    parent bigint  NOT NULL,
    done   boolean NOT NULL DEFAULT false,
    PRIMARY KEY (child, parent)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX dependencies_awaited ON steadwork.dependencies (parent, child) WHERE NOT done;

-- What nobody could see to at once, and the next claim does: exclusive keys of which a place may have come free, and jobs that
-- may have ended with others waiting for them, of these the ones after a child that has been told.
CREATE TABLE steadwork.loose_ends (
    key    text,
    parent bigint,
    after  bigint,
    CHECK ((key IS NULL) = (parent IS NOT NULL AND after IS NOT NULL))
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);

-- The jobs that have ended: only appended to, until they are retried, deleted or pruned. What is pruned is the oldest, and so
-- whole pages, which are used again once a vacuum has passed: sooner than after a fifth of all, as it would be by default.
CREATE TABLE steadwork.history (
    id            bigint      PRIMARY KEY,
    lease         bigint      NOT NULL,
    worker        bigint,
    batch         bigint,
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
    state         text        NOT NULL,
    unique_key    text,
    exclusive_key text,
    cancel_reason text,
    trace_parent  text,
    tags          jsonb,
    error         text,
    payload       text        NOT NULL,
    result        text
) WITH (autovacuum_vacuum_scale_factor = 0.05);
-- Dead letters and cancelled jobs are few among many that ended well, and are what people look for.
CREATE INDEX history_dead ON steadwork.history (state, id) WHERE state IN ('failed', 'cancelled');
CREATE INDEX history_batch ON steadwork.history (batch, id) WHERE batch IS NOT NULL;
-- Those whose unique key stays taken after their end. When their time is over there is nothing to do.
CREATE INDEX history_keys ON steadwork.history (unique_key, unique_until, id) WHERE unique_key IS NOT NULL AND unique_until IS NOT NULL;

-- The job that bears a unique key at a time; nobody else can take it as long as the key's lock is held. After a clock that was
-- set back there can be several that have ended.
CREATE FUNCTION steadwork.bearer_of(wanted text, at timestamptz) RETURNS TABLE (id bigint, state text, lane integer) LANGUAGE sql STABLE AS $$
    SELECT id, state, lane FROM steadwork.jobs WHERE unique_key = wanted
    UNION ALL
    (SELECT id, state, lane FROM steadwork.history WHERE unique_key = wanted AND unique_until > at ORDER BY unique_until DESC, id DESC LIMIT 1)
    LIMIT 1
$$;

-- Attempts that did not succeed. A successful or running one is read from the job itself, which spares a row for each job.
CREATE TABLE steadwork.attempts (
    job         bigint      NOT NULL,
    attempt     integer     NOT NULL,
    worker      bigint      NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    outcome     text        NOT NULL,
    error       text,
    result      text,
    PRIMARY KEY (job, attempt)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE steadwork.workers (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text        NOT NULL,
    host        text        NOT NULL,
    process     integer     NOT NULL,
    queues      text[]      NOT NULL,
    types       text[]      NOT NULL,
    tags        text[]      NOT NULL,
    rule        text        NOT NULL,
    started_at  timestamptz NOT NULL,
    lease       interval    NOT NULL,
    lease_until timestamptz NOT NULL
) WITH (fillfactor = 50);
