using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.Json.Nodes;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Events;

/// <summary>Tasks that are started by events and by changes of tables. N23 and N24 are here.</summary>
public sealed class SubscriptionTests
{
    private static readonly TaskDefinition<JsonElement, NoResult> _mail = TaskDefinition.Create<JsonElement>("mail");
    private static readonly TaskDefinition<TableChange<Row>, NoResult> _index = TaskDefinition.Create<TableChange<Row>>("index");

    private sealed record Row(int Id, string? Status);

    [Fact]
    public async Task Subscriptions_start_tasks_with_the_fields_they_choose_and_belong_to_their_service()
    {
        await using var engine = await TestEngine.CreateAsync();
        var got = new ConcurrentQueue<string>();
        TaskCollection Tasks() => new TaskCollection().Add(_mail, (payload, _) =>
        {
            got.Enqueue(payload.GetRawText().Replace(" ", "", StringComparison.Ordinal));
            return Task.CompletedTask;
        });
        await engine.StartAsync(
            Tasks()
                .Subscribe(_mail, EventSubscription.To("paid") with { Fields = ["id"], Filter = EventFilter.Matching("$.amount > 100").And(EventFilter.Containing(new JsonObject { ["currency"] = "EUR" })) })
                .Subscribe(_mail, EventSubscription.To("lost")),
            options => options with { Service = "shop" });
        await engine.StartAsync(Tasks().Subscribe(_mail, EventSubscription.To("other")), options => options with { Service = "billing" }, engine.NewConductor());
        Assert.Equal(["billing other", "shop lost", "shop paid"], (await engine.Conductor.ListSubscriptionsAsync(cancellationToken: TestEngine.Token)).Select(item => $"{item.Service} {item.EventKey}"));

        await engine.Conductor.EmitAsync("paid", new { id = 1, amount = 50, currency = "EUR" }, cancellationToken: TestEngine.Token);
        await engine.Conductor.EmitAsync("paid", new { id = 2, amount = 500, currency = "EUR" }, cancellationToken: TestEngine.Token);
        await engine.Conductor.EmitAsync("paid", new { id = 3, amount = 500, currency = "USD" }, cancellationToken: TestEngine.Token);
        await engine.Conductor.EmitManyAsync([new("lost", JsonElement.Parse("4")), new("nobody", JsonElement.Parse("5"))], cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(() => got.Count == 2, "two are started");
        await engine.IsDoneAsync();
        Assert.Equal(["4", """{"id":2}"""], got.Order(StringComparer.Ordinal));

        // A version of the shop that no longer wants to know what was lost.
        await engine.StartAsync(Tasks().Subscribe(_mail, EventSubscription.To("paid")), options => options with { Service = "shop" }, engine.NewConductor());
        Assert.Equal(["other", "paid"], (await engine.Conductor.ListSubscriptionsAsync(cancellationToken: TestEngine.Token)).Select(item => item.EventKey));
    }

    [Fact]
    public async Task An_event_is_delivered_if_and_only_if_its_transaction_commits()
    {
        await using var engine = await TestEngine.CreateAsync();
        var started = new ConcurrentQueue<int>();
        await engine.StartAsync(
            new TaskCollection().Add(_mail, (payload, _) =>
            {
                started.Enqueue(payload.GetInt32());
                return Task.CompletedTask;
            }).Subscribe(_mail, EventSubscription.To("paid")),
            options => options with { Service = "shop" });
        await using var connection = new Npgsql.NpgsqlConnection(engine.Database.ConnectionString);
        await connection.OpenAsync(TestEngine.Token);
        await using (var rolledBack = await connection.BeginTransactionAsync(TestEngine.Token))
        {
            await engine.Conductor.EmitAsync("paid", 1, rolledBack, TestEngine.Token);
            await rolledBack.RollbackAsync(TestEngine.Token);
        }

        await using (var committed = await connection.BeginTransactionAsync(TestEngine.Token))
        {
            await engine.Conductor.EmitAsync("paid", 2, committed, TestEngine.Token);
            Assert.Equal(0, await engine.CountAsync("executions"));
            await committed.CommitAsync(TestEngine.Token);
        }

        await Eventually.IsTrue(() => !started.IsEmpty, "the committed one is delivered");
        await engine.IsDoneAsync();
        Assert.Equal([2], started);
        Assert.Equal(0, await engine.CountAsync("events"));
    }

    /// <summary>A heartbeat delivers a hundred; the next one, twenty seconds later, must not be waited for.</summary>
    [Fact]
    public async Task What_a_transaction_with_a_snapshot_of_its_own_emits_is_delivered_right_after_its_commit_however_much_it_is()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(
            new TaskCollection().Add(_mail, (_, _) => Task.CompletedTask).Subscribe(_mail, EventSubscription.To("paid")),
            options => options with { Service = "shop", Heartbeat = TimeSpan.FromSeconds(20), Takeover = TimeSpan.FromMinutes(2) });
        await using var connection = await engine.Database.DataSource.OpenConnectionAsync(TestEngine.Token);
        await using (var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, TestEngine.Token))
        {
            await engine.Conductor.EmitManyAsync([.. Enumerable.Range(0, 350).Select(n => new Client.EventItem("paid", JsonElement.Parse($"{n}")))], transaction, TestEngine.Token);
            await transaction.CommitAsync(TestEngine.Token);
        }

        var clock = System.Diagnostics.Stopwatch.StartNew();
        await Eventually.IsTrue(async () => await engine.CountAsync("events") == 0, "all are delivered");
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(19), $"it took {clock.Elapsed}");
        await engine.IsDoneAsync();
        Assert.Equal(350, await engine.CountAsync("completed_executions"));
    }

    [Fact]
    public async Task A_table_starts_tasks_and_what_fails_is_told_and_breaks_no_statement()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Conductor.MigrateAsync(TestEngine.Token);
        await engine.Database.ExecuteAsync("create table orders (id integer, status text, note text)");
        var got = new ConcurrentQueue<TableChange<Row>>();
        var log = new CapturedLog();
        await engine.StartAsync(
            new TaskCollection().Add(_index, (change, _) =>
            {
                got.Enqueue(change);
                return Task.CompletedTask;
            })
                .Subscribe(_index, EventSubscription.ToTable("public", "orders", TableOperation.Insert) with { Columns = ["id", "status"] })
                .Subscribe(_index, EventSubscription.ToTable("public", "orders", TableOperation.Update) with { Columns = ["id", "status"] }),
            options => options with { Service = "shop" },
            loggers: log);

        await engine.Database.ExecuteAsync("insert into orders values (1, 'new', 'x')");
        await engine.Database.ExecuteAsync("update orders set note = 'y'");
        await engine.Database.ExecuteAsync("update orders set status = 'paid'");
        await Eventually.IsTrue(() => got.Count == 2, "both are started");
        Assert.Equal(new TableChange<Row>("insert", "public", "orders", new Row(1, "new"), null), got.First(change => change.Old is null));
        Assert.Equal(new TableChange<Row>("update", "public", "orders", new Row(1, "paid"), new Row(1, "new")), got.First(change => change.Old is not null));

        await engine.Database.ExecuteAsync("alter table orders drop column status");
        await engine.Database.ExecuteAsync("insert into orders values (2, 'z')");
        Assert.Equal(2L, await engine.Database.ScalarAsync<long>("select count(*) from orders"));
        var failure = Assert.Single(await engine.Conductor.ListEventFailuresAsync(cancellationToken: TestEngine.Token));
        Assert.Equal(("public.orders insert", "index", "PC004"), (failure.Source, failure.TaskKey, failure.SqlState));
        Assert.Contains("\"status\"", failure.Message, StringComparison.Ordinal);
        await Eventually.IsTrue(() => log.Has(1121), "a process tells of it", 30);
    }

    [Fact]
    public async Task What_cannot_be_is_refused_at_start_by_name()
    {
        await using var engine = await TestEngine.CreateAsync();
        TaskCollection Tasks(EventSubscription subscription) => new TaskCollection().Add(_mail, (_, _) => Task.CompletedTask).Subscribe(_mail, subscription);
        async Task<string> Refused(EventSubscription subscription)
        {
            var orchestrator = engine.New(Tasks(subscription), options => options with { Service = "shop" }, engine.NewConductor());
            var exception = await Assert.ThrowsAsync<ConductorException>(() => orchestrator.StartAsync(TestEngine.Token));
            Assert.Equal(ConductorErrorCode.InvalidArgument, exception.Code);
            return exception.Message;
        }

        Assert.Contains("$.amount >", await Refused(EventSubscription.To("paid") with { Filter = EventFilter.Matching("$.amount >") }), StringComparison.Ordinal);
        Assert.Contains("\"none\"", await Refused(EventSubscription.ToTable("public", "none", TableOperation.Delete)), StringComparison.Ordinal);
        Assert.Empty(await engine.Conductor.ListSubscriptionsAsync(cancellationToken: TestEngine.Token));
        Assert.Contains("Service", Assert.Throws<ConductorException>(() => engine.New(Tasks(EventSubscription.To("paid")))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Tasks(EventSubscription.To("paid")).Subscribe(_mail, EventSubscription.To("paid")));
        Assert.Throws<ArgumentException>(() => Tasks(EventSubscription.To("paid") with { Columns = ["id"] }));
    }

    /// <summary>N23: written by a program that checks nothing, or read by a server that knows another jsonpath.</summary>
    [Fact]
    public async Task A_filter_that_throws_breaks_no_transaction_and_is_told()
    {
        await using var engine = await TestEngine.CreateAsync();
        var counted = 0L;
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "pgconductor.events.failed")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<long>((_, sum, _, _) => Interlocked.Add(ref counted, sum));
        meters.Start();
        await engine.Conductor.MigrateAsync(TestEngine.Token);
        await engine.Database.ExecuteAsync("create table orders (id integer, status text); create table audit (what text)");
        var got = new ConcurrentQueue<string>();
        await engine.StartAsync(
            new TaskCollection()
                .Add(_index, (change, _) =>
                {
                    got.Enqueue($"row {change.New!.Id}");
                    return Task.CompletedTask;
                })
                .Add(_mail, (payload, _) =>
                {
                    got.Enqueue($"event {payload.GetInt32()}");
                    return Task.CompletedTask;
                })
                .Subscribe(_index, EventSubscription.ToTable("public", "orders", TableOperation.Insert) with { Name = "good" })
                .Subscribe(_index, EventSubscription.ToTable("public", "orders", TableOperation.Insert) with { Name = "bad", Filter = EventFilter.Matching("$.new.id > 0") })
                .Subscribe(_mail, EventSubscription.To("paid") with { Name = "good" })
                .Subscribe(_mail, EventSubscription.To("paid") with { Name = "bad", Filter = EventFilter.Matching("$ > 0") }),
            options => options with { Service = "shop" });
        await engine.Database.ExecuteAsync("""update pgconductor.subscriptions set filter = '{"path": "$.a >"}' where name = 'bad'""");

        await engine.Database.ExecuteAsync("begin; insert into audit values ('before'); insert into orders values (7, 'new'); select pgconductor.emit_event('paid', '8'); insert into audit values ('after'); commit");

        Assert.Equal((2L, 1L), (await engine.Database.ScalarAsync<long>("select count(*) from audit"), await engine.Database.ScalarAsync<long>("select count(*) from orders")));
        await Eventually.IsTrue(() => got.Count == 2, "the good ones are started");
        await engine.IsDoneAsync();
        Assert.Equal(["event 8", "row 7"], got.Order(StringComparer.Ordinal));
        var failures = await engine.Conductor.ListEventFailuresAsync(cancellationToken: TestEngine.Token);
        Assert.Equal([("paid", "bad"), ("public.orders insert", "bad")], failures.Select(failure => (failure.Source, failure.Name!)).Order());
        Assert.All(failures, failure => Assert.Contains("jsonpath", failure.Message, StringComparison.Ordinal));
        await Eventually.IsTrue(() => Interlocked.Read(ref counted) >= 2, "and counted");
    }

    /// <summary>N24. What an emit then reads is counted in tests/sql/plans/events.sql.</summary>
    [Fact]
    public async Task A_thousand_subscriptions_are_registered_within_a_second_and_start_what_they_say()
    {
        await using var engine = await TestEngine.CreateAsync();
        var got = new ConcurrentQueue<int>();
        var tasks = new TaskCollection().Add(_mail, (payload, _) =>
        {
            got.Enqueue(payload.GetInt32());
            return Task.CompletedTask;
        });
        for (var n = 0; n < 1000; n++)
        {
            tasks.Subscribe(_mail, EventSubscription.To($"event {n}") with { Filter = EventFilter.Matching("$ > 0") });
        }

        await engine.Conductor.MigrateAsync(TestEngine.Token);

        // The best of three: a machine that is busy with something else is late once.
        var took = new List<TimeSpan>();
        foreach (var service in (string[])["a", "b", "c"])
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            Assert.Equal(1000, (await engine.Conductor.Database.RegisterSubscriptionsAsync(service, tasks.Subscriptions, TestEngine.Token)).Created);
            took.Add(clock.Elapsed);
        }

        Assert.True(took.Min() < TimeSpan.FromSeconds(1), string.Join(' ', took));
        await engine.Database.ExecuteAsync("delete from pgconductor.subscriptions where service <> 'a'");
        await engine.StartAsync(tasks, options => options with { Service = "a" });
        await engine.Conductor.EmitAsync("event 999", 5, cancellationToken: TestEngine.Token);
        await engine.Conductor.EmitAsync("event 1000", 6, cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(() => !got.IsEmpty, "it is started");
        await engine.IsDoneAsync();
        Assert.Equal([5], got);
    }
}
