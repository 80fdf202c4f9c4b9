using System.Diagnostics;
using PgConductor.Testing;
using PgConductor.Testing.Servers;
using Xunit;

namespace PgConductor.TestingTests;

/// <summary>Alone on the machine, as far as this program goes: its figure is in docs/guides/testing.md.</summary>
[Collection(nameof(StartTests))]
[CollectionDefinition(nameof(StartTests), DisableParallelization = true)]
public sealed class StartTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_starts_within_100_ms_once_the_server_runs()
    {
        await using (await ConductorTestHost.StartAsync(cancellationToken: Token))
        {
            // The first one pays for the server and the schema.
        }

        var server = await TestServer.GetAsync(null);
        var times = new List<double>();
        for (var i = 0; i < 9; i++)
        {
            // As between two test classes, in which the next one's database is made.
            await server.SpareAsync();
            var clock = Stopwatch.StartNew();
            await using var host = await ConductorTestHost.StartAsync(new TaskCollection().Add(_job, (_, _) => Task.CompletedTask), cancellationToken: Token);
            times.Add(clock.Elapsed.TotalMilliseconds);
        }

        times.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine($"Hosts started in {string.Join(", ", times.Select(time => $"{time:0}"))} ms.");
        Assert.True(times[4] < 100, $"The median is {times[4]:0} ms; all: {string.Join(", ", times.Select(time => $"{time:0}"))}.");
    }
}
