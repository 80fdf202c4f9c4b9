using Npgsql;
using PgConductor.Postgres.Processes;
using PgConductor.Postgres;
using Xunit;

namespace PgConductor.IntegrationTests.Postgres;

public sealed class LocalPostgresTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_starts_and_answers_with_its_documented_set_up()
    {
        await using LocalPostgres server = await LocalPostgres.StartAsync(ct: Ct);

        Assert.True(server.IsOwner);
        Assert.True(server.MajorVersion >= LocalPostgres.OldestSupportedMajor);
        Assert.Equal(server.MajorVersion, await Ask<int>(server, "select current_setting('server_version_num')::int / 10000"));
        Assert.Equal(server.Port, await Ask<int>(server, "select inet_server_port()"));
        Assert.Equal(server.DataDirectory, await Ask<string>(server, "show data_directory"));
        Assert.Equal(
            "127.0.0.1||UTF8|UTC|200|256MB|4GB|on|on|C|C.UTF-8",
            await Ask<string>(
                server,
                """
                select concat_ws('|', current_setting('listen_addresses'), current_setting('unix_socket_directories'), current_setting('server_encoding'),
                  current_setting('timezone'), current_setting('max_connections'), current_setting('shared_buffers'), current_setting('max_wal_size'),
                  current_setting('fsync'), current_setting('synchronous_commit'), current_setting('lc_messages'), datcollate)
                from pg_database where datname = current_database()
                """
            )
        );
        Assert.True(File.Exists(server.LogFile));
        Assert.True(File.Exists(Path.Combine(server.BinDirectory, "postgres")));
    }

    [Theory]
    [InlineData("", "No password has been provided")]
    [InlineData("guess", "28P01")]
    public async Task A_client_without_the_password_is_refused(string password, string reason)
    {
        await using LocalPostgres server = await LocalPostgres.StartAsync(ct: Ct);
        var stranger = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = password, Pooling = false };

        var error = await Assert.ThrowsAnyAsync<NpgsqlException>(() => Sql.Ask<int>(stranger.ConnectionString, "select 1"));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_server_never_runs_as_root()
    {
        await using LocalPostgres server = await LocalPostgres.StartAsync(ct: Ct);

        ProcessIdentity postmaster = ServerProcess.Of(server);

        Assert.NotEqual("0", ServerProcess.UserId(postmaster.Pid));
    }

    [Fact]
    public async Task Stopping_ends_the_server_and_removes_its_temporary_folder()
    {
        LocalPostgres server = await LocalPostgres.StartAsync(ct: Ct);
        ProcessIdentity postmaster = ServerProcess.Of(server);
        string folder = Path.GetDirectoryName(server.DataDirectory)!;
        Assert.Equal(1, await Ask<int>(server, "select 1"));

        await Task.WhenAll(server.StopAsync(Ct), server.StopAsync(Ct), server.DisposeAsync().AsTask());

        Assert.False(postmaster.IsAlive());
        Assert.False(Directory.Exists(folder));

        // Whoever else starts a server at this moment looks through the folders, by their names.
        await Eventually.IsTrue(() => ServerProcess.Mentioning(folder).Length == 0, "no process is left");
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_clients_that_stay_connected()
    {
        LocalPostgres server = await LocalPostgres.StartAsync(ct: Ct);
        await using var client = new NpgsqlConnection(server.ConnectionString);
        await client.OpenAsync(Ct);
        await using var command = new NpgsqlCommand("select pg_sleep(600)", client);
        Task sleeping = command.ExecuteNonQueryAsync(Ct);

        await server.StopAsync(Ct).WaitAsync(TimeSpan.FromSeconds(60), Ct);

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => sleeping);
    }

    [Fact]
    public async Task Several_servers_start_at_once_and_do_not_meet()
    {
        LocalPostgres[] servers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => LocalPostgres.StartAsync(ct: Ct)));
        try
        {
            Assert.Equal(4, servers.Select(server => server.Port).Distinct().Count());
            foreach (LocalPostgres server in servers)
            {
                Assert.Equal(server.DataDirectory, await Ask<string>(server, "show data_directory"));
            }
        }
        finally
        {
            await Task.WhenAll(servers.Select(server => server.StopAsync(CancellationToken.None)));
        }
    }

    [Fact]
    public async Task Settings_of_the_caller_are_in_force()
    {
        var options = new LocalPostgresOptions
        {
            Settings = new Dictionary<string, string> { ["fsync"] = "off", ["max_connections"] = "17", ["log_line_prefix"] = "%m 'it''s' \"$HOME\" " },
        };
        await using LocalPostgres server = await LocalPostgres.StartAsync(options, ct: Ct);

        Assert.Equal("off", await Ask<string>(server, "show fsync"));
        Assert.Equal("17", await Ask<string>(server, "show max_connections"));
        Assert.Equal("%m 'it''s' \"$HOME\" ", await Ask<string>(server, "show log_line_prefix"));
    }

    [Fact]
    public async Task A_folder_without_programs_is_a_typed_error()
    {
        var error = await Assert.ThrowsAsync<LocalPostgresException>(() => LocalPostgres.StartAsync(new() { BinDirectory = "/usr/share" }, ct: Ct));

        Assert.Equal(LocalPostgresErrors.BinariesNotFound, error.Code);
        Assert.Contains("BinDirectory is '/usr/share', where initdb, pg_ctl, postgres cannot be found", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_refuses_to_start_is_a_typed_error_with_its_log_and_leaves_nothing()
    {
        using var folder = new TestFolder();
        var options = new LocalPostgresOptions { Directory = folder.At("cluster"), Settings = new Dictionary<string, string> { ["shared_buffers"] = "many" } };

        var error = await Assert.ThrowsAsync<LocalPostgresException>(() => LocalPostgres.StartAsync(options, ct: Ct));

        Assert.Equal(LocalPostgresErrors.StartFailed, error.Code);
        Assert.Contains("invalid value for parameter \"shared_buffers\": \"many\"", error.Message, StringComparison.Ordinal);
        Assert.Empty(ServerProcess.Mentioning(folder.Root));
    }

    [Fact]
    public async Task A_start_that_takes_too_long_is_a_typed_error_and_leaves_nothing()
    {
        using var folder = new TestFolder();
        var options = new LocalPostgresOptions { Directory = folder.At("cluster"), StartTimeout = TimeSpan.FromMilliseconds(30) };

        var error = await Assert.ThrowsAsync<LocalPostgresException>(() => LocalPostgres.StartAsync(options, ct: Ct));

        Assert.Equal(LocalPostgresErrors.StartTimeout, error.Code);
        Assert.Contains("StartTimeout (0", error.Message, StringComparison.Ordinal);
        Assert.Empty(ServerProcess.Mentioning(folder.Root));
        Assert.False(Directory.Exists(folder.At("cluster/data")));
    }

    [Fact]
    public async Task A_start_that_is_cancelled_leaves_nothing()
    {
        using var folder = new TestFolder();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        Task<LocalPostgres> start = LocalPostgres.StartAsync(new() { Directory = folder.At("cluster") }, ct: cancel.Token);
        await Eventually.IsTrue(() => Directory.Exists(folder.At("cluster/data.new")), "initdb runs");

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
        Assert.Empty(ServerProcess.Mentioning(folder.Root));
    }

    [Fact]
    public async Task A_connection_without_an_address_is_a_local_server_that_ends_with_it()
    {
        PostgresConnection connection = await PostgresConnection.ResolveAsync(null, _ => null, null, null, Ct);
        ProcessIdentity postmaster = ServerProcess.Of(connection.Server!);
        Assert.Equal((PostgresConnectionSource.Embedded, true), (connection.Source, connection.IsEmbedded));
        Assert.Equal(1, await Sql.Ask<int>(connection.ConnectionString, "select 1"));
        Assert.Equal($"127.0.0.1:{connection.Server!.Port}/postgres as postgres", connection.Description);

        await connection.DisposeAsync();

        Assert.False(postmaster.IsAlive());
    }

    private static Task<T> Ask<T>(LocalPostgres server, string sql) => Sql.Ask<T>(server.ConnectionString, sql);
}
