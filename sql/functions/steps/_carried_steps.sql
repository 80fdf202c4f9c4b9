-- The steps that go with a claim: for each position that may have some an array as claim_executions describes it. At most
-- 4 MB of results a claim, earlier positions first; an execution whose steps do not fit gets the JSON null.
--
-- Planner: by the primary key and nothing else; a plan made for an empty table must not survive its growth.
create or replace function pgconductor._carried_steps(p_ids uuid[], p_positions smallint[], p_now timestamptz)
returns jsonb[]
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    c_most     constant bigint := 4194304;
    v_steps    jsonb[] := array_fill(null::jsonb, array[cardinality(p_ids)]);
    v_position smallint;
    v_bytes    bigint;
    v_carried  bigint := 0;
begin
    foreach v_position in array p_positions loop
        -- What a step costs besides its result.
        select sum(s.bytes + 100) into v_bytes from pgconductor.steps s where s.execution_id = p_ids[v_position];
        continue when v_bytes is null;

        if v_carried + v_bytes > c_most then
            v_steps[v_position] := 'null';
            continue;
        end if;

        v_carried := v_carried + v_bytes;
        v_steps[v_position] := (
            select jsonb_agg(jsonb_build_array(s.name, s.kind,
                case
                    when s.finished_at is null then case when s.deadline <= p_now then 'expired' else 'waiting' end
                    when s.failed then 'failed'
                    else 'done'
                end,
                s.result, (extract(epoch from s.started_at) * 1000000)::bigint, (extract(epoch from nullif(coalesce(s.finished_at, s.deadline), 'infinity')) * 1000000)::bigint,
                s.ordinal, s.child_id) order by s.ordinal)
            from pgconductor.steps s
            where s.execution_id = p_ids[v_position]);
    end loop;
    return v_steps;
end
$$;
