-- Refuses what a subscription cannot be (PC004), with an error that names it; see register_subscriptions.
create or replace function pgconductor._check_subscription(p_subscription jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_owner   text := format('subscription "%s" of task "%s"', left(p_subscription ->> 'name', 400), left(p_subscription ->> 'task_key', 200));
    v_fault   text;
    v_missing text;
begin
    if jsonb_typeof(p_subscription) is distinct from 'object' then
        perform pgconductor._raise('PC004', format('%s is not a subscription', left(coalesce(p_subscription::text, 'null'), 100)), 'Give an object.');
    end if;

    v_fault := case
        when coalesce(p_subscription ->> 'task_key', '') in ('', '?') or octet_length(p_subscription ->> 'task_key') > 200 then
            'its task_key is not 1 to 200 bytes'
        when coalesce(p_subscription ->> 'name', '') = '' or octet_length(p_subscription ->> 'name') > 400 then 'its name is not 1 to 400 bytes'
        when (p_subscription ? 'event') = (p_subscription ? 'table') then 'it needs either an event or a table'
        when p_subscription ? 'fields' and (jsonb_typeof(p_subscription -> 'fields') <> 'array' or p_subscription -> 'fields' = '[]'
            or p_subscription ? 'table') then 'its fields are not a list of names of an event''s fields'
        when p_subscription ? 'columns' and (jsonb_typeof(p_subscription -> 'columns') <> 'array' or p_subscription -> 'columns' = '[]'
            or p_subscription ? 'event') then 'its columns are not a list of names of a table''s columns'
        when p_subscription ? 'table' and coalesce(p_subscription ->> 'operation', '') not in ('insert', 'update', 'delete') then
            format('its operation "%s" is none of insert, update, delete', p_subscription ->> 'operation')
    end;
    if v_fault is not null then
        perform pgconductor._raise('PC004', format('%s is not possible: %s', v_owner, v_fault), 'pgconductor.register_subscriptions says what a subscription is.');
    end if;

    perform pgconductor._check_filter(p_subscription -> 'filter', v_owner);
    if p_subscription ? 'event' then
        perform pgconductor._check_event_key(p_subscription ->> 'event');
    elsif p_subscription ? 'columns' then
        select c into v_missing
        from jsonb_array_elements_text(p_subscription -> 'columns') c
        where not exists (
            select from pg_catalog.pg_attribute a
            where a.attrelid = to_regclass(format('%I.%I', coalesce(p_subscription ->> 'schema', 'public'), p_subscription ->> 'table'))
                and a.attname = c and a.attnum > 0 and not a.attisdropped)
        limit 1;
        if found then
            perform pgconductor._raise('PC004', format('%s: table "%s" has no column "%s"', v_owner, p_subscription ->> 'table', v_missing),
                'Correct the name: names are case-sensitive and not quoted.');
        end if;
    end if;
end
$$;
