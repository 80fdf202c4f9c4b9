using Npgsql;
using NpgsqlTypes;
using PgConductor.Testing.Clocks;

namespace PgConductor.Testing;

/// <summary>The clock of a <see cref="ConductorTestHost"/>: it stands still until the test moves it, for C# and SQL together.</summary>
/// <remarks>
/// <para>
/// Every session of the host's database sees it, whoever opened it: the database's own
/// <c>pgconductor.current_time()</c> reads it from a table. C# code sees it as a <see cref="TimeProvider"/>: give it
/// to your handlers, whose timers then fire when it is moved. Its resolution is a microsecond.
/// </para>
/// <para>Thread-safe: moves take turns. It only goes forward. Processes of the host that are alive count as alive after a move, however far.</para>
/// </remarks>
#pragma warning disable CA1001 // A SemaphoreSlim whose wait handle nobody asks for has nothing to dispose of.
public sealed class HostClock : TimeProvider
#pragma warning restore CA1001
{
    /// <summary>How long calls are held for timers that fire.</summary>
    private static readonly TimeSpan _longestHold = TimeSpan.FromSeconds(1);

    private readonly NpgsqlDataSource _source;
    private readonly TestClock _clock;
    private readonly CallGate _calls;
    private readonly Func<Guid[]> _crashed;
    private readonly SemaphoreSlim _moving = new(1, 1);

    internal HostClock(NpgsqlDataSource source, DateTimeOffset start, CallGate calls, Func<Guid[]> crashed)
    {
        _source = source;
        _clock = new TestClock(start);
        _calls = calls;
        _crashed = crashed;
        Engine = new EngineClock(start);
    }

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override long TimestampFrequency => _clock.TimestampFrequency;

    internal EngineClock Engine { get; }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _clock.GetUtcNow();

    /// <inheritdoc/>
    public override long GetTimestamp() => _clock.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _clock.CreateTimer(callback, state, dueTime, period);

    /// <summary>Moves the clock on: in the database first, then in C#, where every timer it passes fires.</summary>
    /// <param name="by">How far; not negative.</param>
    /// <param name="cancellationToken">Gives up before the move.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="by"/> is negative, or leads beyond the year 9999.</exception>
    /// <exception cref="NpgsqlException">The database cannot be reached; the clock was not moved.</exception>
    public async Task AdvanceAsync(TimeSpan by, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        await _moving.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await MoveAsync(GetUtcNow() + by, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _moving.Release();
        }
    }

    /// <summary>Moves the clock to an instant, as <see cref="AdvanceAsync"/> does.</summary>
    /// <param name="instant">Not before the clock's time.</param>
    /// <param name="cancellationToken">Gives up before the move.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="instant"/> has passed.</exception>
    /// <exception cref="NpgsqlException">The database cannot be reached; the clock was not moved.</exception>
    public async Task SetToAsync(DateTimeOffset instant, CancellationToken cancellationToken = default)
    {
        await _moving.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (instant < GetUtcNow())
            {
                throw new ArgumentOutOfRangeException(nameof(instant), instant, $"The clock stands at {GetUtcNow():O} and only goes forward: what has run cannot be undone. Start a host of its own with an earlier {nameof(ConductorTestHostOptions)}.{nameof(ConductorTestHostOptions.Start)}.");
            }

            await MoveAsync(instant, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _moving.Release();
        }
    }

    /// <summary>To a whole microsecond, which is what the database has.</summary>
    internal static DateTimeOffset Whole(DateTimeOffset instant) => new(instant.UtcTicks - (instant.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);

    private async Task MoveAsync(DateTimeOffset instant, CancellationToken cancellationToken)
    {
        instant = Whole(instant);
        var advancing = Task.CompletedTask;
        try
        {
            await _calls.CloseAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            var command = _source.CreateCommand(ClockSql.Move);
            await using (command.ConfigureAwait(false))
            {
                command.Parameters.Add(new NpgsqlParameter { Value = instant.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
                command.Parameters.Add(new NpgsqlParameter { Value = _crashed(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
                await command.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
            }

            // Before the next claim: an execution that is due by the new time must not sleep from the old one.
            Engine.MoveTo(instant);

            // Nor must a handler that starts then read the old time. A callback that blocks on a call of its own is let through.
            advancing = Task.Run(() => _clock.Advance(instant - _clock.GetUtcNow()), CancellationToken.None);
            await Task.WhenAny(advancing, Task.Delay(_longestHold, TimeProvider.System, CancellationToken.None)).ConfigureAwait(false);
        }
        finally
        {
            _calls.Open();
        }

        Engine.RingPassed();
        await advancing.ConfigureAwait(false);
    }
}
