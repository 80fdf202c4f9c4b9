-- Starts the task of one subscription, if the document passes its filter. Never fails: what goes wrong is written down, and
-- whoever emits goes on. The execution's id follows from the event's, so an event that is delivered again starts nothing.
create or replace function pgconductor._start_subscriber(
    p_subscription pgconductor.subscriptions,
    p_document     jsonb,
    p_event_id     uuid,
    p_trace_parent text,
    p_repeated     boolean)
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_payload jsonb := p_document;
    v_columns text[] := p_subscription.columns;
    v_missing text;
begin
    if p_subscription.operation = 'update' and v_columns is not null and not exists (
        select from unnest(v_columns) c where p_document #> array['new', c] is distinct from p_document #> array['old', c]) then
        return;
    end if;
    if not pgconductor._event_matches(p_subscription.filter, p_document) then
        return;
    end if;

    if v_columns is not null then
        select c into v_missing from unnest(v_columns) c where not coalesce(p_document -> 'new', p_document -> 'old') ? c limit 1;
        if found then
            perform pgconductor._raise('PC004', format('table %I.%I has no column "%s" any more', p_subscription.table_schema,
                p_subscription.table_name, v_missing), 'Change the subscription''s columns.');
        end if;
        select jsonb_object_agg(d.key, case when d.key in ('new', 'old') then
            (select jsonb_object_agg(c, d.value -> c) from unnest(v_columns) c) else d.value end)
        into v_payload
        from jsonb_each(p_document) d;
    elsif p_subscription.fields is not null then
        if jsonb_typeof(p_document) <> 'object' then
            perform pgconductor._raise('PC004', format('the payload is no object, so it has no field "%s"', p_subscription.fields[1]),
                'Emit an object, or subscribe without fields.');
        end if;
        select coalesce(jsonb_object_agg(d.key, d.value), '{}') into v_payload
        from jsonb_each(p_document) d
        where d.key = any (p_subscription.fields);
    end if;

    perform pgconductor.invoke(p_subscription.task_key, v_payload, p_trace_parent => p_trace_parent, p_repeated => p_repeated,
        p_id => pgconductor._subscriber_id(p_event_id, p_subscription.service, p_subscription.task_key, p_subscription.name));
exception
    when others then
        perform pgconductor._event_failed(p_subscription, null, p_event_id, p_subscription.event_key, sqlstate, sqlerrm, p_document);
end
$$;
