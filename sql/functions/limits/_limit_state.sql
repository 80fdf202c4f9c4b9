-- What one limit has left. room: how many may start now (null: as many as like to). opens_at: when the next may (now: at once;
-- 'infinity': when a slot is given back). tokens: what the bucket has now (null: no rate). A limit without a row has all of it.
create or replace function pgconductor._limit_state(
    p_most        integer,
    p_count       integer,
    p_seconds     double precision,
    p_burst       integer,
    p_running     integer,
    p_tokens      double precision,
    p_refilled_at timestamptz,
    p_now         timestamptz,
    out room      integer,
    out opens_at  timestamptz,
    out tokens    double precision)
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
    -- Sums of fractions: what is this near to a whole token is one.
    c_near constant double precision := 1e-9;
begin
    opens_at := p_now;
    if p_count is not null then
        tokens := least(p_burst, coalesce(p_tokens, p_burst)
            + greatest(extract(epoch from p_now - coalesce(p_refilled_at, p_now)), 0) * p_count / p_seconds);
        room := greatest(floor(tokens + c_near), 0)::integer;
        if room = 0 then
            -- Rounded up: a microsecond too early would find the token not whole.
            opens_at := p_now + make_interval(secs => (1 - tokens) * p_seconds / p_count) + interval '1 microsecond';
        end if;
    end if;
    if p_most is not null then
        room := least(room, greatest(p_most - coalesce(p_running, 0), 0));
        if coalesce(p_running, 0) >= p_most then
            opens_at := 'infinity';
        end if;
    end if;
end
$$;
