-- The number of a batch of the log. The transaction gets its own id first, by which others see that it is running: a number
-- without one would look like a number that nobody will ever write.
CREATE SEQUENCE steadwork.log_batches;
CREATE FUNCTION steadwork.next_batch() RETURNS bigint LANGUAGE sql VOLATILE
    AS $$ SELECT CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('steadwork.log_batches') END $$;

-- Only appended to, and pruned from its oldest entries on. Every transition of a job is written here in its own transaction,
-- those of one statement as one row of arrays: a row each would cost as much as the transitions themselves. kinds has one word
-- for all entries, or one each. Rows stay whole as long as they fit a page, and are
-- not compressed when they do not: that costs more than it spares.
CREATE TABLE steadwork.log (
    batch   bigint      PRIMARY KEY DEFAULT steadwork.next_batch(),
    at      timestamptz NOT NULL,
    entries integer     NOT NULL,
    kinds   text[]      NOT NULL,
    worker  bigint,
    jobs    bigint[],
    leases  bigint[],
    data    text[]
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.1, toast_tuple_target = 8160);
ALTER TABLE steadwork.log ALTER COLUMN jobs SET STORAGE EXTERNAL, ALTER COLUMN leases SET STORAGE EXTERNAL;

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
) WITH (autovacuum_vacuum_scale_factor = 0.05);
