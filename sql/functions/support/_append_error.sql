-- An execution's failures with one more: its attempt and instant added, the last ten kept.
create or replace function pgconductor._append_error(p_errors jsonb, p_error jsonb, p_attempt integer, p_at timestamptz)
returns jsonb
language sql
immutable
parallel safe
set search_path = ''
as $$
    select case when jsonb_array_length(coalesce(p_errors, '[]')) >= 10 then p_errors - 0 else coalesce(p_errors, '[]') end
        || jsonb_build_array(coalesce(p_error, '{}') || jsonb_build_object('attempt', p_attempt, 'at', p_at))
$$;
