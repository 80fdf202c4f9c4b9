using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.CliTests.Commands;

public sealed class WorkerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Drain_ends_when_nothing_is_due()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var folder = new TestFolder();
        var config = folder.Write("tower.json", """{"tasks": {"noop": {"builtin": "noop"}}}""");
        (await Cli.Run(database.ConnectionString, "invoke", "noop", "--count", "100")).Expect(0);
        (await Cli.Run(database.ConnectionString, "invoke", "noop", "--run-at", "1h")).Expect(0);

        var result = (await Cli.Run(database.ConnectionString, "worker", "start", "--config", config, "--drain", "--json")).Expect(0);

        Assert.Equal(["ready", "stopped"], result.Lines.Select(line => line.GetProperty("event").GetString()));
        Assert.Equal((100, 1), (await Count("completed_executions"), await Count("executions")));

        Task<long> Count(string table) => database.ScalarAsync<long>($"select count(*) from pgconductor.{table}")!;
    }

    [Fact]
    public async Task Queue_and_concurrency_on_the_command_line_win()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var folder = new TestFolder();
        var config = folder.Write("tower.json", """{"queues": {"a": {"concurrency": 7}, "b": {}}, "tasks": {"sleep": {"builtin": "sleep", "queue": "a"}}}""");
        await using var worker = await RunningWorker.Start(database.ConnectionString, config, "--queue", "b", "--concurrency", "2");
        Assert.Contains(", queues b\n", worker.Output, StringComparison.Ordinal);

        (await Cli.Run(database.ConnectionString, "invoke", "sleep", "--queue", "a")).Expect(0);
        var first = (await Cli.Run(database.ConnectionString, "invoke", "sleep", "--queue", "b", "--count", "6", "--payload", """{"seconds":0}""", "--wait")).Expect(0);

        Assert.Equal("ready", (await Cli.Run(database.ConnectionString, "executions", "list", "--queue", "a", "--json")).Expect(0).Document.GetProperty("state").GetString());
        Assert.Contains("6 completed", first.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_log_is_lines_of_text_or_events()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var folder = new TestFolder();
        var config = folder.Write("tower.json", """{"tasks": {"fail": {"builtin": "fail", "maxAttempts": 1}}}""");
        (await Cli.Run(database.ConnectionString, "invoke", "fail", "--payload", """{"message":"first"}""")).Expect(0);
        var text = (await Cli.Run(database.ConnectionString, "worker", "start", "--config", config, "--drain")).Expect(0);
        Assert.Contains("warning Execution", text.Error, StringComparison.Ordinal);
        Assert.Contains("first", text.Error, StringComparison.Ordinal);

        (await Cli.Run(database.ConnectionString, "invoke", "fail")).Expect(0);
        var json = (await Cli.Run(database.ConnectionString, "worker", "start", "--config", config, "--drain", "--json")).Expect(0);
        var entry = json.Lines.Single(line => line.GetProperty("event").GetString() == "log");
        Assert.Equal(("warning", 1210, "failed as asked"), (entry.GetProperty("level").GetString(), entry.GetProperty("id").GetInt32(), entry.GetProperty("error").GetString()));
        Assert.Empty(json.Error);
    }

    [Fact]
    public async Task The_first_signal_waits_for_what_runs_and_the_second_does_not()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var folder = new TestFolder();
        var config = folder.Write("tower.json", """{"tasks": {"sleep": {"builtin": "sleep"}}}""");
        await using var worker = await RunningWorker.Start(database.ConnectionString, config);
        var id = (await Cli.Run(database.ConnectionString, "invoke", "sleep", "--payload", """{"seconds":100}""")).Expect(0).Out.Trim();
        await Eventually.IsTrue(() => worker.Ended.IsCompleted || State(id).Result == "running", "the execution runs");

        worker.Signal();
        await Eventually.IsTrue(() => worker.Output.Contains("stopping", StringComparison.Ordinal), "it says that it stops");
        Assert.False(worker.Ended.IsCompleted);
        worker.Signal();

        Assert.Equal(130, await worker.Ended.WaitAsync(TimeSpan.FromSeconds(60), Token));
        Assert.Equal("ready", await State(id));

        async Task<string?> State(string execution) => (await Cli.Run(database.ConnectionString, "executions", "show", execution, "--json")).Expect(0).Document.GetProperty("state").GetString();
    }
}
