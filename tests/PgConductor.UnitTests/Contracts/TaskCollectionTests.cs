using Xunit;

namespace PgConductor.UnitTests.Contracts;

public sealed class TaskCollectionTests
{
    [Fact]
    public void Tasks_are_listed_as_added()
    {
        var tasks = new TaskCollection()
            .Add(TaskDefinition.Create<int, int>("a"), (number, _) => Task.FromResult(number))
            .Add(TaskDefinition.Create<int>("b"), (_, _) => Task.CompletedTask)
            .Add<Handler, int, string>(TaskDefinition.Create<int, string>("c"))
            .Add<Handler, int>(TaskDefinition.Create<int>("d"));

        Assert.Equal(["a", "b", "c", "d"], tasks.Definitions.Select(task => task.Key).Order());
        Assert.Equal(4, tasks.Registrations.Count);
    }

    [Fact]
    public void A_process_runs_one_handler_a_task()
    {
        var tasks = new TaskCollection().Add(TaskDefinition.Create<int>("a"), (_, _) => Task.CompletedTask);

        var exception = Assert.Throws<ArgumentException>(() => tasks.Add<Handler, int, string>(TaskDefinition.Create<int, string>("a")));
        Assert.Contains("\"a\"", exception.Message, StringComparison.Ordinal);
        Assert.Single(tasks.Definitions);
    }

    [Fact]
    public void Null_is_refused()
    {
        Assert.Throws<ArgumentNullException>(() => new TaskCollection().Add<int>(null!, (_, _) => Task.CompletedTask));
        Assert.Throws<ArgumentNullException>(() => new TaskCollection().Add(TaskDefinition.Create<int>("a"), null!));
        Assert.Throws<ArgumentNullException>(() => new TaskCollection().Add<int, int>(null!, (_, _) => Task.FromResult(1)));
        Assert.Throws<ArgumentNullException>(() => new TaskCollection().Add(TaskDefinition.Create<int, int>("a"), null!));
        Assert.Throws<ArgumentNullException>(() => new TaskCollection().Add<Handler, int, string>(null!));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3654 * 86400.0)]
    public void A_pause_that_cannot_be_is_refused_where_it_is_thrown(double seconds)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new RetryAfterException(TimeSpan.FromSeconds(seconds), "later"));
        Assert.Equal(TimeSpan.Zero, new RetryAfterException(TimeSpan.Zero, "later").Delay);
    }

    private sealed class Handler : ITaskHandler<int, string>, ITaskHandler<int>
    {
        Task<string> ITaskHandler<int, string>.RunAsync(int payload, TaskContext context) => Task.FromResult("");

        Task ITaskHandler<int>.RunAsync(int payload, TaskContext context) => Task.CompletedTask;
    }
}
