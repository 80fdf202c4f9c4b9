using System.Diagnostics;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.RepositoryTests.Samples;

/// <summary>The samples that the documents quote do what the documents say.</summary>
public sealed class SampleTests
{
    [Fact]
    public async Task The_quick_start_greets()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();

        var (code, output) = await RunAsync("QuickStart", database.ConnectionString);

        Assert.Equal((0, "Hello Ada, this is attempt 1.\n"), (code, output));
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from pgconductor.completed_executions where task_key = 'greet'"));
    }

    [Fact]
    public async Task A_rolled_back_order_leaves_no_receipt()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();

        var (code, output) = await RunAsync("OutboxInTransaction", database.ConnectionString);

        Assert.True(code == 0, output);
        Assert.Equal(["bob's order was refused: the card was declined", "receipt of order 1 sent to ada@example.org", "1 order, 1 receipt, of order 1"], output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pgconductor.executions"));
    }

    [Fact]
    public async Task Four_orders_end_as_they_should_although_their_worker_is_killed()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();

        var (code, output) = await RunAsync("OrderFlow", database.ConnectionString, []);

        Assert.True(code == 0, output);
        Assert.Contains("the worker was killed with SIGKILL", output, StringComparison.Ordinal);
        Assert.DoesNotContain("WRONG", output, StringComparison.Ordinal);
        Assert.Equal("shipped, shipped, out of stock, refunded", await database.ScalarAsync<string>("select string_agg(status, ', ' order by id) from orderflow.orders"));
        Assert.Equal("80, 40, 40, -40", await database.ScalarAsync<string>("select string_agg(amount::text, ', ' order by order_id, id) from orderflow.payments"));
    }

    private static Task<(int Code, string Output)> RunAsync(string sample, string connectionString) => RunAsync(sample, connectionString, [connectionString]);

    private static async Task<(int Code, string Output)> RunAsync(string sample, string connectionString, string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet", [Path.Combine(AppContext.BaseDirectory, $"{sample}.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DATABASE_URL"] = connectionString },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        return (process.ExitCode, (await output + await errors).ReplaceLineEndings("\n"));
    }
}
