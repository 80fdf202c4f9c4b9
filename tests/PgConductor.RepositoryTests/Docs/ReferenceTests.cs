using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.CompilerServices;
using PgConductor.Database;
using PgConductor.Diagnostics;
using PgConductor.Hosting;
using PgConductor.RepositoryTests.Support;
using Xunit;

namespace PgConductor.RepositoryTests.Docs;

/// <summary>The reference says what the code does, in the code's own words.</summary>
public sealed class ReferenceTests
{
    private const string Errors = "docs/reference/errors.md";
    private const string TelemetryPage = "docs/reference/telemetry.md";

    [Fact]
    public void The_error_codes_are_those_of_the_code() =>
        Assert.Equal(
            typeof(ConductorErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).Order(StringComparer.Ordinal),
            Markdown.Table(Errors, "Codes").Select(cells => cells[0]).Order(StringComparer.Ordinal));

    [Fact]
    public void Our_own_states_are_those_of_the_code() =>
        Assert.Equal(SqlStateMap.Own.Select(pair => (pair.Key, pair.Value)).Order(), Markdown.Table(Errors, "SQLSTATEs of our own").Select(cells => (cells[0], cells[1])).Order());

    [Fact]
    public void The_transient_states_are_those_of_the_code() =>
        Assert.Equal(SqlStateMap.Transient.Select(pair => (pair.Key, pair.Value)).Order(), Markdown.Table(Errors, "Transient SQLSTATEs").Select(cells => (cells[0], cells[1])).Order());

    [Fact]
    public void The_metrics_are_those_of_the_code()
    {
        RuntimeHelpers.RunClassConstructor(typeof(Telemetry).TypeHandle);
        var instruments = new List<(string, string, string, string)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == Telemetry.Name)
                {
                    instruments.Add((instrument.Name, instrument.GetType().Name.Split('`')[0], instrument.Unit ?? "", instrument.Description ?? ""));
                }
            },
        };
        listener.Start();

        Assert.True(instruments.Count > 5);
        Assert.Equal(instruments.Order(), Markdown.Table(TelemetryPage, "Metrics").Select(cells => (cells[0], cells[1], cells[2], cells[4])).Order());
    }

    [Fact]
    public void The_name_to_listen_to_is_the_one_the_core_uses() => Assert.Equal(Telemetry.Name, TelemetryExtensions.SourceName);

    [Fact]
    public void The_log_events_are_those_of_the_code() =>
        Assert.Equal(LogEvents.All().Order(), Markdown.Table(TelemetryPage, "Log events").Select(cells => (cells[0], cells[1], cells[2], cells[3])).Order());

    [Fact]
    public void The_options_are_those_of_the_code() => Approved.Check("docs/reference/options.md", OptionsPage.Write());

    [Fact]
    public void The_functions_are_those_of_the_folder() => Approved.Check("docs/reference/sql-functions.md", FunctionsPage.Write());
}
