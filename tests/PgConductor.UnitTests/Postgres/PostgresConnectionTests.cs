using Npgsql;
using PgConductor.Postgres;
using Xunit;

namespace PgConductor.UnitTests.Postgres;

public sealed class PostgresConnectionTests
{
    [Fact]
    public async Task An_explicit_connection_wins_over_the_environment()
    {
        await using PostgresConnection connection = await Resolve("postgres://one.example/shop", "postgres://two.example/shop");

        Assert.Equal(("one.example", PostgresConnectionSource.Explicit), (Host(connection), connection.Source));
        Assert.False(connection.IsEmbedded);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    public async Task The_environment_wins_over_a_local_server(string? explicitConnection)
    {
        await using PostgresConnection connection = await Resolve(explicitConnection, "Host=two.example");

        Assert.Equal(("two.example", PostgresConnectionSource.Environment), (Host(connection), connection.Source));
        Assert.Null(connection.Server);
    }

    [Fact]
    public async Task A_local_server_is_the_last_resort()
    {
        // The folder does not exist, so that trying to start a server shows as an error.
        var options = new LocalPostgresOptions { BinDirectory = Path.Combine(Path.GetTempPath(), "no-such-folder") };

        var error = await Assert.ThrowsAsync<LocalPostgresException>(() =>
            PostgresConnection.ResolveAsync(null, _ => " ", options, null, TestContext.Current.CancellationToken)
        );

        Assert.Equal(LocalPostgresErrors.BinariesNotFound, error.Code);
    }

    [Theory]
    [InlineData("postgres://app:hunter2@db.example/shop", "db.example:5432/shop as app")]
    [InlineData("postgres://db.example:7/shop", "db.example:7/shop")]
    [InlineData("postgres://app@one.example:1,two.example:2/shop", "one.example:1,two.example:2/shop as app")]
    public async Task The_description_is_fit_to_be_shown(string url, string expected)
    {
        await using PostgresConnection connection = await Resolve(url, null);

        Assert.Equal(expected, connection.Description);
    }

    private static Task<PostgresConnection> Resolve(string? explicitConnection, string? variable) =>
        PostgresConnection.ResolveAsync(
            explicitConnection,
            name => name == "DATABASE_URL" ? variable : null,
            null,
            null,
            TestContext.Current.CancellationToken
        );

    private static string? Host(PostgresConnection connection) => new NpgsqlConnectionStringBuilder(connection.ConnectionString).Host;
}
