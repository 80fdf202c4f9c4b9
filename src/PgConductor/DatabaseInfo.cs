namespace PgConductor;

/// <summary>What stands behind a connection.</summary>
/// <param name="ServerVersion">PostgreSQL's version, for example 15.8.</param>
/// <param name="SchemaVersion">The schema version installed; null: none.</param>
/// <param name="LibrarySchemaVersion">The schema version this library brings.</param>
/// <param name="IsUpToDate">Whether migrations and functions are this library's, or a newer one's; if not, a migrate is due.</param>
public sealed record DatabaseInfo(Version ServerVersion, int? SchemaVersion, int LibrarySchemaVersion, bool IsUpToDate);
