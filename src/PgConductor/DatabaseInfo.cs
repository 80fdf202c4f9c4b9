namespace PgConductor;

/// <summary>How the partitions of a part of the history stand.</summary>
/// <param name="Table">The partitioned table: completed_executions, failed_executions, or execution_logs.</param>
/// <param name="DaysAhead">How many days from today on have their partition; log lines have some only while a task keeps them.</param>
/// <param name="Overdue">Partitions whose day is over and that are still there; a few minutes after midnight (UTC) there may be one.</param>
/// <param name="Oldest">The day of the oldest of those; null: there is none.</param>
/// <param name="InDefault">Rows in the default partition, counted up to 100,001: of days that have no partition yet.</param>
public sealed record MaintenanceStatus(string Table, int DaysAhead, int Overdue, DateOnly? Oldest, long InDefault);

/// <summary>What stands behind a connection.</summary>
/// <param name="ServerVersion">PostgreSQL's version, for example 15.8.</param>
/// <param name="SchemaVersion">The schema version installed; null: none.</param>
/// <param name="LibrarySchemaVersion">The schema version this library brings.</param>
/// <param name="IsUpToDate">Whether migrations and functions are this library's, or a newer one's; if not, a migrate is due.</param>
public sealed record DatabaseInfo(Version ServerVersion, int? SchemaVersion, int LibrarySchemaVersion, bool IsUpToDate);
