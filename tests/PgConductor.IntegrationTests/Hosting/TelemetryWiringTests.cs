using System.Collections.Concurrent;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using PgConductor.Hosting;
using PgConductor.Orchestration;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Hosting;

public sealed class TelemetryWiringTests
{
    private static readonly TaskDefinition<int, string> _task = TaskDefinition.Create<int, string>("traced-task");

    [Fact]
    public async Task Open_telemetry_sees_metrics_and_a_run_that_is_the_child_of_its_invoke()
    {
        var spans = new SpanCollector();
        var metrics = new MetricCollector();
        using var tracing = Sdk.CreateTracerProviderBuilder().AddPgConductorInstrumentation().AddProcessor(new SimpleActivityExportProcessor(spans)).Build();
        using var metering = Sdk.CreateMeterProviderBuilder().AddPgConductorInstrumentation().AddReader(new BaseExportingMetricReader(metrics)).Build();
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        await using var orchestrator = new Orchestrator(conductor, new TaskCollection().Add(_task, (_, _) => Task.FromResult("")));
        await orchestrator.StartAsync(TestContext.Current.CancellationToken);

        var handle = await conductor.InvokeAsync(_task, 1, cancellationToken: TestContext.Current.CancellationToken);
        await handle.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await orchestrator.StopAsync(TestContext.Current.CancellationToken);
        metering.ForceFlush();

        var invoke = Assert.Single(spans.Seen, span => span.DisplayName == "invoke traced-task");
        var run = Assert.Single(spans.Seen, span => span.DisplayName == "run traced-task");
        Assert.Equal(invoke.SpanId, run.ParentSpanId);
        Assert.Equal(handle.Id, run.GetTagItem("pgconductor.execution"));
        Assert.Contains("pgconductor.executions.enqueued", metrics.Seen);
        Assert.Contains("pgconductor.execution.duration", metrics.Seen);
    }

    private sealed class SpanCollector : BaseExporter<System.Diagnostics.Activity>
    {
        // Other tests of the process are heard too.
        public ConcurrentQueue<System.Diagnostics.Activity> Seen { get; } = [];

        public override ExportResult Export(in Batch<System.Diagnostics.Activity> batch)
        {
            foreach (var activity in batch)
            {
                Seen.Enqueue(activity);
            }

            return ExportResult.Success;
        }
    }

    private sealed class MetricCollector : BaseExporter<Metric>
    {
        public HashSet<string> Seen { get; } = [];

        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (var metric in batch)
            {
                Seen.Add(metric.Name);
            }

            return ExportResult.Success;
        }
    }
}
