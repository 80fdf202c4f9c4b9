using System.Text.Json;
using Npgsql;
using PgConductor.Cli.Diagnosis;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.CliTests.Commands;

public sealed class DoctorTests
{
    [Fact]
    public async Task It_names_what_is_wrong_and_the_remedy()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("insert into pgconductor.failed_executions (id, expires_at, created_at, finished_at, priority, attempts, queue, task_key, reason) values (gen_random_uuid(), 'infinity', now(), now(), 0, 1, 'default', 'broken', 'x')");
        await database.ExecuteAsync("select pgconductor.register_orchestrator(gen_random_uuid(), 'gone', '1', 1)");
        await database.ExecuteAsync("update pgconductor.orchestrators set last_heartbeat_at = now() - interval '5 minutes'");
        await database.ExecuteAsync("select pgconductor._make_day('failed_executions', (now() at time zone 'UTC')::date - 3)");
        (await Cli.Run(database.ConnectionString, "invoke", "t")).Expect(0);

        var result = await Cli.Run(database.ConnectionString, "doctor", "--json");

        // The tests' server may have fsync off, which is an error in itself.
        var document = result.Document;
        Assert.Equal(document.GetProperty("status").GetString() == "error" ? 1 : 0, result.ExitCode);
        var checks = document.GetProperty("checks").EnumerateArray().ToLookup(check => check.GetProperty("check").GetString(), check => check);
        Assert.Equal("ok", Status(checks["connection"].Single()));
        Assert.Equal("ok", Status(checks["server"].Single()));
        Assert.Equal("ok", Status(checks["schema"].Single()));
        Assert.Contains("1 of task broken", Message(Assert.Single(checks["dead letters"])), StringComparison.Ordinal);
        Assert.Contains("gone", Message(Assert.Single(checks["orchestrators"])), StringComparison.Ordinal);
        Assert.Contains("default: 1 ready", Message(checks["queue"].Single()), StringComparison.Ordinal);
        Assert.Contains("nobody serves it", Message(checks["queue"].Single()), StringComparison.Ordinal);
        Assert.Contains("failed_executions: 1 partitions are overdue", Message(Assert.Single(checks["history"], check => Status(check) == "error")), StringComparison.Ordinal);
        Assert.All(document.GetProperty("checks").EnumerateArray(), check => Assert.Equal(Status(check) == "ok", check.GetProperty("remedy").ValueKind == JsonValueKind.Null));
        (await Cli.Run(database.ConnectionString, "doctor", "--strict")).Expect(1);

        static string? Status(JsonElement check) => check.GetProperty("status").GetString();
        static string Message(JsonElement check) => check.GetProperty("message").GetString()!;
    }

    [Fact]
    public async Task A_held_transaction_is_found_with_its_process()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var holder = await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await holder.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (var command = new NpgsqlCommand("select pg_current_xact_id()", holder, transaction))
        {
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await using var conductor = database.NewConductor();
        var held = Assert.Single(await conductor.GetHeldHorizonAsync(TimeSpan.Zero, TestContext.Current.CancellationToken), item => item.ProcessId == holder.ProcessID);
        Assert.Equal("idle in transaction", held.State);
    }

    [Fact]
    public async Task An_empty_database_and_one_that_is_away_have_their_codes()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();

        Assert.Contains("pgconductor migrate", (await Cli.Run(database.ConnectionString, "doctor")).Expect(1).Out, StringComparison.Ordinal);
        Assert.Equal("error", (await Cli.Run("Host=127.0.0.1;Port=1;Username=x", "doctor", "--json")).Expect(3).Document.GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("fsync", "off", "Error")]
    [InlineData("autovacuum", "off", "Error")]
    [InlineData("synchronous_commit", "off", "Warning")]
    [InlineData("connections_in_use", "95", "Error")]
    [InlineData("connections_in_use", "75", "Warning")]
    [InlineData("connections_in_use", "10", "Ok")]
    public void Settings_are_judged(string name, string value, string expected)
    {
        var settings = new Dictionary<string, string>
        {
            ["fsync"] = "on", ["full_page_writes"] = "on", ["autovacuum"] = "on", ["track_counts"] = "on", ["synchronous_commit"] = "on",
            ["max_connections"] = "100", ["superuser_reserved_connections"] = "3", ["connections_in_use"] = "5",
        };
        settings[name] = value;

        Assert.Equal(expected, Settings.Judge(settings).Max(finding => finding.Status).ToString());
    }
}
