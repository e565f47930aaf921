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
