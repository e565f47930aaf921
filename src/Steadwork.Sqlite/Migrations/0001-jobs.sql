-- Facts about the store itself, and counters that must never go back.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES ('store-id', lower(hex(randomblob(8)))), ('lease', 0);

-- A lane is the jobs of one type in one queue that require the same of a worker: none but workers that have all these tags look
-- into it. The tags are parted by commas and in order, so that one set has one lane. Its counts are kept by every transition, so that no statistic ever
-- scans; `ready` counts the pending ones that are due, so that a claim looks only into lanes that have something for it. `has_ready` says whether
-- there are any: an index by the count itself would be written anew at each change of it, a page more for every commit.
CREATE TABLE lanes (
    id        INTEGER PRIMARY KEY,
    queue     TEXT    NOT NULL,
    type      TEXT    NOT NULL,
    requires  TEXT    NOT NULL,
    has_ready INTEGER NOT NULL DEFAULT 0,
    ready     INTEGER NOT NULL DEFAULT 0,
    pending   INTEGER NOT NULL DEFAULT 0,
    waiting   INTEGER NOT NULL DEFAULT 0,
    running   INTEGER NOT NULL DEFAULT 0,
    succeeded INTEGER NOT NULL DEFAULT 0,
    failed    INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    UNIQUE (queue, type, requires),
    CHECK (ready BETWEEN 0 AND pending),
    CHECK (min(waiting, running, succeeded, failed, cancelled) >= 0)
);
CREATE INDEX lanes_ready ON lanes (id) WHERE has_ready = 1;

-- What is known of a queue besides its jobs.
CREATE TABLE queues (
    name       TEXT PRIMARY KEY,
    definition TEXT NOT NULL
) WITHOUT ROWID;

-- What enqueues a job at each tick. next_at is null when there is none any more.
CREATE TABLE schedules (
    name      TEXT PRIMARY KEY,
    timing    TEXT    NOT NULL,
    settings  TEXT    NOT NULL,
    payload   TEXT    NOT NULL,
    program   TEXT,
    version   TEXT    NOT NULL,
    by        TEXT    NOT NULL,
    revision  INTEGER NOT NULL,
    anchor    INTEGER NOT NULL,
    next_at   INTEGER,
    last_tick INTEGER,
    last_job  INTEGER
) WITHOUT ROWID;
CREATE INDEX schedules_next ON schedules (next_at) WHERE next_at IS NOT NULL;

-- The queues and types none of whose jobs is claimed, and the schedules that do not tick.
CREATE TABLE pauses (
    scope TEXT    NOT NULL CHECK (scope IN ('queue', 'type', 'schedule')),
    name  TEXT    NOT NULL,
    since INTEGER NOT NULL,
    by    TEXT    NOT NULL,
    PRIMARY KEY (scope, name)
) WITHOUT ROWID;

-- How many jobs may begin within a time: starts within period. What is counted are most within within, told apart by grain.
CREATE TABLE limits (
    scope  TEXT    NOT NULL CHECK (scope IN ('queue', 'type', 'key')),
    name   TEXT    NOT NULL,
    starts INTEGER NOT NULL CHECK (starts >= 1),
    period INTEGER NOT NULL CHECK (period >= 1),
    smooth INTEGER NOT NULL CHECK (smooth IN (0, 1)),
    most   INTEGER NOT NULL CHECK (most >= 1),
    within INTEGER NOT NULL CHECK (within >= 1),
    grain  INTEGER NOT NULL CHECK (grain >= 1),
    since  INTEGER NOT NULL,
    by     TEXT    NOT NULL,
    PRIMARY KEY (scope, name)
) WITHOUT ROWID;

-- What has begun and counts until a time. The name is that of the key itself where the limit is one of many keys.
CREATE TABLE limit_uses (
    scope  TEXT    NOT NULL,
    name   TEXT    NOT NULL,
    until  INTEGER NOT NULL,
    starts INTEGER NOT NULL,
    PRIMARY KEY (scope, name, until)
) WITHOUT ROWID;
CREATE INDEX limit_uses_over ON limit_uses (until);

-- The exclusive keys behind which somebody waits for a limit alone, by the time at which they are looked at again.
CREATE TABLE held_keys (
    key   TEXT    PRIMARY KEY,
    until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX held_keys_over ON held_keys (until);

-- The circuit breakers. Half-open, until is when others are let through in the place of those of which nothing is heard.
CREATE TABLE breakers (
    name          TEXT    PRIMARY KEY,
    failure_ratio TEXT    NOT NULL,
    window_time   INTEGER NOT NULL,
    minimum_calls INTEGER NOT NULL,
    break_time    INTEGER NOT NULL,
    probes        INTEGER NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('closed', 'open', 'half-open')),
    since         INTEGER NOT NULL,
    until         INTEGER,
    let_through   INTEGER NOT NULL DEFAULT 0,
    passed        INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Which job types depend on which.
CREATE TABLE breaker_types (
    type    TEXT NOT NULL,
    breaker TEXT NOT NULL,
    PRIMARY KEY (type, breaker)
) WITHOUT ROWID;

-- The calls of a breaker's window, by the worker that made them. A segment takes the place of the one that has left the window.
CREATE TABLE breaker_calls (
    breaker TEXT    NOT NULL,
    worker  INTEGER NOT NULL,
    place   INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    calls   INTEGER NOT NULL,
    failed  INTEGER NOT NULL,
    PRIMARY KEY (breaker, worker, place)
) WITHOUT ROWID;

-- What holds for the whole store, with who has set it when.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT    NOT NULL,
    by    TEXT    NOT NULL,
    since INTEGER NOT NULL
) WITHOUT ROWID;

-- Small and hot columns first: a claim never reads past them into a long payload.
-- AUTOINCREMENT, because the id of a deleted job must not come back as another job's.
CREATE TABLE jobs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    lane          INTEGER NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('pending', 'waiting', 'running', 'succeeded', 'failed', 'cancelled')),
    ready         INTEGER NOT NULL CHECK (ready IN (0, 1)),
    blocked       INTEGER NOT NULL DEFAULT 0 CHECK (blocked IN (0, 1)),
    priority      INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 1000),
    attempt       INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    failures      INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    max_attempts  INTEGER NOT NULL CHECK (max_attempts >= 1),
    alone         INTEGER NOT NULL DEFAULT 0 CHECK (alone IN (0, 1)),
    lease         INTEGER NOT NULL DEFAULT 0,
    worker        INTEGER,
    run_at        INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    started_at    INTEGER,
    finished_at   INTEGER,
    timeout       INTEGER,
    unique_until  INTEGER,
    expires_at    INTEGER,
    unique_key    TEXT,
    exclusive_key TEXT,
    exclusive_limit INTEGER NOT NULL DEFAULT 1 CHECK (exclusive_limit >= 1),
    slot          INTEGER CHECK (slot BETWEEN 1 AND exclusive_limit),
    is_parent     INTEGER NOT NULL DEFAULT 0 CHECK (is_parent IN (0, 1)),
    runs_anyway   INTEGER NOT NULL DEFAULT 0 CHECK (runs_anyway IN (0, 1)),
    orphaned      INTEGER NOT NULL DEFAULT 0 CHECK (orphaned IN (0, 1)),
    batch         INTEGER,
    cancel_reason TEXT,
    trace_parent  TEXT,
    tags          TEXT,
    error         TEXT,
    payload       TEXT    NOT NULL,
    result        TEXT,
    CHECK (ready = 0 OR state = 'pending'),
    CHECK (blocked = 0 OR state = 'waiting'),
    CHECK (orphaned = 0 OR state = 'cancelled'),
    CHECK (slot IS NULL OR (exclusive_key IS NOT NULL AND state IN ('pending', 'running'))),
    CHECK (exclusive_key IS NULL OR slot IS NOT NULL OR (ready = 0 AND state <> 'running')),
    CHECK (state <> 'running' OR (lease > 0 AND worker IS NOT NULL)),
    CHECK ((finished_at IS NOT NULL) = (state IN ('succeeded', 'failed', 'cancelled')))
);

-- Claims: the head of a lane by priority, then by age (the row id ends every index entry).
CREATE INDEX jobs_ready ON jobs (lane, priority) WHERE ready = 1;
-- Delayed jobs, by the time at which they join their line.
CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 'pending' AND ready = 0;
-- Jobs that are not worth running unless they are begun in time, by the time at which they are cancelled.
CREATE INDEX jobs_expiring ON jobs (expires_at) WHERE expires_at IS NOT NULL AND state IN ('pending', 'waiting');
-- What a worker holds: recovery, cancellation.
CREATE INDEX jobs_held ON jobs (worker) WHERE state = 'running';
-- Dead letters and cancelled jobs are few among many that ended well, and are what people look for.
CREATE INDEX jobs_dead ON jobs (state) WHERE state IN ('failed', 'cancelled');
-- A unique key is given back by the very change of state that ends its job: there is nothing to leak. The time until which it
-- stays taken is the last millisecond of all for one that is taken as long as its job is kept.
CREATE UNIQUE INDEX jobs_unique ON jobs (unique_key)
    WHERE unique_key IS NOT NULL AND (unique_until = 253402300799999 OR state IN ('pending', 'waiting', 'running'));
-- Ended jobs whose key stays taken for a time. When that is over there is nothing to do. Only what holds the write lock may
-- trust it: another job can take the key as soon as it is free.
CREATE INDEX jobs_unique_until ON jobs (unique_key, unique_until)
    WHERE unique_until < 253402300799999 AND state IN ('succeeded', 'failed', 'cancelled');

-- The jobs of a batch.
CREATE INDEX jobs_batch ON jobs (batch) WHERE batch IS NOT NULL;

-- At most one job has each place of an exclusive key, from when it comes to its turn until it ends: the place goes with the
-- very change that ends it.
CREATE UNIQUE INDEX jobs_slots ON jobs (exclusive_key, slot) WHERE slot IS NOT NULL;
-- Those that wait behind their exclusive key, the next one first.
CREATE INDEX jobs_behind ON jobs (exclusive_key, priority) WHERE state = 'waiting' AND blocked = 0;

-- Jobs that were enqueued as one. Their counts are kept like those of lanes; what has ended and is pruned stays in them. Those of the
-- jobs that were deleted before they had succeeded are counted apart.
CREATE TABLE batches (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT,
    open       INTEGER NOT NULL CHECK (open IN (0, 1)),
    created_at INTEGER NOT NULL,
    ended_at   INTEGER,
    follower   INTEGER,
    pending    INTEGER NOT NULL DEFAULT 0,
    waiting    INTEGER NOT NULL DEFAULT 0,
    running    INTEGER NOT NULL DEFAULT 0,
    succeeded  INTEGER NOT NULL DEFAULT 0,
    failed     INTEGER NOT NULL DEFAULT 0,
    cancelled  INTEGER NOT NULL DEFAULT 0,
    deleted    INTEGER NOT NULL DEFAULT 0,
    CHECK (ended_at IS NULL OR open = 0),
    CHECK (min(pending, waiting, running, succeeded, failed, cancelled, deleted) >= 0)
);

-- Which job comes after which others, and for which of those it need wait no more. A batch that a job follows stands there as a parent,
-- with its number negated. A row stays when its parent is gone: what
-- did not succeed must not be taken for done.
CREATE TABLE dependencies (
    child  INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    parent INTEGER NOT NULL,
    done   INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
    PRIMARY KEY (child, parent)
) WITHOUT ROWID;
CREATE INDEX dependencies_awaited ON dependencies (parent, child) WHERE done = 0;

-- Ended jobs with more children than one transaction should tell of it; the claims that follow do, from the child after.
CREATE TABLE loose_parents (
    parent INTEGER NOT NULL,
    after  INTEGER NOT NULL,
    PRIMARY KEY (parent, after)
) WITHOUT ROWID;

-- Attempts that did not succeed. A successful or running one is read from the job itself, which spares a row for each job.
CREATE TABLE attempts (
    job         INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    attempt     INTEGER NOT NULL,
    worker      INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    outcome     TEXT    NOT NULL CHECK (outcome IN ('failed', 'crashed', 'cancelled', 'snoozed', 'released')),
    error       TEXT,
    result      TEXT,
    PRIMARY KEY (job, attempt)
) WITHOUT ROWID;

-- lease_until is on the monotonic clock of the boot that boot_id names: a stepped wall clock steals no lease.
CREATE TABLE workers (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT    NOT NULL,
    host        TEXT    NOT NULL,
    process     INTEGER NOT NULL,
    boot_id     TEXT    NOT NULL,
    queues      TEXT    NOT NULL,
    types       TEXT    NOT NULL,
    tags        TEXT    NOT NULL,
    rule        TEXT    NOT NULL,
    started_at  INTEGER NOT NULL,
    lease       INTEGER NOT NULL,
    lease_until INTEGER NOT NULL
);

-- Only appended to, and pruned from its oldest entries on. Every transition of a job is written here in its own transaction; those
-- that follow each other, of one kind, time and worker, as one row, whose position is that of the last of them. jobs is a JSON array
-- of an element for each: the job, or [job, lease]; null where the entry is about no job.
-- AUTOINCREMENT, because the position of an entry that is gone must not come back as another's.
CREATE TABLE log (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    entries  INTEGER NOT NULL CHECK (entries >= 1),
    at       INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    jobs     TEXT,
    worker   INTEGER,
    data     TEXT,
    CHECK (entries = 1 OR data IS NULL)
);
