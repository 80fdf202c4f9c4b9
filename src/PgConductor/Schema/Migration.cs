namespace PgConductor.Schema;

/// <summary>One numbered migration; frozen once released.</summary>
internal sealed record Migration(int Version, string Name, string Sql, string Checksum, bool IsBreaking);

/// <summary>A script that is applied again whenever its text changes: one function, or wiring (defaults, triggers, views).</summary>
internal sealed record SchemaScript(string Path, string Sql, string Checksum);
