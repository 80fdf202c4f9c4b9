using PgConductor.Bench.Server;

namespace PgConductor.Bench.Limits;

/// <summary>A table like pgconductor.executions, its columns and indexes, outside the product: what the limits are measured on.</summary>
internal static class LimitTable
{
    public const string Name = "public.limit_rows";

    /// <summary>Makes it anew, with rows in it.</summary>
    public static async Task CreateAsync(BenchDatabase database, int rows, int payloadBytes, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync(
            $"""
            drop table if exists {Name};
            create table {Name} (like pgconductor.executions including defaults including indexes);
            """,
            cancellationToken);
        if (rows > 0)
        {
            await database.ExecuteAsync(
                $"""
                insert into {Name} (id, run_at, created_at, queue, lane, task_key, payload)
                select pgconductor.uuid_v7(), now() + n * interval '1 microsecond', now(), 'default', '', 'bench',
                    jsonb_build_object('n', n, 'fill', repeat('x', {payloadBytes - 20}))
                from generate_series(1, {rows}) n;
                analyze {Name};
                """,
                cancellationToken);
        }
    }
}
