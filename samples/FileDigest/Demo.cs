using System.Diagnostics;
using System.Globalization;
using Npgsql;
using PgConductor;
using PgConductor.Client;
using Spectre.Console;

namespace FileDigest;

/// <summary>The demonstration: enqueue, two workers, one killed half-way, everything checked.</summary>
internal sealed class Demo(Conductor conductor, string connection, string folder)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>Returns whether every file has exactly one accepted, right result.</summary>
    public async Task<bool> RunAsync()
    {
        await conductor.MigrateAsync();
        var files = FileList.Below(folder);
        if (files.Length == 0)
        {
            AnsiConsole.MarkupLineInterpolated($"[red]There is no readable file below {folder}.[/]");
            return false;
        }

        AnsiConsole.MarkupLineInterpolated($"[bold]{files.Length}[/] files below [bold]{folder}[/]: one execution each");
        var ids = await conductor.InvokeManyAsync(DigestTask.Definition, files.Select(path => new FileToDigest(path)));
        AnsiConsole.MarkupLineInterpolated($"enqueued in one statement after {Seconds()}; starting two worker processes");

        using var doomed = WorkerProcess.Start(connection);
        using var survivor = WorkerProcess.Start(connection);
        await ProcessAsync(files.Length, doomed);
        await survivor.StopAsync();
        var elapsed = _clock.Elapsed;

        AnsiConsole.MarkupLine("checking every digest against sha256sum");
        return await CheckAsync(files, ids, elapsed);
    }

    private async Task ProcessAsync(int total, WorkerProcess doomed)
    {
        await AnsiConsole.Progress().AutoClear(false).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn()).StartAsync(async progress =>
        {
            var bar = progress.AddTask("digesting", maxValue: total);
            var killed = false;
            while (true)
            {
                var finished = (await conductor.CountAsync(taskKey: DigestTask.Definition.Key))
                    .Where(count => count.State is ExecutionState.Completed or ExecutionState.Failed or ExecutionState.Cancelled)
                    .Sum(count => count.Count);
                bar.Value = finished;
                if (!killed && finished >= total / 2)
                {
                    doomed.Kill();
                    killed = true;
                    AnsiConsole.MarkupLineInterpolated($"[yellow]killed worker process {doomed.Id} with SIGKILL after {Seconds()}, {finished} files done[/]");
                }

                if (finished >= total && killed)
                {
                    return;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(100));
            }
        });
    }

    private async Task<bool> CheckAsync(string[] files, IReadOnlyList<Guid> ids, TimeSpan elapsed)
    {
        var results = new Digest?[files.Length];
        var attempts = new int[files.Length];
        await Parallel.ForAsync(0, files.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, token) =>
        {
            var info = await conductor.GetAsync(ids[i], token);
            attempts[i] = info?.Attempts ?? 0;
            results[i] = info is { State: ExecutionState.Completed } ? await conductor.GetHandle<Digest>(ids[i]).WaitAsync(cancellationToken: token) : null;
        });
        var accepted = await CountAcceptedAsync(ids);
        var expected = await Sha256Sum.OfAsync(files);

        var missing = results.Count(result => result is null);
        var wrong = 0;
        for (var i = 0; i < files.Length; i++)
        {
            if (results[i] is { } result && expected.GetValueOrDefault(files[i]) != result.Sha256)
            {
                wrong++;
                AnsiConsole.MarkupLineInterpolated($"[red]{files[i]}: {result.Sha256}, sha256sum says {expected.GetValueOrDefault(files[i]) ?? "nothing"}[/]");
            }
        }

        var repeated = attempts.Count(count => count > 1);
        var right = missing == 0 && wrong == 0 && accepted == files.Length;
        Show(results, elapsed, repeated, accepted, missing, wrong);
        AnsiConsole.MarkupLine(right
            ? "[green]Every file has exactly one accepted result, and every digest agrees with sha256sum.[/]"
            : "[red]The check failed.[/]");
        return right;
    }

    /// <summary>Rows of the history for our executions: one each, or something was accepted twice.</summary>
    private async Task<long> CountAcceptedAsync(IReadOnlyList<Guid> ids)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand("select count(*) from pgconductor.all_executions where state = 'completed' and id = any ($1)");
        command.Parameters.Add(new NpgsqlParameter { Value = ids.ToArray() });
        return await command.ExecuteScalarAsync() is long count ? count : 0;
    }

    private static void Show(Digest?[] results, TimeSpan elapsed, int repeated, long accepted, int missing, int wrong)
    {
        var bytes = results.Sum(result => result?.Size ?? 0);
        var gzip = results.Sum(result => result?.GzipSize ?? 0);
        var table = new Table().AddColumn("what").AddColumn(new TableColumn("figure").RightAligned());
        table.AddRow("files", Number(results.Length));
        table.AddRow("accepted results", Number(accepted));
        table.AddRow("without a result", Number(missing));
        table.AddRow("digests that differ from sha256sum", Number(wrong));
        table.AddRow("started again after the kill", Number(repeated));
        table.AddRow("bytes read", Number(bytes));
        table.AddRow("bytes gzipped", bytes == 0 ? "0" : string.Create(CultureInfo.InvariantCulture, $"{gzip:N0} ({100.0 * gzip / bytes:F1} %)"));
        table.AddRow("time, start to last result", string.Create(CultureInfo.InvariantCulture, $"{elapsed.TotalSeconds:F1} s"));
        AnsiConsole.Write(table);
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private string Seconds() => string.Create(CultureInfo.InvariantCulture, $"{_clock.Elapsed.TotalSeconds:F1} s");
}
