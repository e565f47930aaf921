-- A lane is the jobs of one type in one queue that require the same of a worker: none but workers that have all these tags look
-- into it. The tags are parted by commas and in order, so that one set has one lane. One is made before its first job, and shown from that job on.
CREATE TABLE steadwork.lanes (
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue     text    NOT NULL,
    type      text    NOT NULL,
    requires  text    NOT NULL,
    used      boolean NOT NULL DEFAULT false,
    pending   bigint  NOT NULL DEFAULT 0,
    waiting   bigint  NOT NULL DEFAULT 0,
    running   bigint  NOT NULL DEFAULT 0,
    succeeded bigint  NOT NULL DEFAULT 0,
    failed    bigint  NOT NULL DEFAULT 0,
    cancelled bigint  NOT NULL DEFAULT 0,
    UNIQUE (queue, type, requires)
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

-- The queues and types none of whose jobs is claimed, and the schedules that do not tick.
CREATE TABLE steadwork.pauses (
    scope text        NOT NULL CHECK (scope IN ('queue', 'type', 'schedule')),
    name  text        NOT NULL,
    since timestamptz NOT NULL,
    by    text        NOT NULL,
    PRIMARY KEY (scope, name)
);
