-- Makes a service's declared schedules what its code says: new ones are made, changed ones changed, and those that it no longer
-- declares removed. Touches no other service's and no dynamic one. p_schedules is an array of objects:
--   key, task_key, cron (required), payload, time_zone, queue, priority, missed, tolerance_seconds, catch_up, overlap
-- (as schedule has them)
-- Errors: PC002, PC004, PC009 as schedule's: then nothing is changed. One declaration of all services at a time.
create or replace function pgconductor.declare_schedules(
    p_service   text,
    p_schedules jsonb,
    out created integer,
    out changed integer,
    out removed integer)
language plpgsql
set search_path = ''
as $$
declare
    v_schedule jsonb;
    v_effect   text;
begin
    if p_service is null or p_service = '' or octet_length(p_service) > 200 or p_service ~ '[[:cntrl:]]' then
        perform pgconductor._raise('PC004', format('"%s" cannot be a service''s name', left(coalesce(p_service, 'null'), 250)),
            'A name is 1 to 200 bytes long, without control characters.');
    end if;
    if jsonb_typeof(p_schedules) is distinct from 'array' then
        perform pgconductor._raise('PC004', format('%s is not a list of schedules', left(coalesce(p_schedules::text, 'null'), 100)),
            'Give an array of objects, each with key, task_key and cron.');
    end if;

    perform pg_advisory_xact_lock(1885823588, 4);
    created := 0;
    changed := 0;
    for v_schedule in select j from jsonb_array_elements(p_schedules) j order by j ->> 'key' loop
        v_effect := pgconductor._put_schedule(v_schedule ->> 'key', p_service, v_schedule ->> 'task_key', v_schedule ->> 'cron',
            coalesce(v_schedule -> 'payload', '{}'),
            coalesce(v_schedule ->> 'time_zone', 'UTC'), v_schedule ->> 'queue',
            coalesce((v_schedule ->> 'priority')::integer, 0), coalesce(v_schedule ->> 'missed', 'once'),
            coalesce(make_interval(secs => (v_schedule ->> 'tolerance_seconds')::double precision), interval '1 minute'),
            coalesce((v_schedule ->> 'catch_up')::integer, 100), coalesce((v_schedule ->> 'overlap')::boolean, true));
        created := created + (v_effect = 'created')::integer;
        changed := changed + (v_effect = 'changed')::integer;
    end loop;

    delete from pgconductor.schedules s
    where s.service = p_service and s.key not in (select j ->> 'key' from jsonb_array_elements(p_schedules) j);
    get diagnostics removed = row_count;
end
$$;
