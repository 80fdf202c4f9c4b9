using Npgsql;
using PgConductor.RepositoryTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.RepositoryTests.Docs;

/// <summary>docs/guides/sql-workers.md, followed from its first block to its last.</summary>
public sealed class SqlWorkerGuideTests
{
    private const string Guide = "docs/guides/sql-workers.md";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_worker_that_does_what_the_guide_says_works()
    {
        await using var database = await TestDatabase.CreateAsync();
        var blocks = Markdown.Blocks(new SourceFile(Guide, Repository.Read(Guide))).Where(block => block.Language == "sql").Select(block => block.Text).ToList();
        Assert.Equal(5, blocks.Count);

        Assert.Single(await RunAsync(database, blocks[0]));
        Assert.Equal(2, (await RunAsync(database, blocks[1])).Count);
        var claimed = await RunAsync(database, blocks[2]);
        Assert.Equal(["1 1 {\"to\": \"ada@example.org\"}", "2 1 {\"to\": \"a\"}", "3 1 {\"to\": \"b\"}"], claimed.Select(row => $"{row[1]} {row[3]} {row[4]}"));

        // The guide's lease is 1; a real one has the number that the claim gave.
        var lease = $"{claimed[0][0]}";
        string Real(string block) => block.Replace("array[1, 1]", $"array[{lease}, {lease}]", StringComparison.Ordinal)
            .Replace("array[1],", $"array[{lease}],", StringComparison.Ordinal).Replace("', 1, 3,", $"', {lease}, 3,", StringComparison.Ordinal);
        Assert.Equal([$"{lease} 1 completed", $"{lease} 2 retried"], (await RunAsync(database, Real(blocks[3]))).Select(row => string.Join(' ', row)));
        Assert.Equal("suspended", Assert.Single(await RunAsync(database, Real(blocks[4])), row => row[0] is string text && text.Length > 0)[0]);

        // The step is there, and the execution asleep for a minute.
        Assert.Equal("{\"receipt\": 7}", await database.ScalarAsync<string>("select result::text from pgconductor.steps where name = 'charge'"));
        Assert.Equal("scheduled", await database.ScalarAsync<string>("select state from pgconductor.all_executions where id = $1", claimed[2][2]));
        Assert.Equal("mailbox full", await database.ScalarAsync<string>("select errors -> 0 ->> 'message' from pgconductor.executions where id = $1", claimed[1][2]));
    }

    /// <summary>"Or, at the cost of a trigger", "with PC008 if the execution is no longer yours", "put back 30 s after the claim".</summary>
    [Fact]
    public async Task What_it_says_between_its_blocks_holds()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("insert into pgconductor.tasks (key) values ('send-mail')");
        await database.ExecuteAsync("insert into pgconductor.executions (task_key, payload) values ('send-mail', '{}')");
        const string Claim = "select lease_id, id from pgconductor.get_executions('send-mail', '0190f5fe-0000-7000-8000-000000000001', 10)";
        var claimed = Assert.Single(await RunAsync(database, Claim));
        var id = claimed[1];
        var stranger = await Assert.ThrowsAsync<PostgresException>(() => database.ExecuteAsync($"select pgconductor.save_step('0190f5fe-0000-7000-8000-000000000002', {claimed[0]}, 1, 'charge', '1')"));
        Assert.Equal("PC008", stranger.SqlState);

        // In 29 seconds nobody takes it over; after 30 it is put back, and its attempt was counted.
        const string Later = "select set_config('pgconductor.fake_now', (now() + '{0}')::text, false); select pgconductor.recover_stale_orchestrators()";
        await database.ExecuteAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, Later, "29 s"));
        Assert.Equal("running", await database.ScalarAsync<string>("select state from pgconductor.all_executions where id = $1", id));
        await database.ExecuteAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, Later, "31 s"));
        Assert.Equal((short)1, await database.ScalarAsync<short>("select attempts from pgconductor.executions where id = $1", id));
    }

    private static async Task<List<object[]>> RunAsync(TestDatabase database, string sql)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var rows = new List<object[]>();
        do
        {
            while (await reader.ReadAsync(Token))
            {
                var row = new object[reader.FieldCount];
                reader.GetValues(row);
                rows.Add(row);
            }
        }
        while (await reader.NextResultAsync(Token));
        return rows;
    }
}
