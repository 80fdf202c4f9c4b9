-- Trigger of every table that somebody is subscribed to, one for all: starts the tasks whose filters pass. Its arguments are the
-- table's name as it was subscribed to, so that partitions and renamed tables are found. The document: {"operation", "schema",
-- "table", "new": the row, "old": the row before}. Never makes the user's statement fail: see _start_subscriber.
-- Runs as its owner, because whoever changes the table needs no right to what that starts, and need not know of us. It takes
-- nothing but the row, and runs nothing of it: filters are data.
create or replace function pgconductor._table_event()
returns trigger
language plpgsql
security definer
set search_path = ''
set enable_seqscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_operation    text := lower(tg_op);
    v_subscription pgconductor.subscriptions;
    v_document     jsonb;
    v_id           uuid;
begin
    for v_subscription in
        -- Found first and sorted then ("offset 0"), as in _deliver_event.
        select x.*
        from (
            select s.*
            from pgconductor.subscriptions s
            where s.table_schema = tg_argv[0] and s.table_name = tg_argv[1] and s.operation = v_operation
            offset 0) x
        order by x.service, x.task_key, x.name
    loop
        begin
            if v_document is null then
                v_id := pgconductor.uuid_v7();
                v_document := jsonb_build_object('operation', v_operation, 'schema', tg_argv[0], 'table', tg_argv[1])
                    || case when tg_op <> 'DELETE' then jsonb_build_object('new', to_jsonb(new)) else '{}' end
                    || case when tg_op <> 'INSERT' then jsonb_build_object('old', to_jsonb(old)) else '{}' end;
            end if;
            perform pgconductor._start_subscriber(v_subscription, v_document, v_id, null, false);
        exception
            when others then
                perform pgconductor._event_failed(v_subscription, null, v_id, null, sqlstate, sqlerrm, v_document);
        end;
    end loop;
    return null;
end
$$;
