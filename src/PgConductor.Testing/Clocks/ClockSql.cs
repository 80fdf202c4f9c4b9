namespace PgConductor.Testing.Clocks;

/// <summary>What makes a database's clock movable: a table of one instant, and <c>pgconductor.current_time()</c> that reads it.</summary>
/// <remarks>
/// In databases of tests only. A setting would reach only the sessions that it was made in; a row is seen by the next
/// statement of every session, of pools, of Entity Framework, of psql. The setting pgconductor.fake_now is given to the
/// database all the same: with it invoke_batch spaces nothing by a microsecond, which a clock that stands still never reaches.
/// </remarks>
internal static class ClockSql
{
    /// <summary>Where the clock of a template stands.</summary>
    public const string DefaultStart = "2030-01-02T03:04:05Z";

    /// <summary>For the template. Its history gets the partitions of the days around the clock, or each host would make them.</summary>
    public const string Install = $"""
        create schema pgconductor_testing;
        create table pgconductor_testing.clock (at timestamptz not null);
        create unique index one_row on pgconductor_testing.clock ((true));
        insert into pgconductor_testing.clock (at) values ('{DefaultStart}');
        grant usage on schema pgconductor_testing to public;
        grant select on pgconductor_testing.clock to public;
        create or replace function pgconductor.current_time()
        returns timestamptz
        language plpgsql
        stable
        parallel safe
        set search_path = ''
        as $$
        begin
            return coalesce((select c.at from pgconductor_testing.clock c), clock_timestamp());
        end
        $$;
        select pgconductor.maintain();
        """;

    /// <summary>For a new database whose clock is to stand elsewhere: at $1.</summary>
    public const string Start = "update pgconductor_testing.clock set at = $1";

    /// <summary>$1: the instant. $2: orchestrators that have crashed; all others beat with the move, or a long one would be their death.</summary>
    public const string Move = """
        with clock as (
            update pgconductor_testing.clock c set at = $1
            from pgconductor_testing.clock before
            returning $1 - before.at as passed
        )
        update pgconductor.orchestrators o set last_heartbeat_at = o.last_heartbeat_at + clock.passed
        from clock
        where o.id <> all ($2)
        """;
}
