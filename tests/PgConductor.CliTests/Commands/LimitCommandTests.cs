using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.CliTests.Commands;

public sealed class LimitCommandTests
{
    [Fact]
    public async Task Limits_are_listed_with_what_runs_and_waits()
    {
        await using var database = await TestDatabase.CreateAsync();
        var connection = database.ConnectionString;
        Assert.Empty((await Cli.Run(connection, "limits", "list", "--json")).Expect(0).Lines);
        await LimitAsync(database);

        var lines = (await Cli.Run(connection, "limits", "list", "--task", "charge", "--json")).Expect(0).Lines;

        Assert.Equal(2, lines.Count);
        Assert.Equal(("task", 1, 1, 3), (lines[0].GetProperty("scope").GetString(), lines[0].GetProperty("running").GetInt32(), lines[0].GetProperty("held").GetInt32(), lines[0].GetProperty("concurrency").GetInt32()));
        Assert.Equal(("key", "7", 2), (lines[1].GetProperty("scope").GetString(), lines[1].GetProperty("key").GetString(), lines[1].GetProperty("waiting").GetInt32()));
        Assert.Equal((5, 60d), (lines[1].GetProperty("rateCount").GetInt32(), lines[1].GetProperty("rateSeconds").GetDouble()));
        Assert.Single((await Cli.Run(connection, "limits", "list", "--limit", "1", "--json")).Expect(0).Lines);
        Assert.Contains("1 of 3", (await Cli.Run(connection, "limits", "list")).Expect(0).Out, StringComparison.Ordinal);
        (await Cli.Run(connection, "limits", "list", "--limit", "0")).Expect(2);
    }

    [Fact]
    public async Task Doctor_tells_a_counter_that_is_wrong()
    {
        await using var database = await TestDatabase.CreateAsync();
        await LimitAsync(database);
        Assert.Contains("2 tasks and keys, 1 of them with something waiting", (await Cli.Run(database.ConnectionString, "doctor")).Out, StringComparison.Ordinal);
        await database.ExecuteAsync("update pgconductor.limits set running = 3 where key = ''");

        var document = (await Cli.Run(database.ConnectionString, "doctor", "--json")).Document;

        var finding = Assert.Single(document.GetProperty("checks").EnumerateArray(), check => check.GetProperty("check").GetString() == "limits");
        Assert.Equal("error", finding.GetProperty("status").GetString());
        Assert.Contains("task charge counts 3 that run, and 1 do", finding.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private static Task<int> LimitAsync(TestDatabase database) => database.ExecuteAsync("""
        select pgconductor.register_orchestrator('00000000-0000-7000-8000-0000000000b1', 'w', '1', 1);
        select pgconductor.register_worker('00000000-0000-7000-8000-0000000000b1', 'default',
            '[{"key": "charge", "limits": {"concurrency": 3, "key": "customer", "concurrency_per_key": 1, "rate_per_key": {"count": 5, "seconds": 60}}}]');
        select pgconductor.invoke('charge', '{"customer": 7}') from generate_series(1, 3);
        select pgconductor.claim_executions('00000000-0000-7000-8000-0000000000b1', 'default', 10);
        """);
}
