using Npgsql;
using PgConductor.Database;
using PgConductor.TestSupport;
using PgConductor.TestSupport.InMemory;

namespace PgConductor.ConformanceTests;

/// <summary>Which implementation a suite runs against.</summary>
public enum Backend
{
    PostgreSql,
    InMemory,
}

/// <summary>One implementation of the database client, with a clock that the test moves.</summary>
internal abstract class Subject : IAsyncDisposable
{
    public static readonly DateTimeOffset Start = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public abstract IDatabaseClient Client { get; }

    public abstract DateTimeOffset Now { get; }

    public static async Task<Subject> CreateAsync(Backend backend) =>
        backend == Backend.PostgreSql ? new PostgreSqlSubject(await TestDatabase.CreateAsync()) : new InMemorySubject();

    public abstract Task AdvanceAsync(TimeSpan by);

    public abstract ValueTask DisposeAsync();

    /// <summary>The real one. The server's clock is a setting of the session, so a new time means new connections.</summary>
    private sealed class PostgreSqlSubject(TestDatabase database) : Subject
    {
        private DatabaseClient _client = Connect(database, Start);
        private DateTimeOffset _now = Start;

        public override IDatabaseClient Client => _client;

        public override DateTimeOffset Now => _now;

        public override async Task AdvanceAsync(TimeSpan by)
        {
            _now += by;
            await _client.DisposeAsync();
            _client = Connect(database, _now);
        }

        public override async ValueTask DisposeAsync()
        {
            await _client.DisposeAsync();
            await database.DisposeAsync();
        }

        private static DatabaseClient Connect(TestDatabase database, DateTimeOffset now)
        {
            var builder = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Options = $"-c pgconductor.fake_now={now.UtcDateTime:yyyy-MM-ddTHH:mm:ss.ffffff}Z" };
            return new DatabaseClient(new ConductorOptions { ConnectionString = builder.ConnectionString });
        }
    }

    private sealed class InMemorySubject : Subject
    {
        private readonly TestClock _clock = new(Start);

        public InMemorySubject() => Client = new InMemoryDatabaseClient(_clock);

        public override IDatabaseClient Client { get; }

        public override DateTimeOffset Now => _clock.GetUtcNow();

        public override Task AdvanceAsync(TimeSpan by)
        {
            _clock.Advance(by);
            return Task.CompletedTask;
        }

        public override ValueTask DisposeAsync() => Client.DisposeAsync();
    }
}
