-- When the row of a pace says nothing any more: ten to twenty minutes after its window, so that a repetition of a call whose
-- reply was lost still finds it.
create or replace function pgconductor._forget_pace_at(p_closes_at timestamptz)
returns timestamptz
language plpgsql
immutable
set search_path = ''
as $$
begin
    return date_bin('10 minutes', p_closes_at, timestamptz '2000-01-01 00:00:00+00') + interval '20 minutes';
end
$$;
