using Xunit;

namespace PgConductor.UnitTests.Contracts;

public sealed class OptionsTests
{
    private static readonly ConductorOptions _good = new() { ConnectionString = "Host=h" };

    [Fact]
    public void The_defaults_are_good()
    {
        Assert.Empty(_good.Validate());
        Assert.Empty(new OrchestratorOptions().Validate());
    }

    public static TheoryData<string, Func<ConductorOptions, ConductorOptions>> ConductorFaults => new()
    {
        { "ConnectionString", options => options with { ConnectionString = " " } },
        { "ConnectionString", options => options with { ConnectionString = "what is this" } },
        { "MaxPayloadBytes 1023", options => options with { MaxPayloadBytes = 1023 } },
        { "MaxPayloadBytes 134217729", options => options with { MaxPayloadBytes = 134217729 } },
        { "StatementTimeout 00:00:00.0990000", options => options with { StatementTimeout = TimeSpan.FromMilliseconds(99) } },
        { "StatementTimeout 01:00:00.0010000", options => options with { StatementTimeout = TimeSpan.FromHours(1) + TimeSpan.FromMilliseconds(1) } },
        { "RetryTimeout -00:00:01", options => options with { RetryTimeout = TimeSpan.FromSeconds(-1) } },
        { "RetryTimeout 02:00:00", options => options with { RetryTimeout = TimeSpan.FromHours(2) } },
        { "ApplicationName \"\"", options => options with { ApplicationName = "" } },
        { "ApplicationName", options => options with { ApplicationName = new string('a', 61) } },
    };

    [Theory]
    [MemberData(nameof(ConductorFaults))]
    public void Each_fault_of_the_client_is_named_with_its_value(string named, Func<ConductorOptions, ConductorOptions> change)
    {
        Assert.StartsWith(named, Assert.Single(change(_good).Validate()), StringComparison.Ordinal);
    }

    public static TheoryData<string, Func<OrchestratorOptions, OrchestratorOptions>> OrchestratorFaults => new()
    {
        { "Heartbeat 00:00:00.0490000", options => options with { Heartbeat = TimeSpan.FromMilliseconds(49) } },
        { "Heartbeat 00:10:00.0010000", options => options with { Heartbeat = TimeSpan.FromMinutes(10) + TimeSpan.FromMilliseconds(1), Takeover = TimeSpan.FromHours(1) } },
        { "Heartbeat 00:00:11", options => options with { Heartbeat = TimeSpan.FromSeconds(11) } },
        { "Takeover 00:00:00.1990000", options => options with { Heartbeat = TimeSpan.FromMilliseconds(60), Takeover = TimeSpan.FromMilliseconds(199) } },
        { "Takeover 01:00:00.0010000", options => options with { Takeover = TimeSpan.FromHours(1) + TimeSpan.FromMilliseconds(1) } },
        { "DrainTimeout -00:00:01", options => options with { DrainTimeout = TimeSpan.FromSeconds(-1) } },
        { "DrainTimeout", options => options with { DrainTimeout = TimeSpan.FromDays(2) } },
        { "CancelTimeout -00:00:01", options => options with { CancelTimeout = TimeSpan.FromSeconds(-1) } },
        { "CancelTimeout 02:00:00", options => options with { CancelTimeout = TimeSpan.FromHours(2) } },
        { "queue \"*\": Concurrency 0", options => options with { Worker = new WorkerOptions { Concurrency = 0 } } },
        { "queue \"q\": Concurrency 10001", options => Of(options, new WorkerOptions { Concurrency = 10001 }) },
        { "queue \"q\": MaxClaim 0", options => Of(options, new WorkerOptions { MaxClaim = 0 }) },
        { "queue \"q\": MaxClaim 10001", options => Of(options, new WorkerOptions { MaxClaim = 10001 }) },
        { "queue \"q\": MaxPrefetch -1", options => Of(options, new WorkerOptions { MaxPrefetch = -1 }) },
        { "queue \"q\": MaxPrefetch 100001", options => Of(options, new WorkerOptions { MaxPrefetch = 100001 }) },
        { "queue \"q\": FlushSize 0", options => Of(options, new WorkerOptions { FlushSize = 0 }) },
        { "queue \"q\": FlushSize 10001", options => Of(options, new WorkerOptions { FlushSize = 10001 }) },
        { "queue \"q\": PrefetchTime", options => Of(options, new WorkerOptions { PrefetchTime = TimeSpan.FromSeconds(11) }) },
        { "queue \"q\": PrefetchTime", options => Of(options, new WorkerOptions { PrefetchTime = TimeSpan.FromSeconds(-1) }) },
        { "queue \"q\": FlushInterval", options => Of(options, new WorkerOptions { FlushInterval = TimeSpan.FromSeconds(2) }) },
        { "queue \"q\": MinPollInterval", options => Of(options, new WorkerOptions { MinPollInterval = TimeSpan.Zero }) },
        { "queue \"q\": MaxPollInterval 00:00:01", options => Of(options, new WorkerOptions { MinPollInterval = TimeSpan.FromSeconds(2), MaxPollInterval = TimeSpan.FromSeconds(1) }) },
    };

    [Theory]
    [MemberData(nameof(OrchestratorFaults))]
    public void Each_fault_of_the_orchestrator_and_its_workers_is_named_with_its_value(string named, Func<OrchestratorOptions, OrchestratorOptions> change)
    {
        Assert.StartsWith(named, Assert.Single(change(new OrchestratorOptions()).Validate()), StringComparison.Ordinal);
    }

    [Fact]
    public void All_faults_are_listed_at_once()
    {
        var options = new OrchestratorOptions
        {
            DrainTimeout = TimeSpan.FromSeconds(-1),
            CancelTimeout = TimeSpan.FromSeconds(-1),
            Worker = new WorkerOptions { Concurrency = 0, MaxClaim = 0, FlushSize = 0 },
        };

        Assert.Equal(5, options.Validate().Count);
        Assert.Equal(4, new ConductorOptions { ConnectionString = "", MaxPayloadBytes = 0, StatementTimeout = TimeSpan.Zero, ApplicationName = "" }.Validate().Count);
    }

    private static OrchestratorOptions Of(OrchestratorOptions options, WorkerOptions worker) =>
        options with { Queues = new Dictionary<string, WorkerOptions> { ["q"] = worker } };
}
