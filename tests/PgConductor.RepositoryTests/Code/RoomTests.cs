using PgConductor.RepositoryTests.Support;
using Xunit;

namespace PgConductor.RepositoryTests.Code;

public sealed class RoomTests
{
    [Fact]
    public void Arrows_between_rooms_point_down() =>
        Assert.Empty(RoomScanner.FindFaults([
            .. Repository.Sources("src/PgConductor/", ".cs"),
            .. Repository.Sources("src/PgConductor.Hosting/", ".cs"),
            .. Repository.Sources("src/PgConductor.Cli/", ".cs")]));

    [Theory]
    [InlineData("src/PgConductor/Database/Bad.cs", "using PgConductor.Workers;", "uses Workers, which Database may not")]
    [InlineData("src/PgConductor/Workers/Bad.cs", "using PgConductor.Schema;", "uses Schema, which Workers may not")]
    [InlineData("src/PgConductor/Workers/Bad.cs", "class X { Orchestration.Orchestrator? y; }", "uses Orchestration, which Workers may not")]
    [InlineData("src/PgConductor/Client/Bad.cs", "using static PgConductor.Workers.Worker;", "uses Workers, which Client may not")]
    [InlineData("src/PgConductor/Bad.cs", "using PgConductor.Client;", "uses Client, which the root may not")]
    [InlineData("src/PgConductor/Schedules/Bad.cs", "using PgConductor.Database;", "uses Database, which Schedules may not")]
    [InlineData("src/PgConductor/Serialization/Bad.cs", "using PgConductor.Schedules;", "uses Schedules, which Serialization may not")]
    [InlineData("src/PgConductor/Workers/Bad.cs", "using Npgsql;", "uses Npgsql, which only")]
    [InlineData("src/PgConductor/Unheard/New.cs", "", "is in a room without a rule")]
    [InlineData("src/PgConductor.Hosting/Bad.cs", "using NpgsqlTypes;", "uses Npgsql")]
    public void A_seeded_violation_is_found(string path, string text, string fault) =>
        Assert.Contains(fault, Assert.Single(RoomScanner.FindFaults([new SourceFile(path, text)])), StringComparison.Ordinal);

    [Theory]
    [InlineData("src/PgConductor/Database/Good.cs", "// PgConductor.Workers reads this")]
    [InlineData("src/PgConductor/Workers/Good.cs", "class X { void Y() => services.Schema.Z(); }")]
    [InlineData("src/PgConductor/TaskContext.cs", "using PgConductor.Client;")]
    public void What_is_allowed_is_not_a_violation(string path, string text) => Assert.Empty(RoomScanner.FindFaults([new SourceFile(path, text)]));
}
