using Microsoft.Extensions.Logging.Abstractions;
using PgConductor.Database;
using PgConductor.Steps;
using PgConductor.TestSupport.InMemory;
using Xunit;

namespace PgConductor.UnitTests.Steps;

public sealed class StepWriterTests : IAsyncDisposable
{
    private static readonly TaskDefinition<int, NoResult> _task = TaskDefinition.Create<int>("t");

    private readonly InMemoryDatabaseClient _database = new(TimeProvider.System);
    private readonly Guid _me = Guid.CreateVersion7();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_comes_while_one_is_stored_goes_together()
    {
        var (lease, writer) = await StartAsync();
        var block = _database.Faults.Block(nameof(IStepStore.SaveStepsAsync));
        var first = writer.SaveAsync(Step(lease, "0"));
        await block.Entered;
        var others = Enumerable.Range(1, 50).Select(n => writer.SaveAsync(Step(lease, $"{n}"))).ToList();
        block.Dispose();

        Assert.All(await Task.WhenAll(others.Append(first)), effect => Assert.Equal(StepEffect.Saved, effect));
        Assert.Equal(2, _database.Faults.Calls(nameof(IStepStore.SaveStepsAsync)));
    }

    [Fact]
    public async Task One_bad_step_fails_alone()
    {
        var (lease, writer) = await StartAsync();
        var block = _database.Faults.Block(nameof(IStepStore.SaveStepsAsync));
        var first = writer.SaveAsync(Step(lease, "first"));
        await block.Entered;
        var good = Enumerable.Range(0, 9).Select(n => writer.SaveAsync(Step(lease, $"{n}"))).ToList();
        var bad = writer.SaveAsync(Step(lease, "bad", "\"\\u0000\""));
        good.AddRange(Enumerable.Range(10, 9).Select(n => writer.SaveAsync(Step(lease, $"{n}"))));
        block.Dispose();

        Assert.All(await Task.WhenAll(good.Append(first)), effect => Assert.Equal(StepEffect.Saved, effect));
        Assert.Equal(ConductorErrorCode.Database, (await Assert.ThrowsAsync<ConductorException>(() => bad)).Code);
    }

    [Fact]
    public async Task An_error_that_passes_is_passed_over_and_a_lost_reply_is_an_existing_step()
    {
        var (lease, writer) = await StartAsync();
        _database.Faults.FailNext(nameof(IStepStore.SaveStepsAsync), ServerErrors.Of("57P01"), times: 2);
        Assert.Equal(StepEffect.Saved, await writer.SaveAsync(Step(lease, "a")));

        _database.Faults.FailNext(nameof(IStepStore.SaveStepsAsync), ServerErrors.Of("57P01"), afterwards: true);
        Assert.Equal(StepEffect.Existing, await writer.SaveAsync(Step(lease, "b")));
        Assert.Equal(StepEffect.Rejected, await writer.SaveAsync(Step(lease + 1, "c")));
    }

    private async Task<(long Lease, StepWriter Writer)> StartAsync()
    {
        await _database.RegisterOrchestratorAsync(_me, "unit", "1", 1, Token);
        await _database.RegisterWorkerAsync(_me, "default", [_task], Token);
        await _database.InvokeAsync(new Invocation(Guid.CreateVersion7(), "t", "1"u8.ToArray(), null, null, 0, null, null, null), DedupePolicy.ReturnExisting, null, Token);
        var claim = await _database.ClaimAsync(_me, "default", 1, null, Token);
        return (claim.LeaseId!.Value, new StepWriter(_database, _me, TimeProvider.System, NullLogger.Instance));
    }

    private static StepSave Step(long lease, string name, string result = "1") =>
        new(lease, 1, name, 1, System.Text.Encoding.UTF8.GetBytes(result), DateTime.UnixEpoch, DateTime.UnixEpoch);
}
