using PgConductor.RepositoryTests.Support;
using Xunit;

namespace PgConductor.RepositoryTests.Docs;

/// <summary>The setting of the runtime that docs/operations/performance.md gives to users is the one that is measured and shipped.</summary>
public sealed class RuntimeSettingTests
{
    private const string Setting = """<RuntimeHostConfigurationOption Include="System.Threading.ThreadPool.UnfairSemaphoreSpinLimit" Value="0" />""";

    [Theory]
    [InlineData("docs/operations/performance.md")]
    [InlineData("bench/PgConductor.Bench/PgConductor.Bench.csproj")]
    [InlineData("src/PgConductor.Cli/PgConductor.Cli.csproj")]
    [InlineData("samples/Directory.Build.props")]
    public void The_thread_pool_does_not_spin(string path) => Assert.Contains(Setting, Repository.Read(path), StringComparison.Ordinal);
}
