-- In all files the schema is written as steadwork; a store in another schema has its name put in there.

CREATE TABLE steadwork.meta (
    name  text PRIMARY KEY,
    value text NOT NULL
);

INSERT INTO steadwork.meta (name, value) VALUES ('store-id', substr(md5(random()::text || clock_timestamp()::text), 1, 16));

-- What holds for the whole store, with who has set it when.
CREATE TABLE steadwork.settings (
    name  text PRIMARY KEY,
    value text        NOT NULL,
    by    text        NOT NULL,
    since timestamptz NOT NULL
);

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
-- that are refused again and again must not keep that lock from whoever waits for the last of those. One expression, which
-- the server puts into the statement that calls it: each enqueue and each claim does.
CREATE FUNCTION steadwork.refuse_retired() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the store is retired' USING ERRCODE = 'SW001';
END $$;
CREATE FUNCTION steadwork.require_service(space integer) RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN pg_sequence_last_value('steadwork.service') IS NOT NULL
        OR pg_advisory_xact_lock_shared(space, 0) IS NULL
        OR pg_sequence_last_value('steadwork.service') IS NOT NULL THEN steadwork.refuse_retired() END
$$;
