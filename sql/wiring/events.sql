-- Delivery at commit: after everything else the transaction does, so that what it waits for is short.
drop trigger if exists events_deliver on pgconductor.events;
create constraint trigger events_deliver
    after insert on pgconductor.events
    deferrable initially deferred
    for each row execute function pgconductor._deliver_at_commit();
