using System.Collections.Concurrent;
using PgConductor.IntegrationTests.Support;
using PgConductor.Testing;
using Xunit;

namespace PgConductor.IntegrationTests.Windows;

/// <summary>Windows: claims and steps keep to them, in the database's time zones, on a clock that the test moves.</summary>
public sealed class WindowTests
{
    private static readonly DateTimeOffset _wednesday = new(2030, 1, 2, 16, 0, 0, TimeSpan.Zero);
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job", new TaskOptions { Windows = [ExecutionWindow.Parse("mon-thu 09:00-17:00")] });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task When_the_window_closes_the_next_step_waits_for_it_to_open_and_finished_ones_do_not_run_again()
    {
        var job = new SteppedJob();
        await using var host = await StartAsync(job.Tasks(_job, "a", "b", "c"));
        var handle = await host.Conductor.InvokeAsync(_job, 1, cancellationToken: Token);

        await job.Reached("a");
        await host.Clock.SetToAsync(_wednesday.AddHours(1), Token);
        job.GoOn("a");
        await host.DrainAsync(cancellationToken: Token);

        Assert.Equal(["a"], job.Ran);
        Assert.Equal((ExecutionState.Ready, 0), await StateAsync(host, handle.Id));

        // Nobody of that process goes on.
        host.GetProcesses()[0].Crash();
        await host.StartProcessAsync(job.Tasks(_job, "a", "b", "c"), Token);
        job.GoOn("b");
        job.GoOn("c");
        Assert.Equal(new DateTimeOffset(2030, 1, 3, 9, 0, 0, TimeSpan.Zero), await host.AdvanceToNextAsync(Token));
        await host.DrainAsync(cancellationToken: Token);

        Assert.Equal(["a", "b", "c"], job.Ran);
        Assert.Equal((ExecutionState.Completed, 1), await StateAsync(host, handle.Id));
    }

    [Fact]
    public async Task A_checkpoint_is_such_a_moment_too()
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var passed = 0;
        await using var host = await StartAsync(new TaskCollection().Add(_job, async (_, context) =>
        {
            reached.TrySetResult();
            await goOn.Task;
            await context.CheckpointAsync();
            Interlocked.Increment(ref passed);
        }));
        var handle = await host.Conductor.InvokeAsync(_job, 1, cancellationToken: Token);

        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        await host.Clock.SetToAsync(_wednesday.AddHours(2), Token);
        goOn.SetResult();
        await host.DrainAsync(cancellationToken: Token);
        Assert.Equal(0, passed);

        await host.RunUntilIdleAsync(cancellationToken: Token);
        Assert.Equal(1, passed);
        Assert.Equal((ExecutionState.Completed, 1), await StateAsync(host, handle.Id));
    }

    [Fact]
    public async Task A_handler_without_steps_runs_to_its_end()
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await StartAsync(new TaskCollection().Add(_job, async (_, context) =>
        {
            reached.TrySetResult();
            await goOn.Task;
            context.CancellationToken.ThrowIfCancellationRequested();
        }));
        var handle = await host.Conductor.InvokeAsync(_job, 1, cancellationToken: Token);

        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        await host.Clock.SetToAsync(_wednesday.AddHours(2), Token);
        goOn.SetResult();
        await host.DrainAsync(cancellationToken: Token);

        Assert.Equal((ExecutionState.Completed, 1), await StateAsync(host, handle.Id));
    }

    [Fact]
    public async Task What_the_database_has_stays_where_the_code_says_nothing_and_goes_with_an_empty_list()
    {
        static TaskCollection Tasks(IReadOnlyList<ExecutionWindow>? windows) =>
            new TaskCollection().Add(TaskDefinition.Create<int>("job", new TaskOptions { Windows = windows }), (_, _) => Task.CompletedTask);
        await using var host = await StartAsync(Tasks([ExecutionWindow.Parse("09:00-17:00")]));
        async Task<IReadOnlyList<string>> WindowsAsync() => Assert.Single(await host.Conductor.ListTasksAsync(Token), task => task.Key == "job").Windows;
        await ExecuteAsync(host, "update pgconductor.tasks set windows = '{10:00-11:00}' where key = 'job'");

        await host.StartProcessAsync(Tasks(null), Token);
        Assert.Equal(["10:00-11:00"], await WindowsAsync());
        await host.StartProcessAsync(Tasks([]), Token);
        Assert.Empty(await WindowsAsync());
    }

    [Fact]
    public async Task A_step_that_follows_at_once_runs_outside_the_window_and_the_one_behind_it_does_not()
    {
        var job = new SteppedJob { AtOnce = "b" };
        await using var host = await StartAsync(job.Tasks(_job, "a", "b", "c"));
        await host.Conductor.InvokeAsync(_job, 1, cancellationToken: Token);

        await job.Reached("a");
        await host.Clock.SetToAsync(_wednesday.AddHours(1), Token);
        job.GoOn("a");
        job.GoOn("b");
        job.GoOn("c");
        await host.DrainAsync(cancellationToken: Token);
        Assert.Equal(["a", "b"], job.Ran);

        await host.RunUntilIdleAsync(cancellationToken: Token);
        Assert.Equal(["a", "b", "c"], job.Ran);
    }

    [Fact]
    public async Task A_window_that_somebody_sets_in_the_database_holds_for_steps_too()
    {
        var plain = TaskDefinition.Create<int>("job");
        var job = new SteppedJob();
        await using var host = await StartAsync(job.Tasks(plain, "a", "b"));
        await ExecuteAsync(host, "update pgconductor.tasks set windows = '{15:00-17:00}' where key = 'job'");
        await host.Conductor.InvokeAsync(plain, 1, cancellationToken: Token);

        await job.Reached("a");
        await host.Clock.SetToAsync(_wednesday.AddHours(1), Token);
        job.GoOn("a");
        job.GoOn("b");
        await host.DrainAsync(cancellationToken: Token);
        Assert.Equal(["a"], job.Ran);

        await ExecuteAsync(host, "update pgconductor.tasks set windows = null where key = 'job'");
        await host.DrainAsync(cancellationToken: Token);
        Assert.Equal(["a", "b"], job.Ran);
    }

    [Fact]
    public async Task What_is_woken_outside_the_window_waits_for_it()
    {
        var ran = new ConcurrentQueue<DateTimeOffset>();
        ConductorTestHost? clock = null;
        await using var host = await StartAsync(new TaskCollection().Add(_job, async (_, context) =>
        {
            await context.SleepAsync("nap", TimeSpan.FromHours(2));
            ran.Enqueue(clock!.Clock.GetUtcNow());
        }));
        clock = host;
        await host.Conductor.InvokeAsync(_job, 1, cancellationToken: Token);

        await host.RunUntilIdleAsync(cancellationToken: Token);

        Assert.Equal([new DateTimeOffset(2030, 1, 3, 9, 0, 0, TimeSpan.Zero)], ran);
    }

    [Fact]
    public async Task Several_windows_days_and_zones_reach_the_database_and_the_list_of_tasks_says_what_they_mean()
    {
        // Friday evening in Berlin, an hour ahead of UTC.
        var night = TaskDefinition.Create<int>("night", new TaskOptions { Windows = [new(new(22, 0), new(6, 0), DayOfWeek.Monday, DayOfWeek.Friday), ExecutionWindow.Parse("sun 00:00-24:00")], TimeZone = "Europe/Berlin" });
        var always = TaskDefinition.Create<int>("always", new TaskOptions { Windows = [] });
        await using var host = await ConductorTestHost.StartAsync(
            new TaskCollection().Add(night, (_, _) => Task.CompletedTask).Add(always, (_, _) => Task.CompletedTask),
            new ConductorTestHostOptions { Start = new(2030, 1, 4, 20, 0, 0, TimeSpan.Zero) },
            Token);

        var closed = Assert.Single(await host.Conductor.ListTasksAsync(Token), task => task.Key == "night");
        await host.Clock.SetToAsync(new(2030, 1, 4, 21, 30, 0, TimeSpan.Zero), Token);
        var open = Assert.Single(await host.Conductor.ListTasksAsync(Token), task => task.Key == "night");

        Assert.Equal(["mon,fri 22:00-06:00", "sun 00:00-24:00"], closed.Windows);
        Assert.Equal(("Europe/Berlin", false, new DateTimeOffset(2030, 1, 4, 21, 0, 0, TimeSpan.Zero)), (closed.TimeZone, closed.IsOpen, closed.ChangesAt));
        Assert.Equal((true, new DateTimeOffset(2030, 1, 5, 5, 0, 0, TimeSpan.Zero)), (open.IsOpen, open.ChangesAt));
        Assert.Equal((0, true), (await host.Conductor.ListTasksAsync(Token)).Where(task => task.Key == "always").Select(task => (task.Windows.Count, task.IsOpen)).Single());
    }

    [Fact]
    public async Task A_zone_that_the_database_does_not_know_fails_the_start_and_is_named()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = TaskDefinition.Create<int>("martian", new TaskOptions { Windows = [ExecutionWindow.Parse("09:00-17:00")], TimeZone = "Mars/Phobos" });

        var error = await Assert.ThrowsAsync<ConductorException>(() => engine.StartAsync(new TaskCollection().Add(task, (_, _) => Task.CompletedTask)));

        Assert.Equal(ConductorErrorCode.InvalidArgument, error.Code);
        Assert.Contains("martian", error.Message, StringComparison.Ordinal);
        Assert.Contains("Mars/Phobos", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The worker would look again after half a minute; the claim that found nothing told it when the window opens.</summary>
    [Fact]
    public async Task Work_starts_when_its_window_opens_not_when_the_worker_happens_to_look()
    {
        await using var engine = await TestEngine.CreateAsync();
        var now = DateTimeOffset.UtcNow;
        var opens = new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, now.Minute, now.Second, TimeSpan.Zero).AddSeconds(4);
        var start = TimeOnly.FromTimeSpan(opens.TimeOfDay);
        var job = TaskDefinition.Create<int>("job", new TaskOptions { Windows = [new(start, start.AddHours(1))] });
        var ran = new TaskCompletionSource<DateTimeOffset>(TaskCreationOptions.RunContinuationsAsynchronously);
        var handle = await engine.Conductor.InvokeAsync(job, 1, cancellationToken: Token);
        await engine.StartAsync(
            new TaskCollection().Add(job, (_, _) =>
            {
                ran.TrySetResult(DateTimeOffset.UtcNow);
                return Task.CompletedTask;
            }),
            options => options with { Worker = new WorkerOptions { MinPollInterval = TimeSpan.FromSeconds(30), MaxPollInterval = TimeSpan.FromSeconds(30) } });

        var at = await ran.Task.WaitAsync(TimeSpan.FromSeconds(25), Token);

        Assert.InRange(at - opens, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        await handle.WaitAsync(TimeSpan.FromSeconds(10), Token);
    }

    private static Task<ConductorTestHost> StartAsync(TaskCollection tasks) =>
        ConductorTestHost.StartAsync(tasks, new ConductorTestHostOptions { Start = _wednesday }, Token);

    private static async Task<(ExecutionState State, int Attempts)> StateAsync(ConductorTestHost host, Guid id) =>
        await host.Conductor.GetAsync(id, Token) is { } info ? (info.State, info.Attempts) : default;

    private static async Task ExecuteAsync(ConductorTestHost host, string sql)
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(host.ConnectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }

    /// <summary>A handler of steps, each of which waits at its end until the test lets it go on.</summary>
    private sealed class SteppedJob
    {
        private readonly ConcurrentDictionary<string, (TaskCompletionSource Reached, TaskCompletionSource GoOn)> _gates = new();

        public ConcurrentQueue<string> Ran { get; } = new();

        public string? AtOnce { get; init; }

        public Task Reached(string step) => Gate(step).Reached.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);

        public void GoOn(string step) => Gate(step).GoOn.TrySetResult();

        public TaskCollection Tasks(TaskDefinition<int, NoResult> task, params string[] steps) => new TaskCollection().Add(task, async (_, context) =>
        {
            foreach (var step in steps)
            {
                await context.StepAsync(
                    step,
                    async () =>
                    {
                        Ran.Enqueue(step);
                        Gate(step).Reached.TrySetResult();
                        await Gate(step).GoOn.Task;
                    },
                    new StepOptions { FollowAtOnce = step == AtOnce });
            }
        });

        private (TaskCompletionSource Reached, TaskCompletionSource GoOn) Gate(string step) => _gates.GetOrAdd(step, _ => (New(), New()));

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
