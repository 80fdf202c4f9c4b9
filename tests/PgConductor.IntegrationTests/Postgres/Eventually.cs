using System.Diagnostics;
using Xunit;

namespace PgConductor.IntegrationTests.Postgres;

/// <summary>Waits for a state, with a deadline.</summary>
internal static class Eventually
{
    public static Task IsTrue(Func<bool> condition, string what, int seconds = 60) => IsTrue(() => Task.FromResult(condition()), what, seconds);

    public static async Task IsTrue(Func<Task<bool>> condition, string what, int seconds = 60)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed.TotalSeconds > seconds)
            {
                Assert.Fail($"Not within {seconds} s: {what}");
            }

            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
