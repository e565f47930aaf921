-- How many jobs may begin within a time: starts within period. What is counted are most within within, told apart by grain, both in
-- milliseconds.
CREATE TABLE steadwork.limits (
    scope  text        NOT NULL CHECK (scope IN ('queue', 'type', 'key')),
    name   text        NOT NULL,
    starts integer     NOT NULL CHECK (starts >= 1),
    period bigint      NOT NULL CHECK (period >= 1),
    smooth boolean     NOT NULL,
    most   integer     NOT NULL CHECK (most >= 1),
    within bigint      NOT NULL CHECK (within >= 1),
    grain  bigint      NOT NULL CHECK (grain >= 1),
    since  timestamptz NOT NULL,
    by     text        NOT NULL,
    PRIMARY KEY (scope, name)
);

-- What has begun and counts until a time. The name is that of the key itself where the limit is one of many keys.
CREATE TABLE steadwork.limit_uses (
    scope  text        NOT NULL,
    name   text        NOT NULL,
    until  timestamptz NOT NULL,
    starts bigint      NOT NULL,
    PRIMARY KEY (scope, name, until)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX limit_uses_over ON steadwork.limit_uses (until);

-- The exclusive keys behind which somebody waits for a limit alone, by the time at which they are looked at again.
CREATE TABLE steadwork.held_keys (
    key   text        PRIMARY KEY,
    until timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX held_keys_over ON steadwork.held_keys (until);

-- The circuit breakers; times in milliseconds. Half-open, until is when others are let through in the place of those of which
-- nothing is heard.
CREATE TABLE steadwork.breakers (
    name          text        PRIMARY KEY,
    failure_ratio text        NOT NULL,
    window_time   bigint      NOT NULL,
    minimum_calls integer     NOT NULL,
    break_time    bigint      NOT NULL,
    probes        integer     NOT NULL,
    state         text        NOT NULL CHECK (state IN ('closed', 'open', 'half-open')),
    since         timestamptz NOT NULL,
    until         timestamptz,
    let_through   integer     NOT NULL DEFAULT 0,
    passed        integer     NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- Which job types depend on which.
CREATE TABLE steadwork.breaker_types (
    type    text NOT NULL,
    breaker text NOT NULL,
    PRIMARY KEY (type, breaker)
);

-- The calls of a breaker's window, by the worker that made them, so that workers do not wait for each other. A segment takes the
-- place of the one that has left the window.
CREATE TABLE steadwork.breaker_calls (
    breaker text    NOT NULL,
    worker  bigint  NOT NULL,
    place   integer NOT NULL,
    segment bigint  NOT NULL,
    calls   bigint  NOT NULL,
    failed  bigint  NOT NULL,
    PRIMARY KEY (breaker, worker, place)
) WITH (fillfactor = 50);

-- Whether there has ever been any of it: while there has not, nothing has to be held, or counted.
CREATE SEQUENCE steadwork.gating;
CREATE FUNCTION steadwork.note_gating() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM nextval('steadwork.gating');
    RETURN NULL;
END $$;
CREATE TRIGGER limits_gate AFTER INSERT ON steadwork.limits FOR EACH STATEMENT EXECUTE FUNCTION steadwork.note_gating();
CREATE TRIGGER breakers_gate AFTER INSERT ON steadwork.breakers FOR EACH STATEMENT EXECUTE FUNCTION steadwork.note_gating();

-- Holds what a claim has to count at, until its transaction ends: two claims that did not see each other would let too many
-- through. In a statement of its own, before the one that counts. In one order, so that two claims do not wait for each other.
CREATE FUNCTION steadwork.hold_gates(queues text[], types text[]) RETURNS void LANGUAGE plpgsql VOLATILE
    SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM FROM steadwork.limits WHERE (scope = 'queue' AND name = ANY (queues)) OR (scope = 'type' AND name = ANY (types)) ORDER BY scope, name FOR UPDATE;
    PERFORM FROM steadwork.breakers WHERE name IN (SELECT breaker FROM steadwork.breaker_types WHERE type = ANY (types)) AND state <> 'closed' ORDER BY name FOR UPDATE;
END $$;

-- Until when something that begins at a time counts.
CREATE FUNCTION steadwork.counts_until(at timestamptz, within bigint, grain bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT to_timestamp(((round(extract(epoch FROM at) * 1000)::bigint + within + grain - 1) / grain * grain)::double precision / 1000)
$$;

-- Until when anything counts at the most that counts at a time (see RateLimit.Latest and GateClock).
CREATE FUNCTION steadwork.latest_use(at timestamptz, within bigint, grain bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT steadwork.counts_until(at + interval '1 second', within, grain)
$$;

-- Whether the time of a breaker has come (see Circuit and GateClock).
CREATE FUNCTION steadwork.is_over(until timestamptz, break_time bigint, at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT until <= at OR until > at + break_time * interval '1 millisecond' + interval '1 second'
$$;

-- What the jobs of a lane have to pass, and how many of them may at a time.
CREATE FUNCTION steadwork.gates(queues text[], types text[], at timestamptz) RETURNS TABLE (lane integer, kind text, name text, most bigint) LANGUAGE sql STABLE AS $$
    SELECT lanes.id, scope, limits.name,
        greatest(0, limits.most - (SELECT coalesce(sum(starts), 0) FROM steadwork.limit_uses AS used WHERE used.scope = limits.scope AND used.name = limits.name
            AND until > at AND until <= steadwork.latest_use(at, within, grain)))::bigint
    FROM steadwork.limits JOIN steadwork.lanes ON limits.name = CASE scope WHEN 'queue' THEN queue WHEN 'type' THEN type END
    WHERE queue = ANY (queues) AND type = ANY (types)
    UNION ALL
    SELECT lanes.id, 'breaker', breakers.name, CASE WHEN steadwork.is_over(until, break_time, at) THEN probes WHEN state = 'open' THEN 0 ELSE greatest(0, probes - let_through) END::bigint
    FROM steadwork.breakers JOIN steadwork.breaker_types ON breaker = breakers.name JOIN steadwork.lanes USING (type)
    WHERE state <> 'closed' AND queue = ANY (queues) AND type = ANY (types)
$$;

-- The number of the segment of a breaker's window that a time is in.
CREATE FUNCTION steadwork.segment_at(at timestamptz, window_time bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT round(extract(epoch FROM at) * 1000)::bigint / (window_time / 10)
$$;

-- The limit that counts for an exclusive key: its own, or else the longest of those that end in * and fit.
CREATE FUNCTION steadwork.limit_of(key text) RETURNS SETOF steadwork.limits LANGUAGE sql STABLE AS $$
    SELECT * FROM steadwork.limits
    WHERE scope = 'key' AND (name = key OR (right(name, 1) = '*' AND starts_with(key, left(name, -1))))
    ORDER BY name = key DESC, length(name) DESC LIMIT 1
$$;

-- One more that bears an exclusive key begins. A few of the uses that count no more are forgotten each time: so they are never many.
CREATE FUNCTION steadwork.count_key(key text) RETURNS void LANGUAGE plpgsql VOLATILE
    SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    at timestamptz := steadwork.wall_clock();
BEGIN
    INSERT INTO steadwork.limit_uses (scope, name, until, starts) SELECT 'key', key, steadwork.counts_until(at, within, grain), 1 FROM steadwork.limit_of(key)
    ON CONFLICT (scope, name, until) DO UPDATE SET starts = limit_uses.starts + excluded.starts;
    DELETE FROM steadwork.limit_uses WHERE ctid = ANY (ARRAY(SELECT ctid FROM steadwork.limit_uses WHERE until <= at ORDER BY until LIMIT 10 FOR UPDATE SKIP LOCKED));
END $$;

-- Whether the limit of an exclusive key lets one more job come to its turn, which counts then; if not, the key is looked at again
-- when it may. One transaction at a time for a key.
CREATE FUNCTION steadwork.lets_through(key text) RETURNS boolean LANGUAGE plpgsql VOLATILE
    SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    at   timestamptz := steadwork.wall_clock();
    rule steadwork.limits;
    used bigint;
    back timestamptz;
BEGIN
    IF pg_sequence_last_value('steadwork.gating') IS NULL THEN
        RETURN true;
    END IF;
    SELECT * INTO rule FROM steadwork.limit_of(lets_through.key);
    IF NOT FOUND THEN
        RETURN true;
    END IF;
    SELECT coalesce(sum(starts), 0), min(until) INTO used, back FROM steadwork.limit_uses WHERE scope = 'key' AND name = lets_through.key
        AND until > at AND until <= steadwork.latest_use(at, rule.within, rule.grain);
    IF used < rule.most THEN
        PERFORM steadwork.count_key(lets_through.key);
        RETURN true;
    END IF;
    INSERT INTO steadwork.held_keys (key, until) VALUES (lets_through.key, back) ON CONFLICT (key) DO UPDATE SET until = excluded.until;
    RETURN false;
END $$;
