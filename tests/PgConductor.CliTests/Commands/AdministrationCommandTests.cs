using System.Text.Json;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.CliTests.Commands;

public sealed class AdministrationCommandTests
{
    [Fact]
    public async Task Migrate_says_what_it_changed()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        (await Cli.Run(database.ConnectionString, "queues", "list")).Expect(1);

        var first = (await Cli.Run(database.ConnectionString, "migrate", "--json")).Expect(0).Document;
        var second = (await Cli.Run(database.ConnectionString, "migrate", "--json")).Expect(0).Document;

        Assert.Equal((JsonValueKind.Null, true), (first.GetProperty("previousVersion").ValueKind, first.GetProperty("changed").GetBoolean()));
        Assert.False(second.GetProperty("changed").GetBoolean());
        Assert.Equal(first.GetProperty("schemaVersion").GetInt32(), second.GetProperty("previousVersion").GetInt32());
    }

    [Fact]
    public async Task Queues_are_made_paused_resumed_and_dropped()
    {
        await using var database = await TestDatabase.CreateAsync();

        Assert.Equal("created", await Outcome(0, "create", "hot", "--partitioned"));
        Assert.Equal("existed", await Outcome(0, "create", "hot"));
        Assert.Equal("paused", await Outcome(0, "pause", "hot"));
        var hot = (await Cli.Run(database.ConnectionString, "queues", "list", "--json")).Expect(0).Lines.Single(queue => queue.GetProperty("name").GetString() == "hot");
        Assert.True(hot.GetProperty("paused").GetBoolean() && hot.GetProperty("partitioned").GetBoolean());
        Assert.Equal("resumed", await Outcome(0, "resume", "hot"));

        (await Cli.Run(database.ConnectionString, "invoke", "t", "--queue", "hot")).Expect(0);
        Assert.Equal("queue-in-use", await Outcome(1, "drop", "hot"));
        Assert.Equal("dropped", await Outcome(0, "drop", "hot", "--force"));
        Assert.Equal("not-found", await Outcome(4, "drop", "hot"));
        Assert.Equal("unknown-queue", await Outcome(4, "pause", "hot"));
        Assert.Equal("queue-fixed", await Outcome(1, "drop", "default"));
        Assert.Equal("invalid-argument", await Outcome(2, "create", "a\nb"));

        async Task<string?> Outcome(int exitCode, params string[] args)
        {
            var result = (await Cli.Run(database.ConnectionString, ["queues", .. args, "--json"])).Expect(exitCode);
            return exitCode == 0
                ? result.Document.GetProperty("outcome").GetString()
                : JsonDocument.Parse(result.Error).RootElement.GetProperty("error").GetProperty("code").GetString();
        }
    }

    [Fact]
    public async Task Tasks_and_orchestrators_are_listed_and_one_is_stopped()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var folder = new TestFolder();
        var config = folder.Write("tower.json", """{"name": "tower", "queues": {"side": {}}, "tasks": {"t": {"builtin": "noop", "queue": "side", "maxAttempts": 3, "keepCompleted": "none", "keepFailed": "forever"}}}""");
        await using var worker = await RunningWorker.Start(database.ConnectionString, config);

        var task = (await Cli.Run(database.ConnectionString, "tasks", "list", "--json")).Expect(0).Document;
        Assert.Equal(("t", "side", 3, "none", "forever", 1), (Text(task, "key"), Text(task, "queue"), task.GetProperty("maxAttempts").GetInt32(), Text(task, "keepCompleted"), Text(task, "keepFailed"), task.GetProperty("workers").GetInt32()));
        var orchestrator = (await Cli.Run(database.ConnectionString, "orchestrators", "list", "--json")).Expect(0).Document;
        Assert.Equal(("tower", "side"), (Text(orchestrator, "name"), orchestrator.GetProperty("queues")[0].GetString()));

        (await Cli.Run(database.ConnectionString, "orchestrators", "stop", Text(orchestrator, "id")!, "--reason", "enough")).Expect(0);
        Assert.Equal(0, await worker.Ended.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        Assert.Contains("stopping: enough", worker.Output, StringComparison.Ordinal);
        (await Cli.Run(database.ConnectionString, "orchestrators", "stop", Text(orchestrator, "id")!)).Expect(4);

        static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
    }

    [Fact]
    public async Task Windows_of_a_task_are_set_and_shown()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("insert into pgconductor.tasks (key, batch_size) values ('night', 20)");

        var set = (await Cli.Run(database.ConnectionString, "tasks", "set-windows", "night", "mon-fri 22:00-06:00", "sat,sun 00:00-24:00", "--time-zone", "Europe/Berlin", "--json")).Expect(0).Document;
        Assert.Equal(("night", 2, "Europe/Berlin"), (set.GetProperty("task").GetString(), set.GetProperty("windows").GetArrayLength(), set.GetProperty("timeZone").GetString()));
        Assert.Equal(JsonValueKind.String, set.GetProperty("changesAt").ValueKind);
        Assert.Contains("mon,tue,wed,thu,fri 22:00-06:00; sat,sun 00:00-24:00 Europe/Berlin", (await Cli.Run(database.ConnectionString, "tasks", "list")).Expect(0).Out, StringComparison.Ordinal);
        Assert.Equal(20, (await Cli.Run(database.ConnectionString, "tasks", "list", "--json")).Expect(0).Document.GetProperty("batchSize").GetInt32());

        Assert.Contains("may run always", (await Cli.Run(database.ConnectionString, "tasks", "set-windows", "night")).Expect(0).Out, StringComparison.Ordinal);
        Assert.True((await Cli.Run(database.ConnectionString, "tasks", "list", "--json")).Expect(0).Document.GetProperty("open").GetBoolean());
        Assert.Contains("ends where it starts", (await Cli.Run(database.ConnectionString, "tasks", "set-windows", "night", "10:00-10:00")).Expect(2).Error, StringComparison.Ordinal);
        (await Cli.Run(database.ConnectionString, "tasks", "set-windows", "night", "10:00-11:00", "--time-zone", "Mars/Base")).Expect(2);
        (await Cli.Run(database.ConnectionString, "tasks", "set-windows", "nobody", "10:00-11:00")).Expect(4);
    }

    [Theory]
    [InlineData("no-such-command")]
    [InlineData("executions list --state sleeping")]
    [InlineData("executions list --limit 0")]
    [InlineData("executions list --limit x")]
    [InlineData("executions show nonsense")]
    [InlineData("invoke")]
    [InlineData("invoke t --payload {")]
    [InlineData("invoke t --payload-file /no/such/file")]
    [InlineData("invoke t --payload 1 --payload-file x")]
    [InlineData("invoke t --priority 101")]
    [InlineData("invoke t --run-at yesterday-ish")]
    [InlineData("invoke t --wait --timeout 5")]
    [InlineData("invoke t --timeout 5s")]
    [InlineData("invoke t --dedupe-policy reject")]
    [InlineData("invoke t --dedupe-key k --count 2")]
    [InlineData("invoke t --dedupe-key k --dedupe-policy maybe")]
    [InlineData("worker start")]
    [InlineData("worker start --config /no/such/file")]
    [InlineData("queues list --connection nonsense")]
    [InlineData("")]
    public async Task Wrong_usage_is_code_2_with_a_message(string line)
    {
        var result = (await Cli.Run("Host=127.0.0.1;Port=1", line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).Expect(2);

        Assert.StartsWith("pgconductor: ", result.Error, StringComparison.Ordinal);
        Assert.Empty(result.Out);
    }

    [Fact]
    public async Task A_database_that_is_away_or_not_given_is_code_3()
    {
        using var folder = new TestFolder();
        (await Cli.Run("Host=127.0.0.1;Port=1;Username=x", "queues", "list")).Expect(3);

        var none = (await Cli.Run(null, "queues", "list", "--directory", folder.Root)).Expect(3);
        Assert.Contains("--connection", none.Error, StringComparison.Ordinal);
        Assert.Contains("DATABASE_URL", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_option_wins_over_the_file_and_the_file_over_the_variable()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var folder = new TestFolder();
        const string Away = "Host=127.0.0.1;Port=1;Username=x";
        var wrong = folder.Write("wrong.json", Config(Away));
        var right = folder.Write("right.json", Config(database.ConnectionString));

        (await Cli.Run(Away, "queues", "list", "--config", wrong, "--connection", database.ConnectionString)).Expect(0);
        (await Cli.Run(Away, "queues", "list", "--config", right)).Expect(0);
        (await Cli.Run(database.ConnectionString, "queues", "list", "--config", wrong)).Expect(3);

        static string Config(string connection) => "{\"connection\": " + JsonSerializer.Serialize(connection) + ", \"tasks\": {\"t\": {\"builtin\": \"noop\"}}}";
    }
}
