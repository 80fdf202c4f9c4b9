using System.Diagnostics;
using System.Globalization;
using Npgsql;
using PgConductor.Client;
using PgConductor.IntegrationTests.Support;
using PgConductor.Postgres.Servers;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.DatabaseClient;

/// <summary>Through a real PgBouncer in transaction mode, where no two statements need meet the same session.</summary>
public sealed class PoolerTests
{
    private static readonly string? _pgbouncer = new[] { "/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer" }.FirstOrDefault(File.Exists);

    [Fact]
    public async Task Everything_works_through_a_transaction_pooler()
    {
        Assert.SkipWhen(_pgbouncer is null, "PgBouncer is not installed (Debian: apt-get install pgbouncer); ./test installs it");
        await using var engine = await TestEngine.CreateAsync();
        using var pooler = await Pooler.StartAsync(_pgbouncer, engine.Database);
        var job = TaskDefinition.Create<int, int>("job", new TaskOptions { Backoff = [TimeSpan.Zero] });
        await using var one = new Conductor(new ConductorOptions { ConnectionString = pooler.ConnectionString, TransactionPooler = true });
        await using var two = new Conductor(new ConductorOptions { ConnectionString = pooler.ConnectionString, TransactionPooler = true });
        Assert.True(await one.MigrateAsync(TestEngine.Token) >= 1);
        var ran = 0;
        var tasks = new TaskCollection().Add(job, (number, context) =>
        {
            Interlocked.Increment(ref ran);
            return number % 10 == 0 && context.Attempt == 1 ? throw new InvalidOperationException("once more") : Task.FromResult(number * 2);
        });
        var first = await engine.StartAsync(tasks, conductor: one);
        var second = await engine.StartAsync(tasks, conductor: two);

        var ids = await one.InvokeManyAsync(job, Enumerable.Range(0, 1000), cancellationToken: TestEngine.Token);
        await Parallel.ForEachAsync(Enumerable.Range(0, 50), TestEngine.Token, async (number, token) => await two.InvokeAsync(job, number, cancellationToken: token));

        Assert.Equal(84, await two.GetHandle<int>(ids[42]).WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        await engine.IsDoneAsync();
        Assert.Equal(1050, await engine.CountAsync("completed_executions"));
        Assert.Equal(1155, ran);
        await first.StopAsync(TestEngine.Token);
        await second.StopAsync(TestEngine.Token);
        Assert.Equal(0, await engine.CountAsync("orchestrators"));

        // No session of the pool is left with a lock or a setting of ours.
        Assert.Equal(0, await engine.Database.ScalarAsync<long>("select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())"));
    }

    private sealed class Pooler : IDisposable
    {
        private readonly Process _process;
        private readonly string _folder;

        private Pooler(Process process, string folder, string connectionString)
        {
            _process = process;
            _folder = folder;
            ConnectionString = connectionString;
        }

        public string ConnectionString { get; }

        public static async Task<Pooler> StartAsync(string program, TestDatabase database)
        {
            var target = new NpgsqlConnectionStringBuilder(database.ConnectionString);
            var folder = Directory.CreateTempSubdirectory("pgconductor-pooler-").FullName;
            var port = FreePort.Pick();
            await File.WriteAllTextAsync(Path.Combine(folder, "users.txt"), $"\"{target.Username}\" \"{target.Password}\"\n");
            await File.WriteAllTextAsync(Path.Combine(folder, "pgbouncer.ini"), string.Create(CultureInfo.InvariantCulture, $"""
                [databases]
                {target.Database} = host={target.Host} port={target.Port} dbname={target.Database}
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = {port}
                unix_socket_dir =
                auth_type = scram-sha-256
                auth_file = {folder}/users.txt
                pool_mode = transaction
                default_pool_size = 5
                max_client_conn = 100
                """));
            if (OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess)
            {
                // It refuses to run as root.
                File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
            }

            string[] arguments = Environment.IsPrivilegedProcess ? ["-q", "-u", "nobody", $"{folder}/pgbouncer.ini"] : ["-q", $"{folder}/pgbouncer.ini"];
            var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.BeginErrorReadLine();
            target.Host = "127.0.0.1";
            target.Port = port;
            target.NoResetOnClose = true;
            target.MaxAutoPrepare = 0;
            var pooler = new Pooler(process, folder, target.ConnectionString);
            try
            {
                await pooler.AnswersAsync();
                return pooler;
            }
            catch
            {
                pooler.Dispose();
                throw;
            }
        }

        private async Task AnswersAsync()
        {
            var last = "";
            await Eventually.IsTrue(
                async () =>
                {
                    try
                    {
                        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
                        await connection.OpenAsync(TestEngine.Token);
                        return true;
                    }
                    catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
                    {
                        last = exception.Message;
                        return false;
                    }
                },
                () => $"the pooler answers; it says: {last}");
        }

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                _process.Kill();
                _process.WaitForExit();
            }

            _process.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
