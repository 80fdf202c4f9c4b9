using PgConductor.Database;
using Xunit;

namespace PgConductor.ConformanceTests;

/// <summary>Queues: made, listed, paused, dropped.</summary>
public abstract class QueueTests(Backend backend) : ConformanceTest(backend)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_queue_is_made_once(bool partitioned)
    {
        Assert.True(await Client.CreateQueueAsync("q", partitioned, Token));
        Assert.False(await Client.CreateQueueAsync("q", partitioned, Token));
        Assert.False(await Client.CreateQueueAsync("q", partitioned: false, Token));

        var info = Assert.Single(await Client.ListQueuesAsync(Token), queue => queue.Name == "q");
        Assert.Equal(new QueueInfo("q", false, partitioned, 0, 0, 0, null, 0), info);
    }

    [Fact]
    public async Task A_queue_without_a_partition_cannot_get_one()
    {
        await Client.CreateQueueAsync("q", false, Token);
        await FailsAsync(ConductorErrorCode.QueueFixed, () => Client.CreateQueueAsync("q", true, Token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("line\nbreak")]
    [InlineData("long")]
    public async Task What_a_name_cannot_be_is_refused(string name)
    {
        name = name == "long" ? new string('ä', 101) : name;
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => Client.CreateQueueAsync(name, false, Token));
    }

    [Fact]
    public async Task Windows_are_replaced_and_keep_their_zone()
    {
        await Client.SetWindowsAsync("kept", ["mon-fri 22:00-06:00", "sat 10:00-12:00"], "Europe/Berlin", Token);
        await Client.SetWindowsAsync("kept", ["09:00-17:00"], null, Token);
        Assert.Equal(("09:00-17:00", "Europe/Berlin"), (await Client.ListTasksAsync(Token)).Where(task => task.Key == "kept").Select(task => (Assert.Single(task.Windows), task.TimeZone)).Single());

        await Client.SetWindowsAsync("kept", [], "UTC", Token);
        Assert.Equal((0, "UTC"), (await Client.ListTasksAsync(Token)).Where(task => task.Key == "kept").Select(task => (task.Windows.Count, task.TimeZone)).Single());
        await FailsAsync(ConductorErrorCode.NotFound, () => Client.SetWindowsAsync("nobody's", ["09:00-17:00"], null, Token));
    }

    [Fact]
    public async Task The_depth_of_each_queue_is_listed_by_name()
    {
        await Client.CreateQueueAsync("b", false, Token);
        await Client.CreateQueueAsync("a", true, Token);
        await InvokeAsync(Plain);
        await ClaimAsync();
        await Subject.AdvanceAsync(TimeSpan.FromSeconds(5));
        await InvokeAsync(Make(Kept, queue: "a"));
        await InvokeAsync(Make(Kept, queue: "a", runAt: Subject.Now + TimeSpan.FromDays(1)));
        await Subject.AdvanceAsync(TimeSpan.FromSeconds(3));

        QueueInfo[] expected =
        [
            new("a", false, true, 1, 1, 0, TimeSpan.FromSeconds(3), 0),
            new("b", false, false, 0, 0, 0, null, 0),
            new("default", false, false, 0, 0, 1, null, 1),
        ];
        Assert.Equal(expected, await Client.ListQueuesAsync(Token));
    }

    [Fact]
    public async Task The_lag_is_that_of_the_oldest_due_and_of_paused_queues_not_counted()
    {
        await Client.CreateQueueAsync("a", false, Token);
        await Client.CreateQueueAsync("paused", false, Token);
        await Client.CreateQueueAsync("empty", false, Token);
        await InvokeAsync(Make(Kept, queue: "a", priority: -3));
        await InvokeAsync(Make(Kept, queue: "paused"));
        await Client.PauseQueueAsync("paused", Token);
        await Subject.AdvanceAsync(TimeSpan.FromSeconds(4));
        await InvokeAsync(Make(Kept, queue: "a", priority: 3));
        await InvokeAsync(Make(TaskDefinition.Create<int>("nobody's")));
        await InvokeAsync(Make(Kept, queue: "empty", runAt: Subject.Now + TimeSpan.FromDays(1)));

        Assert.Equal([new QueueLag("a", TimeSpan.FromSeconds(4)), new QueueLag("default", TimeSpan.Zero)], (await Client.GetQueueLagAsync(null, Token)).OrderBy(lag => lag.Queue, StringComparer.Ordinal));
        Assert.Equal(new QueueLag("a", TimeSpan.FromSeconds(4)), Assert.Single(await Client.GetQueueLagAsync(["a", "paused"], Token)));
        Assert.Empty(await Client.GetQueueLagAsync([], Token));
    }

    [Fact]
    public async Task Pausing_is_listed_and_of_an_unknown_queue_refused()
    {
        await Client.PauseQueueAsync("default", Token);
        Assert.True(Assert.Single(await Client.ListQueuesAsync(Token)).Paused);
        await Client.ResumeQueueAsync("default", Token);
        Assert.False(Assert.Single(await Client.ListQueuesAsync(Token)).Paused);

        await FailsAsync(ConductorErrorCode.UnknownQueue, () => Client.PauseQueueAsync("q", Token));
        await FailsAsync(ConductorErrorCode.UnknownQueue, () => Client.ResumeQueueAsync("q", Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_unused_queue_is_dropped_and_its_tasks_are_the_default_queues(bool partitioned)
    {
        await Client.CreateQueueAsync("q", partitioned, Token);
        await Client.RegisterWorkerAsync(Me, "default", [TaskDefinition.Create<int>("t", new TaskOptions { Queue = "q" })], Token);

        Assert.True(await Client.DropQueueAsync("q", false, Token));
        Assert.False(await Client.DropQueueAsync("q", false, Token));
        Assert.Equal("default", Assert.Single(await Client.ListTasksAsync(Token), task => task.Key == "t").Queue);
        await FailsAsync(ConductorErrorCode.QueueFixed, () => Client.DropQueueAsync("default", true, Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_queue_with_work_is_dropped_only_by_force_which_cancels_it(bool partitioned)
    {
        await Client.CreateQueueAsync("q", partitioned, Token);
        var id = (await InvokeAsync(Make(Kept, queue: "q"))).Id;

        await FailsAsync(ConductorErrorCode.QueueInUse, () => Client.DropQueueAsync("q", false, Token));
        Assert.Equal(ExecutionState.Ready, (await GetAsync(id)).State);
        Assert.True(await Client.DropQueueAsync("q", true, Token));
        Assert.Equal((ExecutionState.Cancelled, "queue \"q\" was dropped"), ((await GetAsync(id)).State, (await GetAsync(id)).Reason));
    }

    [Fact]
    public async Task A_queue_in_use_is_not_dropped_even_by_force()
    {
        await Client.RegisterWorkerAsync(Me, "q", [Kept], Token);
        await FailsAsync(ConductorErrorCode.QueueInUse, () => Client.DropQueueAsync("q", true, Token));

        await InvokeAsync(Make(Kept, queue: "q"));
        var waiting = (await InvokeAsync(Make(Kept, queue: "q", runAt: Subject.Now + TimeSpan.FromDays(1)))).Id;
        await ClaimAsync(queue: "q");
        await Client.ShutdownAsync(Me, Token);

        await FailsAsync(ConductorErrorCode.QueueInUse, () => Client.DropQueueAsync("q", true, Token));
        Assert.Equal(ExecutionState.Scheduled, (await GetAsync(waiting)).State);
    }

    [Fact]
    public async Task An_execution_runs_in_the_queue_that_its_invoke_names()
    {
        await Client.RegisterWorkerAsync(Me, "q", [Kept], Token);
        var id = (await InvokeAsync(Make(Kept, queue: "q"))).Id;

        Assert.Null((await ClaimAsync()).LeaseId);
        var claim = await ClaimAsync(queue: "q");
        Assert.Equal(id, Assert.Single(claim.Executions).Id);
        await ReturnAsync(new Outcome(claim.LeaseId!.Value, 1, OutcomeKind.Released));
        Assert.Equal("q", (await GetAsync(id)).Queue);
    }
}

/// <summary>Queue against the server.</summary>
public sealed class QueueOnPostgreSql() : QueueTests(Backend.PostgreSql);

/// <summary>Queue against the double.</summary>
public sealed class QueueInMemory() : QueueTests(Backend.InMemory);
