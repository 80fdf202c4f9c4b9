-- A task's row with the limits of a registration (see register_worker); null: with none. PC004: what cannot be, all of it in one
-- message.
create or replace function pgconductor._read_limits(p_task pgconductor.tasks, p_limits jsonb)
returns pgconductor.tasks
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_task   pgconductor.tasks := p_task;
    v_faults text[] := '{}';
    v_name   text;
    v_rate   jsonb;
    v_number numeric;
begin
    v_task.limit_path := null;
    v_task.max_running := null;
    v_task.max_running_per_key := null;
    v_task.rate_count := null;
    v_task.rate_seconds := null;
    v_task.rate_burst := null;
    v_task.key_rate_count := null;
    v_task.key_rate_seconds := null;
    v_task.key_rate_burst := null;
    v_task.fair := false;
    if p_limits is null or jsonb_typeof(p_limits) = 'null' then
        return v_task;
    end if;
    if jsonb_typeof(p_limits) <> 'object' then
        perform pgconductor._raise('PC004', format('%s cannot be the limits of task "%s"', left(p_limits::text, 100), p_task.key),
            'Give an object: key, concurrency, concurrency_per_key, rate, rate_per_key, fair; or null for none.');
    end if;

    for v_name in select k from jsonb_object_keys(p_limits) k loop
        if v_name not in ('key', 'concurrency', 'concurrency_per_key', 'rate', 'rate_per_key', 'fair') then
            v_faults := v_faults || format('there is no limit "%s"', left(v_name, 100));
        end if;
    end loop;

    -- Where the key is: "customer.id", or an array of names when one of them has a dot.
    case jsonb_typeof(p_limits -> 'key')
        when 'string' then v_task.limit_path := string_to_array(p_limits ->> 'key', '.');
        when 'array' then v_task.limit_path := array(select jsonb_array_elements_text(p_limits -> 'key'));
        when 'null' then null;
        else
            if p_limits ? 'key' then
                v_faults := v_faults || format('key %s must be a path such as "customer.id"', left((p_limits -> 'key')::text, 100));
            end if;
    end case;
    if cardinality(v_task.limit_path) not between 1 and 20 or '' = any (v_task.limit_path) or array_position(v_task.limit_path, null) is not null then
        v_faults := v_faults || format('key %s must be 1 to 20 names joined by dots', left((p_limits -> 'key')::text, 100));
    end if;

    foreach v_name in array array['concurrency', 'concurrency_per_key'] loop
        continue when coalesce(jsonb_typeof(p_limits -> v_name), 'null') = 'null';
        v_number := case when jsonb_typeof(p_limits -> v_name) = 'number' then (p_limits ->> v_name)::numeric end;
        if v_number between 1 and 1000000 and v_number = trunc(v_number) then
            if v_name = 'concurrency' then
                v_task.max_running := v_number;
            else
                v_task.max_running_per_key := v_number;
            end if;
        else
            v_faults := v_faults || format('%s %s must be a whole number from 1 to 1000000', v_name, left((p_limits -> v_name)::text, 50));
        end if;
    end loop;

    foreach v_name in array array['rate', 'rate_per_key'] loop
        v_rate := p_limits -> v_name;
        continue when coalesce(jsonb_typeof(v_rate), 'null') = 'null';
        if (jsonb_typeof(v_rate) = 'object' and jsonb_typeof(v_rate -> 'count') = 'number' and jsonb_typeof(v_rate -> 'seconds') = 'number'
            and coalesce(jsonb_typeof(v_rate -> 'burst'), 'null') in ('number', 'null')
            and (v_rate ->> 'count')::numeric between 1 and 1000000000 and (v_rate ->> 'count')::numeric = trunc((v_rate ->> 'count')::numeric)
            and (v_rate ->> 'seconds')::numeric between 0.001 and 31557600
            and coalesce((v_rate ->> 'burst')::numeric, 1) between 1 and 1000000000
            and coalesce((v_rate ->> 'burst')::numeric, 1) = trunc(coalesce((v_rate ->> 'burst')::numeric, 1))) is not true then
            v_faults := v_faults || format(
                '%s %s must have a whole count of 1 or more, seconds from 0.001 to 31557600 (a year), and if a burst, a whole one of 1 or more', v_name, left(v_rate::text, 100));
        elsif v_name = 'rate' then
            v_task.rate_count := (v_rate ->> 'count')::numeric;
            v_task.rate_seconds := (v_rate ->> 'seconds')::double precision;
            v_task.rate_burst := coalesce((v_rate ->> 'burst')::numeric, v_task.rate_count);
        else
            v_task.key_rate_count := (v_rate ->> 'count')::numeric;
            v_task.key_rate_seconds := (v_rate ->> 'seconds')::double precision;
            v_task.key_rate_burst := coalesce((v_rate ->> 'burst')::numeric, v_task.key_rate_count);
        end if;
    end loop;

    if jsonb_typeof(p_limits -> 'fair') = 'boolean' then
        v_task.fair := (p_limits ->> 'fair')::boolean;
    elsif coalesce(jsonb_typeof(p_limits -> 'fair'), 'null') <> 'null' then
        v_faults := v_faults || format('fair %s must be true or false', left((p_limits -> 'fair')::text, 50));
    end if;

    if cardinality(v_faults) = 0 and (v_task.limit_path is null) <> (v_task.max_running_per_key is null and v_task.key_rate_count is null and not v_task.fair) then
        v_faults := v_faults || case when v_task.limit_path is null
            then 'concurrency_per_key, rate_per_key and fair need a key'
            else 'a key needs concurrency_per_key, rate_per_key or fair' end;
    end if;
    if cardinality(v_faults) > 0 then
        perform pgconductor._raise('PC004', format('the limits of task "%s" are not possible: %s', p_task.key, array_to_string(v_faults, '; ')),
            'pgconductor.register_worker says what each may be.');
    end if;
    return v_task;
end
$$;
