using System.Globalization;
using System.Text;
using Npgsql;
using PgConductor.Client;

namespace PgConductor.Testing.Assertions;

/// <summary>Looks at what a host's database has left to do, by its clock.</summary>
/// <remarks>One statement sees waiting and running at the same instant, so that nothing hides between them. Thread-safe.</remarks>
internal sealed class WorkLook(NpgsqlDataSource source, Conductor conductor, Func<HashSet<string>> servedTasks, Action closeBatches)
{
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
        await ScalarAsync(WorkSql.NextDue, cancellationToken).ConfigureAwait(false) is DateTime next ? new DateTimeOffset(next, TimeSpan.Zero) : null;

    private async Task<bool> IsDoneAsync(CancellationToken cancellationToken) => await ScalarAsync(WorkSql.IsDone, cancellationToken).ConfigureAwait(false) is true;

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

        var command = source.CreateCommand(WorkSql.DueSchedules);
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
