using System.Globalization;
using System.Text;
using Npgsql;
using PgConductor.Client;

namespace PgConductor.Testing.Assertions;

/// <summary>Looks at what a host's database has left to do, by its clock.</summary>
/// <remarks>One statement sees waiting and running at the same instant, so that nothing hides between them. Thread-safe.</remarks>
internal sealed class WorkLook(NpgsqlDataSource source, Conductor conductor, Func<HashSet<string>> servedTasks, Action closeBatches)
{
    private const string IsDoneSql = """
        select not exists (select from pgconductor.leases)
            and not exists (select from pgconductor.oldest_due())
            and not exists (
                select from pgconductor.schedules s where not s.paused and s.fault is null and s.look_at <= pgconductor.current_time())
        """;

    private const string NextDueSql = """
        select least(
            (select min(e.run_at) from pgconductor.executions e where e.run_at > pgconductor.current_time() and e.run_at < 'infinity'),
            (select min(s.look_at) from pgconductor.schedules s
             where not s.paused and s.look_at > pgconductor.current_time() and s.look_at < 'infinity'),
            (select min(pgconductor._window_change(t.week_open, t.time_zone, pgconductor.current_time())) from pgconductor.tasks t
             where not t.paused and t.week_open is not null
                 and not pgconductor._window_open(t.week_open, t.time_zone, pgconductor.current_time())
                 and exists (select from pgconductor.executions e where e.task_key = t.key and e.run_at <= pgconductor.current_time())))
        """;

    private const string DueSchedulesSql =
        "select s.key, s.task_key from pgconductor.schedules s where not s.paused and s.fault is null and s.look_at <= pgconductor.current_time() order by s.look_at limit 10";

    private const int Listed = 10;

    private static readonly ExecutionState[] _unfinished = [ExecutionState.Running, ExecutionState.Ready];

    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMilliseconds(20);

    public async Task WaitUntilDoneAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        for (var pause = _firstPause; !await IsDoneAsync(cancellationToken).ConfigureAwait(false); pause = pause * 2 < _longestPause ? pause * 2 : _longestPause)
        {
            // Whoever drains expects no more, so no batch is to wait for it.
            closeBatches();
            if (TimeProvider.System.GetElapsedTime(start) >= timeout)
            {
                throw new ConductorAssertionException(await DescribeAsync(timeout, cancellationToken).ConfigureAwait(false));
            }

            await Task.Delay(pause, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task<DateTimeOffset?> NextDueAsync(CancellationToken cancellationToken) =>
        await ScalarAsync(NextDueSql, cancellationToken).ConfigureAwait(false) is DateTime next ? new DateTimeOffset(next, TimeSpan.Zero) : null;

    private async Task<bool> IsDoneAsync(CancellationToken cancellationToken) => await ScalarAsync(IsDoneSql, cancellationToken).ConfigureAwait(false) is true;

    private async Task<object?> ScalarAsync(string sql, CancellationToken cancellationToken)
    {
        var command = source.CreateCommand(sql);
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<string> DescribeAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Not drained within {timeout.TotalSeconds:0.###} s:");
        var served = servedTasks();
        foreach (var state in _unfinished)
        {
            var found = await conductor.ListAsync(new ExecutionQuery { State = state, Limit = Listed + 1 }, cancellationToken).ConfigureAwait(false);
            foreach (var execution in found.Take(Listed))
            {
                text.AppendLine().Append("  ").Append(Descriptions.Of(execution));
                if (!served.Contains(execution.TaskKey))
                {
                    text.Append("; no live process of this host runs this task");
                }
            }

            if (found.Count > Listed)
            {
                text.AppendLine().Append(CultureInfo.InvariantCulture, $"  and more that are {Descriptions.Name(state)}");
            }
        }

        var command = source.CreateCommand(DueSchedulesSql);
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    text.AppendLine().Append(CultureInfo.InvariantCulture, $"  schedule \"{reader.GetString(0)}\" of task \"{reader.GetString(1)}\": due, and no process has looked at it");
                }
            }
        }

        return text.ToString();
    }
}
