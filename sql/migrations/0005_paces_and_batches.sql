-- Paces: throttled and debounced invokes; and batch tasks. Read docs/guides/throttle-and-debounce.md and batch-tasks.md beside it.
--
-- A pace is a row a (task, key, way of pacing), touched only by invokes that are paced; maintain() deletes those that say nothing any
-- more. A batch task differs from others in its lane: claims for it alone find its executions without looking at others.

-- Their arguments change, so they are made anew after the migrations; whatever they were, so that none is left beside them.
do $$
declare
    v_function regprocedure;
begin
    for v_function in
        select p.oid::regprocedure
        from pg_catalog.pg_proc p
        where p.pronamespace = 'pgconductor'::regnamespace and p.proname in ('invoke', 'invoke_batch', 'get_executions')
    loop
        execute format('drop function %s', v_function);
    end loop;
end
$$;

create table pgconductor.paces (
    task_key     text collate "C" not null,
    key          text collate "C" not null,
    kind         text collate "C" not null check (kind in ('throttle', 'debounce')),
    edge         text collate "C" not null check (edge in ('leading', 'trailing')),
    execution_id uuid not null,
    queue        text collate "C" not null,
    opened_at    timestamptz not null,
    closes_at    timestamptz not null,
    forget_at    timestamptz not null,
    recent       uuid[] not null default '{}',
    primary key (task_key, key, kind, edge)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
comment on table pgconductor.paces is 'Windows of throttled invokes and bursts of debounced ones: which execution stands for them, and until when.';
comment on column pgconductor.paces.key is 'Empty: the task as a whole.';
comment on column pgconductor.paces.execution_id is 'The execution that stands for the window or the burst.';
comment on column pgconductor.paces.opened_at is 'When the window or the burst began.';
comment on column pgconductor.paces.closes_at is 'When the window ends, or the burst unless another invoke comes; ''-infinity'': none has begun.';
comment on column pgconductor.paces.forget_at is 'From then on the row says nothing. In steps of ten minutes, so that a busy row is not moved in the index at every invoke.';
comment on column pgconductor.paces.recent is 'Ids of the last invokes that changed something: a repetition of one of them changes nothing.';
create index paces_forget on pgconductor.paces (forget_at);

alter table pgconductor.tasks add column batch_size integer check (batch_size between 1 and 10000);
comment on column pgconductor.tasks.batch_size is 'Its handler gets up to so many executions at once, and it has a lane of its own; null: one.';
