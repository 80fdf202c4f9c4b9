-- Trigger: delivers what a transaction has emitted when it commits. Never makes the commit fail: what cannot be delivered now is
-- left for the next heartbeat, which a process is told to make at once. So is what was emitted with a snapshot of the
-- whole transaction (repeatable read, serializable): that would not show what is waited for since.
-- Runs as its owner, because whoever emits needs no right to what that starts and wakes. It takes nothing but the new row, and runs
-- nothing of it: filters are data.
create or replace function pgconductor._deliver_at_commit()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_orchestrator uuid;
begin
    if current_setting('transaction_isolation') in ('read committed', 'read uncommitted') then
        begin
            perform pgconductor._deliver_event(new.id, new.key, new.payload, new.trace_parent, new.repeated);
            delete from pgconductor.events e where e.id = new.id;
            return null;
        exception
            when others then
                raise log 'pgconductor: event % could not be delivered at commit: %', new.id, sqlerrm;
        end;
    end if;

    update pgconductor.events e set left_over = true where e.id = new.id;
    select o.id into v_orchestrator from pgconductor.orchestrators o order by o.last_heartbeat_at desc limit 1;
    if found then
        perform pg_notify(pgconductor.orchestrator_channel(v_orchestrator), 'signal');
    end if;
    return null;
end
$$;
