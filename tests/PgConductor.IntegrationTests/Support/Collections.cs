using Xunit;

namespace PgConductor.IntegrationTests.Support;

/// <summary>Tests that measure time or kill processes: one at a time, with nothing heavy beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Timed
{
    public const string Name = "timed";
}
