using System.Text.Json;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.CliTests.Commands;

public sealed class EventCommandTests
{
    [Fact]
    public async Task An_event_is_emitted_and_what_fails_of_it_is_listed()
    {
        await using var database = await TestDatabase.CreateAsync();
        var connection = database.ConnectionString;
        await database.ExecuteAsync("""
            select pgconductor.register_subscriptions('shop', '[{"task_key": "mail", "name": "m", "event": "paid", "fields": ["n"], "filter": {"path": "$.n > 1 || $ == 7"}}]');
            select pgconductor.register_subscriptions('other', '[{"task_key": "mail", "name": "m", "event": "lost"}]');
            """);

        var subscription = Assert.Single((await Cli.Run(connection, "events", "list-subscriptions", "--service", "shop", "--json")).Expect(0).Lines);
        Assert.Equal(("shop", "mail", "paid", "n"), (subscription.GetProperty("service").GetString(), subscription.GetProperty("task").GetString(), subscription.GetProperty("source").GetString(), subscription.GetProperty("fields")[0].GetString()));
        Assert.Contains("lost", (await Cli.Run(connection, "events", "list-subscriptions")).Expect(0).Out, StringComparison.Ordinal);

        var made = (await Cli.Run(connection, "events", "emit", "paid", "--payload", """{"n":2,"m":3}""", "--json")).Expect(0).Document;
        Assert.Equal("paid", made.GetProperty("key").GetString());
        Assert.Equal("""{"n": 2}""", await database.ScalarAsync<string>("select payload::text from pgconductor.executions"));

        (await Cli.Run(connection, "events", "emit", "paid", "--payload", "7")).Expect(0);
        var failure = Assert.Single((await Cli.Run(connection, "events", "failures", "--json")).Expect(0).Lines);
        Assert.Equal(("paid", "mail", 7), (failure.GetProperty("source").GetString(), failure.GetProperty("task").GetString(), failure.GetProperty("payload").GetInt32()));
        Assert.Contains("no object", (await Cli.Run(connection, "events", "failures")).Expect(0).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_input_is_refused()
    {
        await using var database = await TestDatabase.CreateAsync();

        (await Cli.Run(database.ConnectionString, "events", "emit", "paid", "--payload", "{")).Expect(2);
        (await Cli.Run(database.ConnectionString, "events", "emit", "paid", "--payload", "1", "--payload-file", "x")).Expect(2);
        var refused = (await Cli.Run(database.ConnectionString, "events", "emit", new string('k', 401), "--json")).Expect(2);
        Assert.Equal("invalid-argument", JsonDocument.Parse(refused.Error).RootElement.GetProperty("error").GetProperty("code").GetString());
    }
}
