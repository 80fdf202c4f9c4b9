-- Stores log lines of executions, for as long as their tasks keep them (tasks.keep_logs); those of tasks that keep none, or that are not
-- known, are left out. Parallel arrays, one element a line; p_levels: 0 trace, 1 debug, 2 information, 3 warning, 4 error, 5 critical;
-- p_ordinals: the order within one run. Returns how many lines were stored. Asks nothing of the execution: what it did is worth knowing
-- when it is over, or another process's by now. A repeated call stores the lines again.
-- Arrays of unequal length, or a level that is none: PC004, and nothing is stored. Locks: none that anybody waits for.
create or replace function pgconductor.append_execution_logs(
    p_execution_ids uuid[],
    p_task_keys     text[],
    p_attempts      integer[],
    p_ordinals      integer[],
    p_logged_ats    timestamptz[],
    p_levels        integer[],
    p_categories    text[],
    p_messages      text[],
    p_exceptions    text[] default null)
returns bigint
language plpgsql
set search_path = ''
as $$
declare
    v_stored bigint;
    v_now    timestamptz := pgconductor.current_time();
begin
    if coalesce(cardinality(p_execution_ids) <> any (array[cardinality(p_task_keys), cardinality(p_attempts), cardinality(p_ordinals),
            cardinality(p_logged_ats), cardinality(p_levels), cardinality(p_categories), cardinality(p_messages)]), true)
        or cardinality(p_exceptions) <> cardinality(p_execution_ids)
        or exists (select from unnest(p_levels) l where l is null or l not between 0 and 5) then
        perform pgconductor._raise('PC004', format('%s log lines of levels %s are not possible', cardinality(p_execution_ids),
                left(array(select distinct coalesce(l::text, 'null') from unnest(p_levels) l)::text, 200)),
            'Give arrays of equal length, and levels 0 (trace) to 5 (critical).');
    end if;

    insert into pgconductor.execution_logs (execution_id, expires_at, logged_at, ordinal, attempt, level, category, message, exception)
    select u.execution_id, coalesce(v_now + t.keep_logs, 'infinity'), u.logged_at, u.ordinal, u.attempt, u.level, u.category, u.message, u.exception
    from unnest(p_execution_ids, p_task_keys, p_attempts, p_ordinals, p_logged_ats, p_levels, p_categories, p_messages, p_exceptions)
        u (execution_id, task_key, attempt, ordinal, logged_at, level, category, message, exception)
    join pgconductor.tasks t on t.key = u.task_key and t.keep_logs is distinct from interval '0';
    get diagnostics v_stored = row_count;
    return v_stored;
end
$$;
