using System.Text.RegularExpressions;
using Xunit;

namespace PgConductor.UnitTests.Contracts;

public sealed class TaskDefinitionTests
{
    [Fact]
    public void A_definition_knows_its_key_and_types()
    {
        var task = TaskDefinition.Create<int, string>("t", new TaskOptions { MaxAttempts = 2 });

        Assert.Equal(("t", typeof(int), typeof(string), 2, "t"), (task.Key, task.PayloadType, task.ResultType, task.Options.MaxAttempts, $"{task}"));
        Assert.Equal(typeof(NoResult), TaskDefinition.Create<int>("t").ResultType);
        Assert.Same(TaskOptions.Default, TaskDefinition.Create<int>("t").Options);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?")]
    [InlineData(@"nul\u0000")]
    [InlineData(@"half \ud83d")]
    [InlineData(@"half \ude00 pair")]
    public void A_key_that_cannot_be_stored_is_refused(string key)
    {
        // Escaped above: an attribute cannot carry half of a pair.
        key = key.Contains('\\', StringComparison.Ordinal) ? Regex.Unescape(key) : key;
        Assert.Equal("key", Assert.Throws<ArgumentException>(() => TaskDefinition.Create<int>(key)).ParamName);
    }

    [Fact]
    public void A_key_has_200_bytes_at_most()
    {
        Assert.Equal(200, TaskDefinition.Create<int>(new string('x', 200)).Key.Length);
        Assert.Throws<ArgumentException>(() => TaskDefinition.Create<int>(new string('x', 201)));
        Assert.Throws<ArgumentException>(() => TaskDefinition.Create<int>(new string('ä', 101)));
        Assert.Contains("control characters", Assert.Throws<ArgumentException>(() => TaskDefinition.Create<int>("\u0002a")).Message, StringComparison.Ordinal);
        Assert.Equal(2, TaskDefinition.Create<int>("😀").Key.Length);
    }

    public static TheoryData<string, TaskOptions> Faults => new()
    {
        { "Queue \"\"", new TaskOptions { Queue = "" } },
        { "Queue", new TaskOptions { Queue = "a\tb" } },
        { "Queue", new TaskOptions { Queue = "\ud800" } },
        { "Queue", new TaskOptions { Queue = new string('q', 201) } },
        { "MaxAttempts 0", new TaskOptions { MaxAttempts = 0 } },
        { "MaxAttempts 32768", new TaskOptions { MaxAttempts = 32768 } },
        { "Backoff must have", new TaskOptions { Backoff = [] } },
        { "Backoff has a pause", new TaskOptions { Backoff = [TimeSpan.Zero, TimeSpan.FromSeconds(-1)] } },
        { "Backoff has a pause", new TaskOptions { Backoff = [TimeSpan.FromDays(36526)] } },
        { "BackoffJitter -0.1", new TaskOptions { BackoffJitter = -0.1 } },
        { "BackoffJitter 1.1", new TaskOptions { BackoffJitter = 1.1 } },
        { "BackoffJitter NaN", new TaskOptions { BackoffJitter = double.NaN } },
        { "Timeout 00:00:00", new TaskOptions { Timeout = TimeSpan.Zero } },
        { "Timeout", new TaskOptions { Timeout = TimeSpan.FromDays(25) } },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Each_fault_of_the_options_names_task_and_value(string named, TaskOptions options)
    {
        var exception = Assert.Throws<ArgumentException>(() => TaskDefinition.Create<int>("the task", options));

        Assert.StartsWith($"task \"the task\": {named}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_faults_are_listed_at_once()
    {
        var exception = Assert.Throws<ArgumentException>(() => TaskDefinition.Create<int>("t", new TaskOptions { Queue = "", MaxAttempts = 0, BackoffJitter = 2, Timeout = TimeSpan.Zero }));

        Assert.Equal(4, exception.Message.Split("; ").Length);
    }

    [Fact]
    public void Options_at_their_limits_are_good()
    {
        var faults = new List<string>();
        new TaskOptions { MaxAttempts = 32767, Backoff = [TimeSpan.Zero, TimeSpan.FromDays(36525)], BackoffJitter = 1, Timeout = TimeSpan.FromDays(24) }.Validate("t", faults);
        new TaskOptions { MaxAttempts = 1, BackoffJitter = 0, Timeout = TimeSpan.FromTicks(1) }.Validate("t", faults);

        Assert.Empty(faults);
    }
}
