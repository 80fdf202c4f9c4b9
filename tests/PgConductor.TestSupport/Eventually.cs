using System.Diagnostics;

namespace PgConductor.TestSupport;

/// <summary>Waits for a state, with a deadline; for black boxes. Where there is a signal, wait for the signal.</summary>
public static class Eventually
{
    /// <summary>Returns when the condition holds; throws, naming what was waited for, when it does not in time.</summary>
    public static Task IsTrue(Func<bool> condition, string what, int seconds = 60) => IsTrue(() => Task.FromResult(condition()), what, seconds);

    /// <inheritdoc cref="IsTrue(Func{bool}, string, int)"/>
    public static Task IsTrue(Func<bool> condition, Func<string> what, int seconds = 60) => IsTrue(() => Task.FromResult(condition()), what, seconds);

    /// <inheritdoc cref="IsTrue(Func{bool}, string, int)"/>
    public static Task IsTrue(Func<Task<bool>> condition, string what, int seconds = 60) => IsTrue(condition, () => what, seconds);

    /// <inheritdoc cref="IsTrue(Func{bool}, string, int)"/>
    public static async Task IsTrue(Func<Task<bool>> condition, Func<string> what, int seconds = 60)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed.TotalSeconds > seconds)
            {
                throw new TimeoutException($"Not within {seconds} s: {what()}");
            }

            await Task.Delay(10);
        }
    }
}
