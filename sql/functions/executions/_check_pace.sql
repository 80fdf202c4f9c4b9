-- Refuses a throttle or a debounce that cannot be, with an error that names the value and its limits. p_alone false: the
-- call has a time or a dedupe key of its own.
create or replace function pgconductor._check_pace(
    p_throttle interval,
    p_debounce interval,
    p_pace_key text,
    p_edge     text,
    p_max_wait interval,
    p_alone    boolean)
returns void
language plpgsql
immutable
set search_path = ''
as $$
declare
    c_shortest constant interval := '1 millisecond';
    c_longest  constant interval := '366 days';
begin
    if p_throttle is null and p_debounce is null then
        perform pgconductor._raise('PC004', 'a pace key, an edge or a longest wait without a throttle or a debounce means nothing',
            'Give p_throttle or p_debounce.');
    end if;
    if p_throttle is not null and p_debounce is not null then
        perform pgconductor._raise('PC004', format('a throttle of %s and a debounce of %s exclude each other', p_throttle, p_debounce),
            'Give one of them.');
    end if;
    if not p_alone then
        perform pgconductor._raise('PC004', 'a throttle or a debounce decides by itself when an execution runs and how many there are',
            'Give neither p_run_at nor p_dedupe_key with it.');
    end if;
    if coalesce(p_throttle, p_debounce) not between c_shortest and c_longest then
        perform pgconductor._raise('PC004', format('a %s of %s is out of range', case when p_throttle is null then 'debounce' else 'throttle' end,
            coalesce(p_throttle, p_debounce)), format('Give %s to %s.', c_shortest, c_longest));
    end if;
    if p_edge not in ('leading', 'trailing') then
        perform pgconductor._raise('PC004', format('there is no edge "%s"', p_edge), 'Give leading or trailing.');
    end if;
    if p_pace_key = '' or octet_length(p_pace_key) > 1000 then
        perform pgconductor._raise('PC004', format('a pace key of %s bytes is not possible', octet_length(p_pace_key)),
            'A pace key is 1 to 1000 bytes long; null: the task as a whole.');
    end if;
    if p_max_wait is not null and (p_debounce is null or p_max_wait not between p_debounce and c_longest) then
        perform pgconductor._raise('PC004', format('a longest wait of %s is not possible for %s', p_max_wait,
                case when p_debounce is null then 'a throttle' else format('a debounce of %s', p_debounce) end),
            format('It belongs to a debounce, is not shorter than it, and at most %s.', c_longest));
    end if;
end
$$;
