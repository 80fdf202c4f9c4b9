using PgConductor.Database;
using PgConductor.Steps;
using Xunit;

namespace PgConductor.UnitTests.Steps;

public sealed class StepJournalTests
{
    private static readonly DateTime _start = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void The_first_run_starts_with_its_own_time_to_the_microsecond()
    {
        var journal = new StepJournal(null, new DateTimeOffset(_start.AddTicks(7), TimeSpan.Zero));

        Assert.Equal(_start, journal.Now);
        Assert.Equal(new UsedStep(1, _start, null), journal.Use("a", StepKind.Step));
    }

    [Fact]
    public void Later_runs_start_where_the_first_one_asked_for_its_first_step_and_go_on_with_each()
    {
        var journal = new StepJournal([Stored("b", 2, 5, 9), Stored("a", 1, 1, 4)], new DateTimeOffset(_start.AddYears(1), TimeSpan.Zero));
        Assert.Equal(_start.AddSeconds(1), journal.Now);

        journal.Pass(journal.Use("a", StepKind.Step).Stored!.FinishedAt);
        Assert.Equal(_start.AddSeconds(4), journal.Now);
        journal.Pass(journal.Use("b", StepKind.Step).Stored!.FinishedAt);
        Assert.Equal(_start.AddSeconds(9), journal.Now);
        journal.Pass(_start);
        journal.Pass(null);
        Assert.Equal(_start.AddSeconds(9), journal.Now);
    }

    [Fact]
    public void A_name_is_used_once_and_for_one_kind()
    {
        var journal = new StepJournal([Stored("s", 1, 1, 1) with { Kind = StepKind.Sleep }], new DateTimeOffset(_start, TimeSpan.Zero));
        journal.Use("a", StepKind.Step);

        Assert.Equal(ConductorErrorCode.StepConflict, Assert.Throws<ConductorException>(() => journal.Use("a", StepKind.Step)).Code);
        Assert.Contains("stored as a sleep and is now asked for as a child", Assert.Throws<ConductorException>(() => journal.Use("s", StepKind.Child)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_cannot_be_stored_is_refused() =>
        Assert.All(["", "half \ud800", "nul \0"], name =>
            Assert.Equal(ConductorErrorCode.InvalidArgument, Assert.Throws<ConductorException>(() => new StepJournal(null, default).Use(name, StepKind.Step)).Code));

    [Fact]
    public void A_name_has_400_bytes_at_most()
    {
        var journal = new StepJournal(null, default);
        journal.Use(new string('x', 400), StepKind.Step);

        Assert.Equal(ConductorErrorCode.InvalidArgument, Assert.Throws<ConductorException>(() => journal.Use(new string('ä', 201), StepKind.Step)).Code);
    }

    [Fact]
    public void What_was_read_again_is_known()
    {
        var journal = new StepJournal(null, default);

        Assert.Null(journal.Renew("a", []));
        Assert.Equal("a", journal.Renew("a", [Stored("a", 1, 1, 1)])!.Name);
    }

    private static StoredStep Stored(string name, int ordinal, int started, int finished) =>
        new(name, StepKind.Step, StepState.Done, null, _start.AddSeconds(started), _start.AddSeconds(finished), ordinal, null);
}
