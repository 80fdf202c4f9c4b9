using PgConductor.Client;
using PgConductor.EntityFrameworkCore;
using PgConductor.Hosting;
using PgConductor.Postgres;
using PgConductor.RepositoryTests.Support;
using Xunit;

namespace PgConductor.RepositoryTests.PublicApi;

/// <summary>A change of what others compile against is seen in review, in src/…/PublicApi.approved.txt.</summary>
public sealed class PublicApiTests
{
    [Theory]
    [InlineData(typeof(Conductor))]
    [InlineData(typeof(PgConductorBuilder))]
    [InlineData(typeof(ConductorDbContextExtensions))]
    [InlineData(typeof(LocalPostgres))]
    public void The_public_api_is_the_approved_one(Type type)
    {
        var assembly = type.Assembly;

        Approved.Check($"src/{assembly.GetName().Name}/PublicApi.approved.txt", ApiWriter.Write(assembly));
    }

    [Fact]
    public void The_writer_sees_kinds_defaults_and_accessors()
    {
        var text = ApiWriter.Write(typeof(IConductor).Assembly);

        Assert.Contains("interface PgConductor.Client.IConductor\n", text, StringComparison.Ordinal);
        Assert.Contains("    Task<Boolean> CreateQueueAsync(String name, Boolean partitioned = false, CancellationToken cancellationToken = default)\n", text, StringComparison.Ordinal);
        Assert.Contains("    required String ConnectionString { get; init; }\n", text, StringComparison.Ordinal);
        Assert.Contains("    const String NotFound = not-found\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("DatabaseClient", text, StringComparison.Ordinal);
        Assert.DoesNotContain(typeof(PublicApiTests).Assembly.GetName().Name!, text, StringComparison.Ordinal);
    }
}
