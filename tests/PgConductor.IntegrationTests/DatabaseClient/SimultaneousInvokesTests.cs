using System.Globalization;
using Npgsql;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.DatabaseClient;

/// <summary>Single invokes that are made at the same time travel together, and nobody notices.</summary>
public sealed class SimultaneousInvokesTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job");
    private static readonly TaskDefinition<int, NoResult> _misplaced = TaskDefinition.Create<int>("misplaced", new TaskOptions { Queue = "nowhere" });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_has_its_own_outcome_and_one_that_is_refused_spoils_nobody_elses()
    {
        await using var engine = await TestEngine.CreateAsync();
        var before = await CommitsAsync(engine);
        var good = Enumerable.Range(0, 300).Select(n => engine.Conductor.InvokeAsync(_job, n, cancellationToken: Token)).ToArray();
        var bad = Enumerable.Range(0, 3).Select(n => engine.Conductor.InvokeAsync(_misplaced, n, cancellationToken: Token)).ToArray();
        var more = Enumerable.Range(300, 300).Select(n => engine.Conductor.InvokeAsync(_job, n, cancellationToken: Token)).ToArray();

        var handles = await Task.WhenAll(good.Concat(more));
        foreach (var invoke in bad)
        {
            Assert.Equal(ConductorErrorCode.UnknownQueue, (await Assert.ThrowsAsync<ConductorException>(() => invoke)).Code);
        }

        Assert.Equal(600, handles.Select(handle => handle.Id).Distinct().Count());
        for (var n = 0; n < handles.Length; n += 37)
        {
            var info = await engine.Conductor.GetAsync(handles[n].Id, Token);
            Assert.Equal(n, info!.Payload!.Value.GetInt32());
        }

        Assert.Equal(600, await engine.Database.ScalarAsync<long>("select count(*) from pgconductor.executions"));
        Assert.InRange(await CommitsAsync(engine) - before, 1, 400);
    }

    [Fact]
    public async Task One_that_waits_for_a_lock_holds_up_no_other_task()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Conductor.InvokeAsync(_job, 0, cancellationToken: Token);
        await using var connection = await engine.Database.DataSource.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var command = new NpgsqlCommand("insert into pgconductor.tasks (key) values ('made-elsewhere')", connection, transaction))
        {
            await command.ExecuteNonQueryAsync(Token);
        }

        var stuck = Enumerable.Range(0, 10).Select(n => engine.Conductor.InvokeAsync("made-elsewhere", Json(n), cancellationToken: Token)).ToArray();
        await Eventually.IsTrue(async () => await engine.Database.ScalarAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") > 0, "they wait for the transaction");
        var others = Enumerable.Range(1, 50).Select(n => engine.Conductor.InvokeAsync(_job, n, cancellationToken: Token)).ToArray();
        await Task.WhenAll(others).WaitAsync(TimeSpan.FromSeconds(20), Token);
        Assert.All(stuck, invoke => Assert.False(invoke.IsCompleted));

        await transaction.CommitAsync(Token);
        await Task.WhenAll(stuck);
        Assert.Equal(61, await engine.Database.ScalarAsync<long>("select count(*) from pgconductor.executions"));
    }

    private static System.Text.Json.JsonElement Json(int n) => System.Text.Json.JsonDocument.Parse(n.ToString(CultureInfo.InvariantCulture)).RootElement;

    private static Task<long> CommitsAsync(TestEngine engine) => engine.Database.ScalarAsync<long>("select count(distinct xmin::text) from pgconductor.executions_default");
}
