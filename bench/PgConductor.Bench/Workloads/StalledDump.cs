using System.ComponentModel;
using System.Diagnostics;
using Npgsql;
using PgConductor.Bench.Server;

namespace PgConductor.Bench.Workloads;

/// <summary>A real pg_dump whose output nobody reads on: as over a slow line, it holds its snapshot and a lock on every table for as long.</summary>
internal sealed class StalledDump : IAsyncDisposable
{
    private static readonly TimeSpan _holdsWithin = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private StalledDump(Process process) => _process = process;

    public static async Task<StalledDump> StartAsync(BenchDatabase database, CancellationToken cancellationToken)
    {
        // More than the pipe and the connection take in.
        await database.ExecuteAsync(
            "create table if not exists public.horizon_ballast as select repeat(md5(n::text), 100) as text from generate_series(1, 20000) n", cancellationToken);
        var dump = new StalledDump(Start(new NpgsqlConnectionStringBuilder(database.ConnectionString)));
        try
        {
            await dump.UntilItHoldsAsync(database, cancellationToken);
            return dump;
        }
        catch
        {
            await dump.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static Process Start(NpgsqlConnectionStringBuilder connection)
    {
        var start = new ProcessStartInfo("pg_dump") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PGHOST"] = connection.Host;
        start.Environment["PGPORT"] = connection.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        start.Environment["PGUSER"] = connection.Username;
        start.Environment["PGPASSWORD"] = connection.Password;
        start.Environment["PGDATABASE"] = connection.Database;
        try
        {
            return Process.Start(start) ?? throw new BenchException("pg_dump did not start.");
        }
        catch (Win32Exception exception)
        {
            throw new BenchException($"pg_dump cannot be started: {exception.Message}. --holder dump needs it in the PATH (Debian: postgresql-client).");
        }
    }

    private async Task UntilItHoldsAsync(BenchDatabase database, CancellationToken cancellationToken)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < _holdsWithin; await Task.Delay(20, cancellationToken))
        {
            await using var command = database.DataSource.CreateCommand(
                "select from pg_stat_activity where datname = current_database() and application_name = 'pg_dump' and backend_xmin is not null");
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            if (await reader.ReadAsync(cancellationToken))
            {
                return;
            }

            if (_process.HasExited)
            {
                throw new BenchException($"pg_dump ended: {await _process.StandardError.ReadToEndAsync(cancellationToken)}");
            }
        }

        throw new BenchException($"pg_dump took no snapshot within {_holdsWithin.TotalSeconds} s.");
    }
}
